"""Visitors subscribe to a page by mail: asked for, confirmed by a mail, ended by one click."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api, on_each_engine
from tests.functions.manage_incidents.test_incidents import NEW as INCIDENT
from tests.functions.status_page.subscribing.mailbox import (
    OPS,
    VISITOR,
    ask,
    down,
    follow,
    link,
    mails,
    one_click,
    run,
    shop,
    subscribed,
    text,
    up,
)
from tests.functions.status_page.watched import HOST, html, opened

pytestmark = pytest.mark.slow

Environ = Callable[..., None]
Fresh = Callable[[], None]


@on_each_engine
def test_a_visitor_subscribes_hears_of_an_outage_and_ends_it(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        assert 'action="./status/subscribe"' in html(api)
        asked = ask(api)
        assert (asked.status_code, "Check your mailbox" in asked.text) == (202, True)
        assert asked.headers["Cache-Control"] == "private, no-store"
        assert mails(server) == [], "nothing is sent within the request"
        run(api)
        [confirmation] = mails(server)
        assert confirmation["Subject"] == "Confirm that you want mail about The shop"
        path = link(confirmation, "Confirm")
        opened = follow(api, "GET", path)
        assert (opened.status_code, VISITOR in opened.text) == (200, True)
        down(api, "Checkout")
        run(api)
        assert len(mails(server)) == 1, "to open the link changes nothing"
        assert "You are subscribed" in follow(api, "POST", path).text
        run(api)
        _, outage = mails(server)
        assert outage["Subject"] == "Checkout is down · The shop"
        assert "Checkout: does not work, since " in text(outage)
        up(api, "Checkout")
        run(api)
        run(api)
        _, _, recovery = mails(server)
        assert recovery["Subject"] == "Checkout works again · The shop"
        assert len({each["Message-ID"] for each in mails(server)}) == 3
        end = one_click(recovery)
        assert "Unsubscribe" in follow(api, "GET", end).text
        assert api.call("POST", end, key=None, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        api.call("POST", "/incidents", INCIDENT)
        run(api)
        assert len(mails(server)) == 3, "opening the link ended nothing, and the POST did at once"
        assert "You are not subscribed" in follow(api, "GET", end).text
        assert mails(server, OPS), "the channel's own messages go as ever"


def test_mails_hide_what_the_page_hides(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        down(api, "secret-database", "hidden-rack", "quiet-corner")
        run(api)
        assert len(mails(server)) == 1
        down(api, "Search")
        run(api)
        _, outage = mails(server)
        for hidden in (HOST, "secret-database", "hidden-rack", "quiet-corner", "connection refused"):
            assert hidden not in outage.as_string()
        assert {part.get_content_type() for part in outage.walk()} >= {"text/plain", "text/html"}
        assert not outage.get_all("Cc")


def test_incidents_their_updates_and_windows_are_mailed_once(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        made = api.call("POST", "/incidents", {**INCIDENT, "monitors": ["Checkout"]})
        assert made.status_code == 201, made.text
        hidden = api.call("POST", "/incidents", {**INCIDENT, "title": "Hidden", "monitors": ["secret-database"]})
        assert hidden.status_code == 201
        run(api)
        number = made.json["id"]  # type: ignore[index]
        api.call("PATCH", f"/incidents/{number}", {"state": "resolved", "text": "It is **over**."})
        window = {"title": "New racks", "kind": "maintenance", "groups": ["Shop"], "starts_at": "2999-01-01T00:00:00Z"}
        far = api.call("POST", "/windows", {**window, "ends_at": "2999-01-01T01:00:00Z"})
        assert far.status_code == 201, far.text
        starts, ends = (as_text(now() + timedelta(days=days)) for days in (3, 4))
        near = api.call("POST", "/windows", {**window, "title": "New disks", "starts_at": starts, "ends_at": ends})
        assert near.status_code == 201, near.text
        run(api)
        run(api)
        subjects = [mail["Subject"] for mail in mails(server)[1:]]
        assert subjects == [
            f"{INCIDENT['title']} · Looking into it · The shop",
            f"{INCIDENT['title']} · Fixed · The shop",
            "Planned maintenance: New disks · The shop",
        ]
        assert "It is over." in text(mails(server)[2])
        assert "Affected: Home page, Checkout, Search" in text(mails(server)[3])


def test_the_answer_does_not_tell_who_is_subscribed(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        new = ask(api)
        run(api)
        again = ask(api)
        follow(api, "POST", link(mails(server)[0], "Confirm"))
        known = ask(api)
        assert new.status_code == again.status_code == known.status_code == 202
        assert new.text == again.text == known.text
        run(api)
        assert len(mails(server)) == 1, "one that asks again at once gets no second mail"


@pytest.mark.parametrize("address", ["", "kim", "kim@localhost", "kim@[127.0.0.1]", "kim@10.0.0.1", "K <a@b.example>"])
def test_only_an_address_that_mail_reaches_is_taken(api: Api, environ: Environ, address: str) -> None:
    with shop(api, environ) as server:
        assert ask(api, address).status_code == 422
        assert ask(api, f"{address}\r\nBcc: a@b.example").status_code == 422
        run(api)
        assert server.mails == []


def test_a_client_cannot_make_us_mail_many(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        answers = [ask(api, f"victim-{number}@visitors.example") for number in range(12)]
        assert [each.status_code for each in answers] == [202] * 10 + [429] * 2
        assert answers[-1].headers["Retry-After"] == "3600"
        run(api)
        assert len(server.mails) == 10


def test_another_sites_form_is_refused(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        assert ask(api, headers={"Origin": "https://evil.example"}).status_code == 403
        run(api)
        assert server.mails == []


@pytest.mark.parametrize("change", ["public_url", "off", "no mail"])
def test_a_page_without_a_way_to_mail_has_no_form(api: Api, environ: Environ, change: str) -> None:
    page = {"subscribe": False} if change == "off" else {}
    with shop(api, environ, **page):
        if change == "public_url":
            environ(PUBLIC_URL="")
        if change == "no mail":
            environ(CHANNELS="")
            run(api)
        assert "/subscribe" not in html(api)
        assert ask(api).status_code == 404


def test_a_forged_link_does_nothing(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        subscribed(api, server)
        end = one_click(mails(server)[0])
        head, _, query = end.partition("?")
        forged = f"{head[:-1]}{'A' if head[-1] != 'A' else 'B'}?{query}"
        # As for a subscription that is over, so that nobody can try numbers.
        assert "You are not subscribed" in follow(api, "POST", forged).text
        assert follow(api, "POST", forged.replace("/e", "/c", 1)).status_code == 410
        assert follow(api, "POST", "/status/subscriptions/nonsense").status_code == 404
        down(api, "Checkout")
        run(api)
        assert len(mails(server)) == 2


def test_nothing_that_others_wrote_becomes_html(api: Api, environ: Environ) -> None:
    with shop(api, environ, title="<b>The</b> shop\nX: y") as server:
        subscribed(api, server)
        api.call("POST", "/incidents", {**INCIDENT, "title": "<script>alert(1)</script>", "text": "<img src=x>"})
        run(api)
        confirmation, told = mails(server)
        page = told.get_body(("html",))
        assert page is not None
        assert "<script>" not in page.get_content()
        assert "<img" not in page.get_content()
        assert confirmation["X"] is None
        assert "<b>The</b>" not in follow(api, "GET", link(confirmation, "Confirm")).text


def test_no_log_has_an_address(
    api: Api, environ: Environ, capsys: pytest.CaptureFixture[str], fresh_logs: Fresh
) -> None:
    fresh_logs()
    with shop(api, environ) as server:
        subscribed(api, server)
        server.refused[VISITOR] = b"550 5.1.1 <KIM@visitors.example>: no such user\r\n"
        api.call("POST", "/incidents", INCIDENT)
        run(api)
    logged = "".join(capsys.readouterr())
    assert "subscriber_mail_refused" in logged
    assert "kim@" not in logged.lower()


def test_a_locked_page_is_subscribed_to_from_within(api: Api, environ: Environ) -> None:
    inner = {"title": "Inner", "groups": ["Shop"], "password": "open sesame"}
    with shop(api, environ) as server:
        opened(api, status_pages={"inner": inner})
        assert ask(api, path="/status/inner/subscribe").status_code == 403
        assert api.call("POST", "/status/inner", key=None, data={"password": "open sesame"}).status_code == 303
        subscribed(api, server, path="/status/inner/subscribe")
        down(api, "Search")
        run(api)
        assert [mail["Subject"] for mail in mails(server)][1:] == ["Search is down · Inner"]
        assert "/status/inner?lang=en" in text(mails(server)[1])
        assert open_store(Settings.from_env()).subscriptions.subscribers.counts() == {"inner": 1}


def test_the_end_of_a_subscription_promises_nothing_of_the_others(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        opened(api, status_pages={"other": {"title": "Other", "groups": ["Shop"]}})
        subscribed(api, server)
        subscribed(api, server, path="/status/other/subscribe")
        ended = follow(api, "POST", one_click(mails(server)[0]))
        assert "You get no more mail about The shop." in ended.text
        api.call("POST", "/incidents", INCIDENT)
        run(api)
        assert [mail["Subject"] for mail in mails(server)[2:]] == [f"{INCIDENT['title']} · Looking into it · Other"]


def test_who_ended_a_subscription_can_subscribe_again(api: Api, environ: Environ) -> None:
    with shop(api, environ) as server:
        for number in range(1, 5):
            subscribed(api, server)
            assert len(mails(server)) == number
            assert follow(api, "POST", one_click(mails(server)[-1])).status_code == 200
