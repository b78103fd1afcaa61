"""POST /events: the times of events, and clocks that are wrong."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from shared.models import as_text, now
from tests.functions.api import FAILURE, SUCCESS, Api

pytestmark = pytest.mark.slow


def test_a_time_without_an_offset_is_local_to_the_server(api: Api, environ: Callable[..., None]) -> None:
    environ(TZ="Asia/Seoul")
    time.tzset()
    try:
        api.post(SUCCESS | {"timestamp": "2025-01-08T10:30:00"})
        assert api.get("/")["last_check"] == "2025-01-08T01:30:00.000Z"
    finally:
        environ(TZ="UTC")
        time.tzset()


@pytest.mark.parametrize("off", [-3600, 3600])
def test_events_of_an_agent_with_a_wrong_clock_stay_in_order(api: Api, off: int) -> None:
    api.post(SUCCESS | {"timestamp": as_text(now())})
    wrong = now() + timedelta(seconds=off)
    date = {"Date": format_datetime(wrong, usegmt=True)}
    response = api.post(FAILURE | {"timestamp": as_text(wrong)}, headers=date).json
    assert response is not None
    assert response["change"] == "OPENED"
    assert abs((datetime.fromisoformat(response["alert"]["failed_at"]) - now()).total_seconds()) < 30
    response = api.post(SUCCESS | {"timestamp": as_text(now())}).json
    assert response is not None
    assert response["change"] == "RESOLVED"


@pytest.mark.parametrize(
    "date", [{}, {"Date": "yesterday"}, {"Date": "Thu, 99999999999999999999 Jan 2020 00:00:00 GMT"}]
)
def test_another_header_says_the_time_if_a_proxy_dropped_the_date(api: Api, date: dict[str, str]) -> None:
    wrong = now() - timedelta(hours=1)
    said = date | {"X-Sent-At": as_text(wrong)}
    response = api.post(FAILURE | {"timestamp": as_text(wrong)}, headers=said).json
    assert response is not None
    assert abs((datetime.fromisoformat(response["alert"]["failed_at"]) - now()).total_seconds()) < 30


@pytest.mark.parametrize("said", ["yesterday", "", "2025-01-08", "2025-01-08T10:30:00", "0001-01-01T00:00:00+23:59"])
def test_an_odd_time_of_sending_costs_no_event(api: Api, said: str) -> None:
    response = api.post(FAILURE | {"timestamp": as_text(now())}, headers={"X-Sent-At": said})
    assert (response.status_code, response.json and response.json["change"]) == (201, "OPENED")


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "",
        "Thu, 01 Jan 99999999999 00:00:00 GMT",
        "Thu, 99999999999999999999 Jan 2020 00:00:00 GMT",
        "Thu, 01 Jan 9999 00:00:00 GMT",
        "Thu, 01 Jan 0001 00:00:00 +2359",
    ],
)
@pytest.mark.parametrize("timestamp", ["0001-01-02T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_an_impossible_date_header_costs_no_event(api: Api, date: str, timestamp: str) -> None:
    response = api.post(FAILURE | {"timestamp": timestamp}, headers={"Date": date})
    assert (response.status_code, response.json and response.json["change"]) == (201, "OPENED")
