"""A monitor's life over HTTP: it is made, read, changed, paused, checked at once, and removed."""

import pytest

from shared.models import now
from shared.monitors.policy import Policy
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import FAILURE, SUCCESS, Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, answer, changed, failed, made, names, recoveries, refused

pytestmark = pytest.mark.slow


@on_each_engine
def test_a_monitor_is_made_read_changed_and_removed(api: Api) -> None:
    monitor = made(api, group="Web", tags=["eu"])
    assert (monitor["name"], monitor["source"], monitor["line"], monitor["state"]) == ("shop", "api", None, "UNKNOWN")
    assert (monitor["last_event"], monitor["active_alert"], monitor["last_checked_at"]) == (None, None, None)
    assert monitor["next_check_at"]
    assert monitor["policy"]["interval"] == "30s"
    path = f"/monitors/{monitor['id']}"
    assert api.get(path)["policy"] == monitor["policy"]
    assert api.get("/monitors") == {"monitors": [api.get(path)], "next": None}
    replaced = answer(api.call("PUT", path, SHOP | {"interval": "1m30s"}))
    assert (replaced["id"], replaced["policy"]["interval"], replaced["policy"]["group"]) == (
        monitor["id"],
        "1m30s",
        None,
    )
    assert changed(api, monitor, group="Shops", timeout=5)["policy"]["group"] == "Shops"
    removed = api.call("DELETE", path)
    assert (removed.status_code, removed.data) == (204, b"")
    assert api.get("/monitors") == {"monitors": [], "next": None}
    for method, body in (("GET", None), ("PUT", SHOP), ("PATCH", {}), ("DELETE", None)):
        assert refused(api.call(method, path, body), 404)["detail"] == f"there is no monitor {monitor['id']}"
    assert refused(api.call("POST", f"{path}/check"), 404)


@on_each_engine
def test_an_answer_has_the_newest_event_and_the_alert(api: Api) -> None:
    monitor = made(api)
    failed(api)
    found = api.get(f"/monitors/{monitor['id']}")
    assert (found["state"], found["since"], found["last_checked_at"]) == ("DOWN", *["2025-01-08T10:30:00.000Z"] * 2)
    event = found["last_event"]
    assert (event["is_success"], event["is_inconclusive"], event["error_message"]) == (
        False,
        False,
        "connection refused",
    )
    assert (event["cause"], event["attempts"]) == (None, [])
    assert (found["active_alert"]["subject"], found["active_alert"]["status"]) == ("shop", "OPEN")


@on_each_engine
@pytest.mark.parametrize("reason", ["removed", "paused"])
def test_an_outage_ends_with_its_monitor_and_says_why(
    api: Api, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor = made(api)
    failed(api)
    if reason == "removed":
        assert api.call("DELETE", f"/monitors/{monitor['id']}").status_code == 204
    else:
        paused = changed(api, monitor, enabled=False)
        assert (paused["state"], paused["active_alert"], paused["next_check_at"]) == ("PAUSED", None, None)
    [alert] = api.get("/alerts")["alerts"]
    assert (alert["status"], alert["resolved_by"]) == ("RESOLVED", None)
    [recovery] = recoveries(api)
    assert (recovery["status"], recovery["reason"]) == ("SENT", reason)
    printed = capsys.readouterr().out
    assert "RECOVERY shop" in printed
    assert f"no longer watched ({reason})" in printed


def test_a_resumed_monitor_begins_anew(api: Api) -> None:
    monitor = made(api)
    failed(api)
    changed(api, monitor, enabled=False)
    resumed = changed(api, monitor, enabled=True)
    assert (resumed["state"], resumed["active_alert"]) == ("UNKNOWN", None)
    assert resumed["next_check_at"]
    failed(api)


def test_a_null_returns_a_field_to_its_default(api: Api) -> None:
    monitor = made(api, group="Web", timeout="3s", keyword="ok")
    policy = changed(api, monitor, group=None, timeout=None, interval=None)["policy"]
    assert (policy["group"], policy["timeout"], policy["interval"], policy["keyword"]) == (None, "10s", "1m", "ok")


def test_a_change_of_nothing_changes_nothing(api: Api) -> None:
    monitor = made(api, group="Web")
    assert changed(api, monitor)["policy"] == monitor["policy"]


def test_other_tools_names_of_fields_are_understood(api: Api) -> None:
    monitor = made(api, **{"max_retries": 2, "ignore-redirect": True})
    assert (monitor["policy"]["failure_threshold"], monitor["policy"]["follow_redirects"]) == (3, False)
    policy = changed(api, monitor, resend_interval=4, insecure=True)["policy"]
    assert (policy["reminder_interval"], policy["verify_tls"]) == ("2m", False)


def test_a_check_that_somebody_wants_is_accepted(api: Api) -> None:
    monitor = made(api)
    response = api.call("POST", f"/monitors/{monitor['id']}/check")
    assert (response.status_code, answer(response)["id"]) == (202, monitor["id"])


@on_each_engine
def test_a_name_is_given_once(api: Api) -> None:
    made(api)
    found = refused(api.call("POST", "/monitors", SHOP), 409)
    assert (found["detail"], found["field"], found["value"]) == ("there is a monitor 'shop' already", "name", "shop")
    other = made(api, name="other")
    assert refused(api.call("PATCH", f"/monitors/{other['id']}", {"name": "shop"}), 409)["field"] == "name"
    assert names(api) == ["shop", "other"]


@pytest.mark.parametrize("monitor_id", ["0", "-1", "+1", "1.0", "x", "9" * 19, "9" * 30, "%00", "١"])
def test_an_id_that_is_none_is_404(api: Api, monitor_id: str) -> None:
    for method in ("GET", "DELETE"):
        refused(api.call(method, f"/monitors/{monitor_id}"), 404)
    refused(api.call("PUT", f"/monitors/{monitor_id}", SHOP), 404)
    refused(api.call("POST", f"/monitors/{monitor_id}/check"), 404)


@on_each_engine
def test_another_name_takes_the_alert_along(api: Api) -> None:
    monitor = made(api)
    api.call("POST", "/checks/claim", {"agent": "a"})
    failed(api)
    renamed = changed(api, monitor, name="store")
    assert (renamed["id"], renamed["state"]) == (monitor["id"], "DOWN")
    assert renamed["active_alert"]["subject"] == "store"
    assert (names(api), recoveries(api)) == (["store"], [])
    # Agents forget the former name, and an event that was under way changes nothing.
    claimed = answer(api.call("POST", "/checks/claim", {"agent": "a", "known": 1}))
    assert claimed["removed"] == ["shop"]
    assert [policy["name"] for policy in claimed["policies"]] == ["store"]
    api.post(FAILURE | {"monitor": "shop", "agent": "a", "timestamp": "2025-01-08T10:31:00Z"})
    assert names(api) == ["store"]
    assert answer(api.post(SUCCESS | {"monitor": "store", "timestamp": "2025-01-08T10:32:00Z"}))["change"] == "RESOLVED"
    # Back again, and its former name is another monitor's.
    changed(api, monitor, name="shop")
    made(api, name="store")
    assert names(api) == ["shop", "store"]
    assert [alert["subject"] for alert in api.get("/alerts")["alerts"]] == ["shop"]


def test_what_a_former_version_accepted_is_changed_in_all_else(api: Api) -> None:
    """It took starttls:// on any port without a protocol; a new one, and one that is moved, has to say it."""
    url = "starttls://mail.example:1587"
    open_store(Settings.from_env()).monitors.add(Policy(name="mail", url=url), now=now())
    mail = api.get("/monitors/1")
    assert changed(api, mail, enabled=False)["policy"]["enabled"] is False
    replaced = answer(api.call("PUT", "/monitors/1", {"name": "mail", "url": url, "interval": "5m"}))
    assert replaced["policy"]["interval"] == "5m"
    for path, method, moved in (
        ("/monitors/1", "PATCH", {"url": "starttls://mail.example:1588"}),
        ("/monitors/1", "PUT", {"name": "mail", "url": "starttls://other.example:1587"}),
        ("/monitors", "POST", {"name": "other", "url": url}),
    ):
        assert refused(api.call(method, path, moved))["field"] == "protocol"
    assert changed(api, mail, protocol="smtp")["policy"]["protocol"] == "smtp"
    assert refused(api.call("PATCH", "/monitors/1", {"protocol": None}))["field"] == "protocol"
