"""An alert's page: its story, who was notified, and what one does about it."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import FAILURE, SUCCESS, Api
from tests.functions.dashboard.conftest import Browser, location

pytestmark = pytest.mark.slow

_SEEN: list[tuple[dict[str, Any], str]] = [
    *((SUCCESS, "seoul"), (SUCCESS, "tokyo"), (FAILURE, "seoul"), (FAILURE, "tokyo")),
    *((FAILURE, "seoul"), (FAILURE, "tokyo"), (FAILURE, "seoul"), (FAILURE, "tokyo")),
]


@pytest.fixture
def outage(api: Api) -> None:
    api.post({**FAILURE, "monitor": "shop", "timestamp": as_text(now())})


def text(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub("<.*?>", " ", page)))


@pytest.mark.usefixtures("outage")
def test_the_story_is_told(browser: Browser) -> None:
    page = text(browser.page("/dashboard/alerts/1"))
    assert "shop is down" in page
    assert "Nobody has acknowledged it." in page
    assert "Failed (connection refused)" in page
    assert "Alert 1 (OUTAGE) opened: connection refused" in page
    assert "OUTAGE to console" in page
    assert "console OUTAGE #1 delivered" in page


def test_the_notes_are_where_somebody_on_duty_looks(browser: Browser, api: Api) -> None:
    """Also on the alert's page, with a link to the runbook, each line of its own."""
    policy = {"name": "shop", "url": "https://shop.example/", "description": "Restart <it>.\nhttps://wiki.example/shop"}
    assert api.call("POST", "/monitors", policy).status_code == 201
    api.post({**FAILURE, "monitor": "shop", "target_url": policy["url"], "timestamp": as_text(now())})
    runbook = '<a href="https://wiki.example/shop" rel="noopener noreferrer">https://wiki.example/shop</a>'
    for path in ("/dashboard/alerts/1", "/dashboard/monitors/1"):
        assert f'pl" dir="auto">Restart &lt;it&gt;.\n{runbook}<' in browser.page(path), path
    assert '<a href="https://shop.example/" rel="noopener noreferrer">' in browser.page("/dashboard/monitors/1")


def test_a_time_in_a_sentence_is_one_that_the_script_shows(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": "https://shop.example/"})
    signed_in.send("/dashboard/monitors/1", do="silence")
    assert re.search(r'until <time datetime="[^"]+Z" data-l="d">', signed_in.page("/dashboard/monitors/1"))


def test_the_story_says_which_location_saw_what(browser: Browser, api: Api) -> None:
    """On the pages of the alert and of its monitor. One row says that a location still fails."""
    began = now() - timedelta(minutes=5)
    for second, (body, place) in enumerate(_SEEN):
        fields = {"monitor": "shop", "location": place, "timestamp": as_text(began + timedelta(seconds=second))}
        assert api.post({**body, **fields}).status_code == 201
    for path in ("/dashboard/alerts/1", "/dashboard/monitors/1"):
        page = text(browser.page(path))
        assert "Failed (connection refused) from seoul, too few locations see it" in page, path
        assert "Failed (connection refused) from tokyo, enough locations see it" in page, path
        for place in ("seoul", "tokyo"):
            assert f"2 more checks failed (connection refused) from {place} the outage goes on" in page, path
        assert "threshold" not in page, path
    page = text(browser.page("/dashboard/alerts/1?lang=ko"))
    assert "seoul에서 실패 (connection refused), 장애로 보는 위치가 너무 적음" in page


@pytest.mark.usefixtures("outage")
def test_an_alert_is_acknowledged_with_a_note(signed_in: Browser, api: Api) -> None:
    response = signed_in.send("/dashboard/alerts/1", status="ACK", note="rolling  back\nnow")
    assert location(response) == "/dashboard/alerts/1"
    alert = api.get("/alerts/1")
    assert (alert["status"], alert["acknowledged_by"]) == ("ACK", "Kim")
    page = text(signed_in.page("/dashboard/alerts/1"))
    assert "Kim has it since" in page
    assert "Kim noted: “rolling back now”" in page
    assert "“rolling back now”" in signed_in.page("/dashboard")


@pytest.mark.usefixtures("outage")
def test_a_button_of_the_overview_leads_back_there(signed_in: Browser, api: Api) -> None:
    assert location(signed_in.send("/dashboard/alerts/1", status="ACK", back="overview")) == "/dashboard"
    assert api.get("/alerts/1")["status"] == "ACK"


@pytest.mark.usefixtures("outage")
def test_the_first_who_acknowledges_stays(signed_in: Browser, api: Api) -> None:
    api.patch(1, status="ACK", by="lee")
    assert signed_in.send("/dashboard/alerts/1", status="ACK", note="me too").status_code == 303
    page = text(signed_in.page("/dashboard/alerts/1"))
    assert "lee has it since" in page
    assert "Kim noted: “me too”" in page


@pytest.mark.usefixtures("outage")
def test_an_alert_is_resolved_and_reopened(signed_in: Browser, api: Api) -> None:
    signed_in.send("/dashboard/alerts/1", status="RESOLVED")
    assert api.get("/alerts/1")["resolved_by"] == "Kim"
    assert "Kim resolved it." in text(signed_in.page("/dashboard/alerts/1"))
    kinds = [each["kind"] for each in api.get("/alerts/1")["notifications"]]
    assert kinds == ["OUTAGE", "RECOVERY"]
    assert signed_in.send("/dashboard/alerts/1", status="ACK").status_code == 409
    signed_in.send("/dashboard/alerts/1", status="OPEN")
    assert api.get("/alerts/1")["status"] == "OPEN"


@pytest.mark.usefixtures("outage")
def test_each_move_stays_in_the_story(signed_in: Browser, api: Api) -> None:
    moves = [("ACK", "kim"), ("RESOLVED", "lee"), ("OPEN", "lee"), ("ACK", "park"), ("RESOLVED", "park")]
    for status, by in moves:
        api.patch(1, status=status, by=by)
    page = text(signed_in.page("/dashboard/alerts/1"))
    said = [f"lert 1 {what} by {by}" for what, by in (("acknowledged", "kim"), ("resolved by hand", "lee"))]
    said += ["lert 1 set to open by lee", "lert 1 acknowledged by park", "lert 1 resolved by hand by park"]
    assert [each for each in said if page.count(each) != 1] == []
    assert "noted:" not in page
    entries = [each for each in api.get("/monitors/1/timeline")["timeline"] if each["kind"] == "alert"]
    assert [(each["status"], each["by"]) for each in entries[1:]] == moves
    api.post({**FAILURE, "monitor": "shop", "timestamp": as_text(now())})
    assert "lert 1 resolved by hand by park" in text(signed_in.page("/dashboard/alerts/2")), "it ended the one before"
    api.patch(2, status="RESOLVED", by="choi")
    assert "by choi" in text(signed_in.page("/dashboard/alerts/2"))
    assert "by choi" not in text(signed_in.page("/dashboard/alerts/1")), "that is the end of a later one"


@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("status", ["", "CLOSED", "open"])
def test_another_status_is_400(signed_in: Browser, api: Api, status: str) -> None:
    assert signed_in.send("/dashboard/alerts/1", status=status).status_code == 400
    assert api.get("/alerts/1")["status"] == "OPEN"


@pytest.mark.parametrize("number", ["2", "x", "9" * 40])
def test_no_alert_is_404(signed_in: Browser, number: str) -> None:
    for response in (
        signed_in.get(f"/dashboard/alerts/{number}"),
        signed_in.send(f"/dashboard/alerts/{number}", status="ACK"),
    ):
        assert (response.status_code, response.mimetype) == (404, "text/html")


def test_checks_that_say_the_same_are_one_line(browser: Browser, api: Api) -> None:
    for _ in range(9):
        api.post({**FAILURE, "monitor": "shop", "timestamp": as_text(now())})
    page = text(browser.page("/dashboard/alerts/1"))
    assert "8 more checks failed (connection refused)" in page
    assert page.count("checks failed") == 1


def test_alerts_of_every_kind_have_a_page(browser: Browser, alerts_of_every_kind: dict[str, int]) -> None:
    listed = browser.page("/dashboard/alerts")
    overview = browser.page("/dashboard")
    for kind, number in alerts_of_every_kind.items():
        assert "telegram" in browser.page(f"/dashboard/alerts/{number}"), kind
        assert f'href="../dashboard/alerts/{number}"' in listed, kind
        assert f'href="./dashboard/alerts/{number}"' in overview, kind


def test_the_list_has_what_is_open_and_what_is_over(browser: Browser, api: Api) -> None:
    assert "No alert is open" in browser.page("/dashboard/alerts")
    for name in ("a", "b"):
        api.post({**FAILURE, "monitor": name, "timestamp": as_text(now())})
    api.post({**SUCCESS, "monitor": "a", "timestamp": as_text(now())})
    api.patch(2, status="ACK", by="kim")
    page = browser.page("/dashboard/alerts")
    assert "1 alert is open" in page
    active, _, over = page.partition("<h2>Over</h2>")
    assert ("#2" in active, "#1" in active) == (True, False)
    assert ("#2" in over, "#1" in over) == (False, True)


def test_the_list_says_how_many_nobody_is_on(browser: Browser, api: Api) -> None:
    for number, sentence in ((1, "Nobody is on it."), (2, "Nobody is on any of them.")):
        api.post({**FAILURE, "monitor": f"m{number}", "timestamp": as_text(now())})
        assert sentence in browser.page("/dashboard/alerts")
    api.patch(1, status="ACK", by="kim")
    assert "Nobody is on 1 of them." in browser.page("/dashboard/alerts")
    api.patch(2, status="ACK", by="kim")
    assert "Nobody is on" not in browser.page("/dashboard/alerts")


def test_old_alerts_are_pages_away(browser: Browser, api: Api) -> None:
    for number in range(51):
        api.post({**FAILURE, "monitor": f"m{number}", "timestamp": as_text(now())})
        api.post({**SUCCESS, "monitor": f"m{number}", "timestamp": as_text(now())})
    first = browser.page("/dashboard/alerts")
    assert 'href="?before=2"' in first
    assert "#1<" in browser.page("/dashboard/alerts?before=2")
    assert browser.get("/dashboard/alerts?before=nonsense").status_code == 200


def test_a_summary_has_a_page_and_nothing_to_do_about_it(signed_in: Browser, api: Api) -> None:
    assert (
        api.call("PUT", "/config", {"monitors": [], "summaries": [{"every": "day", "at": "09:00"}]}).status_code == 200
    )
    with open_store(Settings.from_env()).database.transaction() as transaction:
        transaction.rows("UPDATE summary_schedules SET next_at = :at", at=as_text(now()))
    api.call("POST", "/review_alerts")
    page = signed_in.page("/dashboard/alerts/1")
    assert "Bonghwa : Summary" in text(page)
    assert "SUMMARY #1" in text(page)
    assert 'name="status"' not in page
    assert "Summary" not in signed_in.page("/dashboard/alerts")
    assert "Summary" not in signed_in.page("/dashboard")
    assert signed_in.send("/dashboard/alerts/1", status="OPEN").status_code == 409
