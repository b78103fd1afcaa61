"""GET /monitors/<id>/history, GET /history and GET /monitors/<id>/events, as JSON and as CSV."""

import csv
import io
import itertools
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from shared.models import as_text, now
from tests.functions.api import FAILURE, SUCCESS, Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, made

pytestmark = pytest.mark.slow

TIMES = ("p50", "p95", "p99", "max")
CSV = {"Accept": "text/csv"}
BACKWARDS = "from=2025-01-09T00:00:00Z&to=2025-01-08T00:00:00Z"
REFUSED = "from: expected a time before 2025-01-08T00:00:00.000Z, where the span ends; found '2025-01-09T00:00:00.000Z'"


@pytest.fixture
def noon() -> datetime:
    """A noon that is long over, but whose events are still kept."""
    return (now() - timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)


def check(api: Api, at: datetime, ok: bool = True, **fields: Any) -> None:
    outcome = SUCCESS if ok else FAILURE
    response = api.post({**outcome, "monitor": "shop", "timestamp": as_text(at), **fields})
    assert response.status_code == 201, response.text


def table(api: Api, path: str) -> list[dict[str, str]]:
    response = api.call("GET", path, headers=CSV)
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(response.text)))


@pytest.fixture
def shop(api: Api, noon: datetime) -> int:
    """A monitor that was down for a minute, two minutes after noon."""
    monitor_id = int(made(api, **{**SHOP, "group": "Web", "interval": "30s", "failure_threshold": 2})["id"])
    for number, ok in enumerate((True, True, True, True, False, False, True, True)):
        times = {"response_time_ms": 100 + number, "dns_ms": 2} if ok else {}
        check(api, noon + timedelta(seconds=30 * number), ok, **times)
    return monitor_id


@on_each_engine
def test_a_history_says_how_available_a_monitor_was(api: Api, shop: int, noon: datetime) -> None:
    span = f"from={as_text(noon)}&to={as_text(noon + timedelta(minutes=4))}"
    found = api.get(f"/monitors/{shop}/history?{span}")
    assert found["recorded_since"] == as_text(noon)
    [bucket] = found["history"]
    assert {name: bucket[name] for name in list(bucket)[:7]} == {
        "from": as_text(noon),
        "to": as_text(noon + timedelta(minutes=4)),
        "uptime": 0.75,
        "downtime_seconds": 60.0,
        "outages": 1,
        "checks": 8,
        "failures": 2,
    }
    assert bucket["response_time_ms"]["p50"] == pytest.approx(102, rel=0.025)
    assert bucket["response_time_ms"]["max"] == 107 >= bucket["response_time_ms"]["p99"]
    assert bucket["dns_ms"]["p99"] == pytest.approx(2, rel=0.025)
    assert bucket["tls_ms"] == dict.fromkeys(TIMES)
    minutes = api.get(f"/monitors/{shop}/history?{span}&step=minute")["history"]
    assert [(each["uptime"], each["outages"], each["checks"]) for each in minutes] == [
        (1.0, 0, 2),
        (1.0, 0, 2),
        (0.0, 1, 2),
        (1.0, 0, 2),
    ]


@on_each_engine
def test_a_group_and_all_are_what_their_monitors_are(api: Api, shop: int, noon: datetime) -> None:
    for number in range(8):
        check(api, noon + timedelta(seconds=30 * number), monitor="other", agent="a", interval_seconds=30)
    span = f"from={as_text(noon)}&to={as_text(noon + timedelta(minutes=4))}"
    found = api.get(f"/history?{span}")["history"]
    assert [(each["group"], each["uptime"], each["checks"]) for each in found] == [(None, 0.875, 16), ("Web", 0.75, 8)]
    assert api.get(f"/history?{span}&group=Web")["history"] == found[1:]
    assert api.get(f"/history?{span}&group=Nobody")["history"] == []


def test_without_a_span_the_last_days_are_told(api: Api, shop: int) -> None:
    for step, count in (("day", 30), ("hour", 24), ("minute", 1440), ("whole", 1)):
        buckets = api.get(f"/monitors/{shop}/history?step={step}")["history"]
        assert len(buckets) == count
        assert all(earlier["to"] == later["from"] for earlier, later in itertools.pairwise(buckets))
    assert sum(each["checks"] for each in api.get(f"/monitors/{shop}/history")["history"]) == 8


@on_each_engine
@pytest.mark.parametrize("path", ["/history", "/history?group=Web", "/monitors/{shop}/history"])
def test_a_history_goes_to_the_ends_of_the_calendar(api: Api, shop: int, path: str) -> None:
    first, last = "0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"
    path = path.format(shop=shop)
    sign = "&" if "?" in path else "?"
    late, early = f"from=9999-12-31T23:58:30.000Z&to={last}", f"from={first}&to=0001-01-01T00:01:30.000Z"
    for span in (f"to={last}&step=day", late, *(f"{some}&step=minute" for some in (late, early))):
        buckets = api.get(f"{path}{sign}{span}")["history"]
        assert last == buckets[-1]["to"] or first == buckets[0]["from"]
        assert sum(bucket["checks"] for bucket in buckets) == 0


@on_each_engine
def test_a_table_has_the_same_columns(api: Api, shop: int, noon: datetime) -> None:
    span = f"from={as_text(noon)}&to={as_text(noon + timedelta(minutes=4))}"
    [row] = table(api, f"/monitors/{shop}/history?{span}")
    [bucket] = api.get(f"/monitors/{shop}/history?{span}")["history"]
    flat = {
        name if part is None else f"{name}_{part}": value
        for name, whole in bucket.items()
        for part, value in (whole.items() if isinstance(whole, dict) else [(None, whole)])
    }
    assert row == {name: "" if value is None else str(value) for name, value in flat.items()}
    assert [each["group"] for each in table(api, f"/history?{span}")] == ["", "Web"]


@on_each_engine
def test_events_are_told_newest_first_and_page_by_page(api: Api, shop: int, noon: datetime) -> None:
    check(api, noon, monitor="other")
    page = api.get(f"/monitors/{shop}/events?limit=5")
    assert [each["is_success"] for each in page["events"]] == [True, True, False, False, True]
    assert page["events"][0] == api.get(f"/monitors/{shop}")["last_event"]
    rest = api.get(f"/monitors/{shop}/events?limit=5&cursor={page['next']}")
    assert ([each["id"] for each in rest["events"]], rest["next"]) == ([3, 2, 1], None)
    since, until = (as_text(noon + timedelta(seconds=seconds)) for seconds in (60, 120))
    assert [each["id"] for each in api.get(f"/monitors/{shop}/events?from={since}&to={until}")["events"]] == [4, 3]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil")', "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_a_spreadsheet_runs_nothing_that_came_from_outside(api: Api, shop: int, noon: datetime, text: str) -> None:
    cause = {"code": "http_status", "parameters": {"status": 503}}
    check(api, noon + timedelta(minutes=5), False, error_message=text, cause=cause, message=text)
    response = api.call("GET", f"/monitors/{shop}/events?limit=1", headers=CSV)
    [row] = csv.DictReader(io.StringIO(response.text, newline=""))
    assert (row["error_message"], row["message"]) == (f"'{text}", f"'{text}")
    assert (row["cause_code"], row["cause_parameters"]) == ("http_status", '{"status": 503}')
    assert (row["is_success"], row["status_code"]) == ("false", "")
    link, _, rel = response.headers["Link"].partition(">")
    assert (parse_qs(link[2:])["cursor"], rel) == (["9"], '; rel="next"')
    [following] = csv.DictReader(
        io.StringIO(api.call("GET", f"/monitors/{shop}/events{link[1:]}", headers=CSV).text, newline="")
    )
    assert following["id"] == "8"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/monitors/9/history", 404, "there is no monitor 9"),
        ("/monitors/9/events", 404, "there is no monitor 9"),
        ("/monitors/x/history", 404, "'x' is not a monitor's id"),
        (f"/monitors/{10**18}/events", 404, "is not a monitor's id: expected a number of at most 18 digits"),
        ("/history?step=week", 400, "step: "),
        ("/history?from=2025-01-08", 400, "from: an ISO 8601 date and time; found '2025-01-08'"),
        ("/history?from=2025-01-08Tx", 400, "from: Input should be a valid date and time"),
        (f"/history?{BACKWARDS}", 400, REFUSED),
        (f"/monitors/1/events?{BACKWARDS}", 400, REFUSED),
        (f"/monitors/1/timeline?{BACKWARDS}", 400, REFUSED),
        ("/history?step=minute&from=2025-01-01T00:00:00Z&to=2025-01-08T00:00:00Z", 400, "expected at most 3000"),
        ("/history?step=day&to=0001-01-02T00:00:00Z", 400, "from: expected a span within the calendar"),
        ("/monitors/1/events?limit=0", 400, "limit: "),
    ],
)
def test_bad_input_is_told(api: Api, shop: int, path: str, status: int, words: str) -> None:
    response = api.call("GET", path)
    assert response.status_code == status, response.text
    assert words in response.text


def test_an_offset_whose_plus_arrives_as_a_blank_is_read(api: Api) -> None:
    """In a query an unescaped ``+`` is a blank."""
    for path in ("/history?step=whole&", "/history?step=hour&"):
        [blank, plus] = (
            api.get(f"{path}from=2025-01-01T00:00:00{sign}09:00&to=2025-01-01T01:00:00{sign}09:00")
            for sign in ("+", "%2B")
        )
        assert blank == plus
        assert blank["history"][0]["from"] == "2024-12-31T15:00:00.000Z"
