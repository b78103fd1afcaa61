"""Channels, windows, agents and settings."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape

import pytest

from shared.alerting import WatchPeriod
from shared.models import as_text, now
from shared.monitors.windows.window import Window
from shared.settings import Settings
from shared.store import Store, open_store
from shared.store.tables import watches
from tests.functions.api import FAILURE, Api
from tests.functions.dashboard.conftest import Browser, location
from tests.support.stand_ins import Target

pytestmark = pytest.mark.slow


def text(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub("<.*?>", " ", page)))


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as found:
        yield found


def test_a_channel_says_whether_it_delivers(browser: Browser, api: Api) -> None:
    page = browser.page("/dashboard/channels")
    assert "Not used yet" in page
    assert "<title>? 1 channel is set up and has had nothing to send yet" in page
    api.post({**FAILURE, "timestamp": as_text(now())})
    page = text(browser.page("/dashboard/channels"))
    assert "The only channel delivers" in page
    assert "console Delivers" in page


def test_a_channel_that_fails_comes_first(
    browser: Browser, api: Api, environ: Callable[..., None], target: Target
) -> None:
    target.status = 404
    environ(CHANNELS=json.dumps({"zz": {"kind": "webhook", "url": target.url}}))
    api.post({**FAILURE, "timestamp": as_text(now())})
    api.call("POST", "/deliver_notifications")
    page = text(browser.page("/dashboard/channels"))
    assert "zz does not deliver" in page
    assert page.index("zz Fails") < page.index("console Delivers")
    assert "HTTP 404" in page


def after_test(browser: Browser, channel: str) -> str:
    """The page that a test message leads to."""
    return browser.page(location(browser.send("/dashboard/channels", channel=channel)))


def test_a_test_message_is_answered_in_its_row(
    signed_in: Browser, environ: Callable[..., None], target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    environ(CHANNELS=json.dumps({"hook": {"kind": "webhook", "url": target.url}}))
    assert "It took a test message: printed" in after_test(signed_in, "console")
    assert "TEST Bonghwa can reach this channel" in capsys.readouterr().out
    assert "test message:" not in signed_in.page("/dashboard/channels"), "it is said once, and a reload sends nothing"
    assert capsys.readouterr().out.count("TEST") == 0
    assert "It took a test message" in after_test(signed_in, "hook")
    target.status = 500
    assert "It did not take a test message: HTTP 500" in after_test(signed_in, "hook")
    signed_in.client.set_cookie("bonghwa_tested", "x")
    assert signed_in.get("/dashboard/channels").status_code == 200
    assert signed_in.send("/dashboard/channels", channel="nothing").status_code == 404


def test_a_long_answer_in_other_letters_fits_into_the_cookie(
    signed_in: Browser, environ: Callable[..., None], target: Target
) -> None:
    bot = {"kind": "telegram", "bot_token": "1:abcdefgh", "chat_id": "1", "api_url": target.url}
    environ(CHANNELS=json.dumps({"own": bot}))
    target.status = 400
    target.body = json.dumps({"ok": False, "error_code": 400, "description": "🔥" * 999})
    sent = signed_in.send("/dashboard/channels", channel="own")
    assert len(sent.headers["Set-Cookie"].partition(";")[0]) <= 4_096, "a browser drops a longer one"
    assert "🔥" * 100 in signed_in.page(location(sent))


def test_a_silence_takes_two_clicks(signed_in: Browser, api: Api) -> None:
    assert "Nothing is silenced" in signed_in.page("/dashboard/windows")
    response = signed_in.send("/dashboard/windows", kind="silence", about="all", duration="1h")
    assert location(response) == "/dashboard/windows"
    [window] = api.get("/windows")["windows"]
    assert (window["kind"], window["all"], window["by"], window["is_active"]) == ("silence", True, "Kim", True)
    page = text(signed_in.page("/dashboard/windows"))
    assert "1 window is open" in page
    assert "Silence everything" in page
    assert location(signed_in.send("/dashboard/windows", end=window["id"])) == "/dashboard/windows"
    assert api.get("/windows")["windows"] == []


def test_a_window_stays_listed_until_it_is_over(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise everything is silenced, the page says that nothing is, and nobody can end it there."""
    monkeypatch.setattr("functions.dashboard.lists.windows.MOST_PAST", 2)
    at = now()
    store.windows.add(Window(kind="silence", all=True, duration=100 * 86_400, title="The old one"), now=at)
    for number in range(4):
        short = Window(kind="silence", all=True, duration=60, title=f"Short {number}")
        store.windows.add(short, now=at - timedelta(hours=1))
    page = browser.page("/dashboard/windows")
    assert "The old one" in page
    assert "Nothing is silenced" not in page
    assert list(dict.fromkeys(re.findall(r"Short \d", page))) == ["Short 3", "Short 2"]


def test_maintenance_of_a_group_is_planned(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": "https://a.example/", "group": "Web: 1"})
    assert 'value="groups:Web: 1"' in signed_in.page("/dashboard/windows")
    times = {"starts_at": "2099-01-08T10:30", "ends_at": "2099-01-08T11:30"}
    fields = {"kind": "maintenance", "about": "groups:Web: 1", "title": "Patching", **times}
    assert signed_in.send("/dashboard/windows", **fields).status_code == 303
    [window] = api.get("/windows")["windows"]
    assert (window["kind"], window["groups"], window["title"]) == ("maintenance", ["Web: 1"], "Patching")
    assert (window["starts_at"], window["ends_at"]) == ("2099-01-08T10:30:00.000Z", "2099-01-08T11:30:00.000Z")
    assert "Take it back" in signed_in.page("/dashboard/windows")


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_at": "2099-01-08T11:30", "ends_at": "2099-01-08T10:30"},
        {"starts_at": "2024-01-08T10:30", "ends_at": "2024-01-08T11:30"},
        {"starts_at": "tomorrow", "ends_at": ""},
        {"duration": "forever"},
        {"about": "monitors:nothing"},
        {"kind": "party"},
    ],
)
def test_a_wrong_window_is_said(signed_in: Browser, api: Api, fields: dict[str, str]) -> None:
    response = signed_in.send("/dashboard/windows", **fields)
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert api.get("/windows")["windows"] == []


def test_a_window_of_the_file_is_not_ended_here(signed_in: Browser, api: Api) -> None:
    window = {"kind": "silence", "all": True, "every": "day", "at": "00:00", "duration": "23h"}
    assert api.call("PUT", "/config", {"monitors": [], "windows": [window]}).status_code == 200
    assert "of the file" in signed_in.page("/dashboard/windows")
    assert signed_in.send("/dashboard/windows", end="1").status_code == 409


def test_the_settings_say_what_is_wrong_with_the_file(browser: Browser, api: Api, store: object) -> None:
    api.call("POST", "/review_alerts")
    api.call("POST", "/deliver_notifications")
    assert "The system is well" in browser.page("/dashboard/settings")
    store.monitors.note_problem("bonghwa.yaml:3: a <mistake>\nbonghwa.yaml:9: another")  # type: ignore[attr-defined]
    page = browser.page("/dashboard/settings")
    assert "The file has 2 mistakes" in page
    assert "bonghwa.yaml:3: a &lt;mistake&gt;" in page


def test_the_settings_say_what_was_found_worst_first(browser: Browser, api: Api, store: Store) -> None:
    api.call("POST", "/review_alerts")
    api.call("POST", "/deliver_notifications")
    report = {**FAILURE, "monitor": "shop", "timestamp": as_text(now()), "agent": "seoul", "interval_seconds": 30}
    api.post(report)
    page = text(browser.page("/dashboard/settings"))
    assert "An outage now would be noticed and sent." in page
    assert "Good: The agent seoul reported" in page
    assert "Good: console took its last message" in page
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE notification_logs SET status = 'FAILED', answer = 'no <paper> left'")
        transaction.rows("UPDATE agents SET is_offline = 1")
    html = browser.page("/dashboard/settings")
    page = text(html)
    assert "2 things are wrong" in page
    assert "Wrong: the location of the agent seoul is offline" in page
    said = ("Wrong:", "To be checked: The last message to console failed", "Good: The database")
    assert sorted(said, key=page.index) == list(said)
    assert "no &lt;paper&gt; left" in html
    api.post({**report, "is_success": True, "timestamp": as_text(now())})
    page = text(browser.page("/dashboard/settings"))
    assert "Past: A message to console failed, and a later one was delivered" in page


def test_the_settings_name_an_upkeep_that_fails(browser: Browser, api: Api, store: Store) -> None:
    """It keeps nobody from being notified."""
    for function in ("review_alerts", "deliver_notifications", "maintain_store"):
        assert api.call("POST", f"/{function}").status_code == 200
    assert "The system is well" in browser.page("/dashboard/settings")
    began = now() - timedelta(minutes=4)
    with store.database.transaction() as transaction:
        watches.save(transaction, "maintain_store failed", WatchPeriod(began, began))
    html = browser.page("/dashboard/settings")
    assert "To be checked: maintain_store fails" in text(html)
    assert re.search(r'maintain_store</dt><dd><span class="st slow">', html)
    assert "maintain_store" not in browser.page("/dashboard")


def test_a_drill_is_run_and_its_deliveries_shown(signed_in: Browser, api: Api) -> None:
    assert "There was no drill yet." in text(signed_in.page("/dashboard/settings"))
    assert location(signed_in.send("/dashboard/settings", do="drill")) == "/dashboard/settings"
    assert "A drill is under way." in text(signed_in.page("/dashboard/settings"))
    # Another one has to wait.
    assert signed_in.send("/dashboard/settings", do="drill").status_code == 303
    api.call("POST", "/review_alerts")
    page = text(signed_in.page("/dashboard/settings"))
    assert "Delivered everywhere" in page
    assert re.search(r"console in \d+\.\d s", page)
    assert len([alert for alert in api.get("/alerts")["alerts"] if alert["kind"] == "DRILL"]) == 1
    assert signed_in.send("/dashboard/settings", do="nothing").status_code == 400


def test_a_drill_takes_a_session(browser: Browser, api: Api) -> None:
    assert location(browser.post("/dashboard/settings", do="drill")).startswith("/dashboard/sign-in")
    assert api.get("/alerts")["alerts"] == []


def test_the_navigation_leads_to_a_status_page_if_there_is_one(
    browser: Browser, api: Api, environ: Callable[..., None]
) -> None:
    assert "Status page" not in browser.page("/dashboard/settings")
    api.call("PUT", "/config", {"monitors": [], "status_pages": {"shop": {"title": "Shop"}}})
    assert 'href="../status/shop">Status page' in browser.page("/dashboard/settings")
    environ(STATUS_PAGE="true")
    assert 'href="../status">Status page' in browser.page("/dashboard/settings")
    environ(STATUS_PAGE="false")
    assert "Status page" not in browser.page("/dashboard/settings")


def test_the_settings_show_no_secret(browser: Browser, environ: Callable[..., None]) -> None:
    environ(DASHBOARD_PASSWORD="correct horse battery", PUBLIC_URL="http://localhost:5000")
    page = browser.page("/dashboard/settings")
    assert "correct horse" not in page
    assert "a-key-for-these-tests" not in page


def test_visitors_are_told_something(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": "https://a.example/"})
    fields = {"title": "Payments <fail>", "text": "We *look* into it.", "state": "investigating", "monitors": "shop"}
    assert location(signed_in.send("/dashboard/incidents", **fields)) == "/dashboard/incidents"
    [incident] = api.get("/incidents")["incidents"]
    assert (incident["title"], incident["monitors"]) == ("Payments <fail>", ["shop"])
    page = signed_in.page("/dashboard/incidents")
    assert "1 incident goes on" in page
    assert "<p>We <i>look</i> into it.</p>" in page
    assert signed_in.send("/dashboard/incidents", incident=1, text="Fixed.", state="resolved").status_code == 303
    assert api.get("/incidents/1")["state"] == "resolved"
    assert "No incident goes on" in signed_in.page("/dashboard/incidents")
    assert signed_in.send("/dashboard/incidents", remove=1).status_code == 303
    assert api.get("/incidents")["incidents"] == []


def test_an_incident_stays_listed_until_it_is_over(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.dashboard.lists.incidents.MOST_PAST", 2)
    store.incidents.add("The old one", "We look.", "investigating", [], now=now())
    for number in range(4):
        store.incidents.add(f"Short {number}", "It is over.", "resolved", [], now=now())
    page = browser.page("/dashboard/incidents")
    assert "The old one" in page
    assert "No incident goes on" not in page
    assert list(dict.fromkeys(re.findall(r"Short \d", page))) == ["Short 3", "Short 2"]


def test_the_incidents_page_says_how_many_get_them_by_mail(browser: Browser) -> None:
    assert "by mail" not in browser.page("/dashboard/incidents")
    people = open_store(Settings.from_env()).subscriptions.subscribers
    for number, slug in enumerate(("", "inner", "inner", "inner"), 1):
        assert people.ask(slug, f"{number}@visitors.example", "en", client="1", now=now())
        if number < 4:
            people.confirm(number, now=now())
    page = browser.page("/dashboard/incidents")
    assert "1 subscriber of /status gets it by mail. 2 subscribers of /status/inner get it by mail." in page


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"title": "", "text": "x", "state": "investigating"}, 422),
        ({"title": "x", "text": " ", "state": "investigating"}, 422),
        ({"title": "x" * 201, "text": "x", "state": "investigating"}, 422),
        ({"title": "x", "text": "x" * 10_001, "state": "investigating"}, 422),
        ({"title": "x", "text": "x", "state": "investigating", "monitors": "nothing"}, 422),
        ({"title": "x", "text": "x", "state": "party"}, 400),
        ({"incident": "9", "text": "x", "state": "resolved"}, 404),
        ({"remove": "9"}, 404),
    ],
)
def test_a_wrong_incident_is_said(signed_in: Browser, api: Api, fields: dict[str, str], status: int) -> None:
    assert signed_in.send("/dashboard/incidents", **fields).status_code == status
    assert api.get("/incidents")["incidents"] == []
