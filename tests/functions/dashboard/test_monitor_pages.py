"""A monitor's page: its buttons, and what it shows of the past."""

import itertools
import re
from datetime import timedelta
from typing import Any

import pytest

from shared.models import as_text, now
from tests.functions.api import FAILURE, SUCCESS, Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import new, text
from tests.functions.manage_monitors.watched import made

pytestmark = pytest.mark.slow


def test_a_monitor_is_paused_and_watched_again(signed_in: Browser, api: Api) -> None:
    new(signed_in)
    api.post({**FAILURE, "monitor": "shop.example", "timestamp": as_text(now())})
    assert location(signed_in.send("/dashboard/monitors/1", do="pause")) == "/dashboard/monitors/1"
    assert api.get("/monitors/1")["state"] == "PAUSED"
    assert "shop.example</bdi> is paused" in signed_in.page("/dashboard/monitors/1")
    signed_in.send("/dashboard/monitors/1", do="resume")
    assert api.get("/monitors/1")["state"] == "UNKNOWN"


def test_a_check_is_wanted_and_a_silence_made(signed_in: Browser, api: Api) -> None:
    new(signed_in)
    assert location(signed_in.send("/dashboard/monitors/1", do="check")) == "/dashboard/monitors/1"
    claim = {"agent": "default", "location": "default", "seconds": 1, "targets": [], "known": 0}
    claimed = api.call("POST", "/checks/claim", claim).json
    assert claimed is not None
    assert [check["name"] for check in claimed["checks"]] == ["shop.example"]
    signed_in.send("/dashboard/monitors/1", do="silence")
    [window] = api.get("/windows")["windows"]
    assert (window["kind"], window["monitors"], window["by"]) == ("silence", ["shop.example"], "Kim")
    assert window["is_active"]
    assert "Silenced until" in signed_in.page("/dashboard/monitors/1")


def test_a_monitor_is_removed(signed_in: Browser, api: Api) -> None:
    new(signed_in)
    assert location(signed_in.send("/dashboard/monitors/1", do="remove")) == "/dashboard"
    assert api.get("/monitors")["monitors"] == []
    response = signed_in.get("/dashboard/monitors/1")
    assert (response.status_code, response.mimetype) == (404, "text/html")


def test_the_page_says_how_old_each_locations_state_is(signed_in: Browser, api: Api) -> None:
    made(api, interval="1m")
    for place, seconds in (("seoul", 300), ("tokyo", 65)):
        checked_at = as_text(now() - timedelta(seconds=seconds))
        api.post({**SUCCESS, "monitor": "shop", "location": place, "timestamp": checked_at})
    said = text(signed_in.page("/dashboard/monitors/1")).replace("\xa0", " ")
    assert "seoul: No data (5 min ago)" in said
    assert "tokyo: Works (1 min ago)" in said
    said = text(signed_in.get("/dashboard/monitors/1", **{"Accept-Language": "ko"}).text).replace("\xa0", " ")
    assert "tokyo: 정상 (1분 전)" in said


def test_the_page_says_when_pings_are_expected_in_words(signed_in: Browser, api: Api) -> None:
    new(signed_in, **{"kind": "heartbeat", "name": "backup", "heartbeat.period": "25h", "heartbeat.grace": "90s"})
    assert "every 1 d 1 h, 1 min 30 s later at most" in text(signed_in.page("/dashboard/monitors/1"))
    korean = signed_in.get("/dashboard/monitors/1", **{"Accept-Language": "ko"}).text
    assert "1일 1시간마다, 최대 1분 30초 늦게" in text(korean)


def test_an_interval_is_said_exactly(signed_in: Browser, api: Api) -> None:
    made(api, interval="90s", timeout="2.5s")
    assert "1 min 30 s, 2.5 s at most" in text(signed_in.page("/dashboard/monitors/1"))


def test_a_row_of_the_story_says_why_once(signed_in: Browser, api: Api) -> None:
    made(api, interval="1m")
    for seconds, checked in ((30, SUCCESS), (90, FAILURE)):
        api.post({**checked, "monitor": "shop", "timestamp": as_text(now() - timedelta(seconds=seconds))})
    story = text(signed_in.page("/dashboard/monitors/1")).partition("What happened")[2]
    assert story.count("a newer check had counted already") == 1


def test_the_page_says_how_long_a_try_may_take(signed_in: Browser, api: Api) -> None:
    """As the form does. All four together may take 3 min 40 s."""
    made(api, timeout="10s", retries=3, retry_interval="1m")
    said = text(signed_in.page("/dashboard/monitors/1"))
    assert "30 s, 10 s at most" in said
    assert "retries: 3" in said


@pytest.mark.parametrize("number", ["0x1", "-1", "7", "9" * 30])
def test_no_monitor_is_404(signed_in: Browser, number: str) -> None:
    assert signed_in.get(f"/dashboard/monitors/{number}").status_code == 404


@pytest.mark.parametrize("period", ["1h", "24h", "7d", "90d", "1y", "nonsense"])
def test_the_page_says_how_it_was(signed_in: Browser, api: Api, period: str) -> None:
    at = now()
    for minutes in range(50, 0, -10):
        timing = {"dns_ms": 1, "connect_ms": 2, "tls_ms": 3, "first_byte_ms": 100, "response_time_ms": 120.5}
        api.post({**SUCCESS, **timing, "monitor": "shop", "timestamp": as_text(at - timedelta(minutes=minutes))})
    api.post({**FAILURE, "monitor": "shop", "timestamp": as_text(at - timedelta(minutes=4))})
    page = signed_in.page(f"/dashboard/monitors/1?period={period}")
    assert "shop is down" in text(page)
    assert "Connection refused" in text(page)
    assert re.search(r"median 1[12]\d\sms", page)
    assert page.count('class="out"') >= 1
    assert 'class="a4 ax1"' in page
    assert "alert #1, not acknowledged" in page
    assert "OUTAGE" in page.partition('id="messages"')[2]


def test_a_monitor_that_was_never_checked_has_a_page(signed_in: Browser) -> None:
    new(signed_in)
    page = signed_in.page("/dashboard/monitors/1")
    assert "Nobody knows how" in page
    assert "Nothing was measured in this time." in page


def test_a_chart_of_one_point_is_drawn(signed_in: Browser, api: Api) -> None:
    api.post({**SUCCESS, "monitor": "shop", "timestamp": as_text(now())})
    assert re.search(r'<path class="a5 ax1" d="M\d', signed_in.page("/dashboard/monitors/1"))


@pytest.mark.parametrize(
    ("period", "steps"), [("1h", 60), ("24h", 720), ("7d", 168), ("90d", 720), ("1y", 365), ("x", 720)]
)
def test_a_zoomed_chart_has_finer_steps(browser: Browser, api: Api, period: str, steps: int) -> None:
    times = {"dns_ms": 10, "connect_ms": 20, "tls_ms": 30, "first_byte_ms": 40}
    api.post({**SUCCESS, **times, "monitor": "shop", "timestamp": as_text(now()), "response_time_ms": 150})
    api.post({**FAILURE, "monitor": "shop", "timestamp": as_text(now())})
    response = browser.get(f"/dashboard/monitors/1/chart?period={period}")
    assert response.headers["Cache-Control"] == "private, no-store"
    found: Any = response.json
    assert [len(found["times"]), *map(len, found["phases"])] == [steps] * 6
    assert {b - a for a, b in itertools.pairwise(found["times"])} == {found["each"]}
    [measured] = [column for column in zip(*found["phases"], strict=True) if column[0] is not None]
    assert sum(measured) == pytest.approx(150, rel=0.1)
    assert [band["is_planned"] for band in found["bands"]] == [False]


def test_a_chart_of_no_monitor_is_404(browser: Browser) -> None:
    assert [browser.get(f"/dashboard/monitors/{number}/chart").status_code for number in ("7", "x")] == [404, 404]


def test_a_new_monitor_has_lost_nothing(browser: Browser, api: Api) -> None:
    """It was said that nothing is known of it any more."""
    api.call("POST", "/monitors", {"name": "shop", "url": "https://a.example/"})
    page = browser.page("/dashboard/monitors/1")
    assert "Nothing is recorded." in page
    assert "any more" not in page
