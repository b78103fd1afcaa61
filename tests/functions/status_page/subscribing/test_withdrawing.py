"""A mail that is owed already names nothing that was deleted or hidden before it goes."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api, on_each_engine
from tests.functions.manage_incidents.test_incidents import NEW as INCIDENT
from tests.functions.status_page.subscribing.mailbox import down, mails, run, shop, subscribed, text, up
from tests.functions.status_page.watched import opened, policies, seen
from tests.support.store.steps import rows

pytestmark = pytest.mark.slow

Environ = Callable[..., None]


def review(api: Api) -> None:
    """Mails are owed, and not sent yet."""
    assert api.call("POST", "/review_alerts").status_code == 200


@on_each_engine
def test_a_monitor_that_became_private_is_named_no_more(
    api: Api, environ: Environ, capsys: pytest.CaptureFixture[str], fresh_logs: Callable[[], None]
) -> None:
    fresh_logs()
    with shop(api, environ) as server:
        subscribed(api, server, "first@visitors.example")
        subscribed(api, server)
        down(api, "Checkout")
        review(api)
        opened(api, *policies(public=False))
        run(api)
        assert len(mails(server)) == len(mails(server, "first@visitors.example")) == 1
        statuses = "SELECT status FROM subscriber_mails WHERE announcement_id IS NOT NULL"
        assert rows(open_store(Settings.from_env()), statuses) == [("WITHDRAWN",)] * 2
        [logged] = [line for line in capsys.readouterr().out.splitlines() if "subscriber_mails_withdrawn" in line]
        assert json.loads(logged)["count"] == 2
        assert "visitors.example" not in logged
        up(api, "Checkout")
        run(api)
        assert len(mails(server)) == 1
        down(api, "Search")
        run(api)
        assert mails(server)[-1]["Subject"] == "Search is down · The shop", "the next ones go as ever"


def test_a_recovery_names_no_monitor_that_became_private(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "Checkout", "Search")
        review(api)
        opened(api, *policies(public=False))
        run(api)
        assert mails(server)[-1]["Subject"] == "Search is down · The shop"
        up(api, "Checkout", "Search")
        run(api)
        assert mails(server)[-1]["Subject"] == "Search works again · The shop"
        assert not any("Checkout" in each.as_string() for each in mails(server))


def test_a_recovery_that_is_owed_names_no_monitor_that_became_private(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "Checkout")
        run(api)
        up(api, "Checkout")
        review(api)
        opened(api, *policies(public=False))
        run(api)
        assert [each["Subject"] for each in mails(server)][1:] == ["Checkout is down · The shop"]


def test_a_monitor_is_called_as_it_is_called_now(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        made = api.call("POST", "/monitors", {"name": "Pay", "url": "http://a.example", "group": "Shop"})
        number = made.json["id"]  # type: ignore[index]
        seen(api, "Pay", timestamp=as_text(now() - timedelta(minutes=5)))
        down(api, "Pay")
        review(api)
        assert api.call("PATCH", f"/monitors/{number}", {"name": "Payments"}).status_code == 200
        run(api)
        up(api, "Payments")
        run(api)
        subjects = [each["Subject"] for each in mails(server)][1:]
        assert subjects == ["Payments is down · The shop", "Payments works again · The shop"]


def test_mails_expire_although_no_channel_mails_any_more(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        api.call("POST", "/incidents", INCIDENT)
        review(api)
        environ(CHANNELS="")
        run(api)
        api.call("POST", "/incidents", INCIDENT)
        run(api)
        store, sql = open_store(Settings.from_env()), "SELECT status FROM subscriber_mails WHERE announcement_id > 0"
        assert rows(store, sql) == [("PENDING",)], "nothing more is owed"
        with store.database.transaction() as transaction:
            transaction.rows("UPDATE subscriber_mails SET created_at = :at", at=as_text(now() - timedelta(days=2)))
        run(api)
        assert rows(store, sql) == [("EXPIRED",)]


def test_an_incident_that_was_deleted_is_mailed_to_nobody(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        made = api.call("POST", "/incidents", INCIDENT)
        review(api)
        assert api.call("DELETE", f"/incidents/{made.json['id']}").status_code == 204  # type: ignore[index]
        run(api)
        assert len(mails(server)) == 1


def test_an_incident_is_mailed_with_its_title_and_monitors_of_now(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        made = api.call("POST", "/incidents", {**INCIDENT, "title": "Kim's card fails", "monitors": ["Checkout"]})
        review(api)
        number = made.json["id"]  # type: ignore[index]
        changed = api.call("PATCH", f"/incidents/{number}", {"title": "Cards fail", "monitors": ["Search"]})
        assert changed.status_code == 200
        run(api)
        assert mails(server)[-1]["Subject"] == "Cards fail · Looking into it · The shop"
        assert "Affected: Search" in text(mails(server)[-1])


def test_a_window_that_was_deleted_is_not_announced(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        starts, ends = (as_text(now() + timedelta(days=days)) for days in (3, 4))
        window = {"title": "New disks", "kind": "maintenance", "monitors": ["Checkout", "Search"]}
        made = api.call("POST", "/windows", {**window, "starts_at": starts, "ends_at": ends})
        review(api)
        opened(api, *policies(public=False))
        run(api)
        assert "Affected: Search" in text(mails(server)[-1])
        assert api.call("DELETE", f"/windows/{made.json['id']}").status_code == 204  # type: ignore[index]
        other = api.call("POST", "/windows", {**window, "title": "Racks", "starts_at": starts, "ends_at": ends})
        review(api)
        assert api.call("DELETE", f"/windows/{other.json['id']}").status_code == 204  # type: ignore[index]
        run(api)
        assert not any("Racks" in str(each["Subject"]) for each in mails(server))
