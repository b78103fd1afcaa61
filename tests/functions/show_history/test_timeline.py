"""GET /monitors/<id>/timeline: what happened to a monitor, and why people were notified, or not."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from functions.show_history.timeline import TimelineQuery
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import FAILURE, SUCCESS, Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, made, refused
from tests.support.stand_ins import BotApi
from tests.support.stand_ins.behaviours import bad_gateway

pytestmark = pytest.mark.slow

BEGAN = now() - timedelta(minutes=30)
PATH = "/monitors/1/timeline"
FAILED = FAILURE | {
    "status_code": 503,
    "response_time_ms": 214.3,
    "error_message": "HTTP 503 Service Unavailable",
    "cause": {"code": "http_status", "parameters": {"status": 503, "phrase": "Service Unavailable"}},
}


def check(api: Api, seconds: float, body: dict[str, Any], **fields: Any) -> None:
    """The monitor is checked that long after the beginning."""
    timestamp = as_text(BEGAN + timedelta(seconds=seconds))
    response = api.post(body | {"monitor": "shop", "timestamp": timestamp} | fields)
    assert response.status_code == 201, response.text


def timeline(api: Api, query: str = "") -> list[dict[str, Any]]:
    found = api.get(PATH + query)
    assert found["next"] is None
    return list(found["timeline"])


def texts(api: Api, query: str = "") -> list[str]:
    return [entry["text"] for entry in timeline(api, query)]


def pages(api: Api, limit: int) -> Iterator[list[dict[str, Any]]]:
    cursor = ""
    while True:
        found = api.get(f"{PATH}?limit={limit}{cursor}")
        yield found["timeline"]
        if found["next"] is None:
            return
        cursor = f"&cursor={found['next']}"


@pytest.fixture
def shop(api: Api) -> None:
    """A monitor of which three failures in a row are an outage, and two successes its end."""
    made(api, **{**SHOP, "failure_threshold": 3, "success_threshold": 2, "group": "Web"})


@pytest.fixture
def outage(api: Api, shop: None) -> None:
    for seconds in range(0, 150, 30):
        check(api, seconds, SUCCESS)
    for seconds in (150, 180, 210, 240):
        check(api, seconds, FAILED)
    for seconds in (270, 300, 330, 360):
        check(api, seconds, SUCCESS)


@on_each_engine
@pytest.mark.usefixtures("outage")
def test_an_outage_is_told_in_order(api: Api) -> None:
    found = timeline(api)
    messages = [entry for entry in found if entry["kind"] == "notification"]
    assert [entry["text"] for entry in found if entry not in messages] == [
        "succeeded (HTTP 200 after 150 ms)",
        "UNKNOWN → UP: the check succeeded",
        "succeeded (HTTP 200 after 150 ms)",
        "failed (HTTP 503 after 214 ms), 1 of 3",
        "UP → PENDING: the failure threshold is not met",
        "failed (HTTP 503 after 214 ms), 2 of 3",
        "failed (HTTP 503 after 214 ms), 3 of 3",
        "PENDING → DOWN: the failure threshold was met",
        "alert 1 (OUTAGE) opened: HTTP 503 Service Unavailable",
        "failed (HTTP 503 after 214 ms)",
        "succeeded (HTTP 200 after 150 ms), 1 of 2",
        "DOWN → UP: the success threshold was met",
        "alert 1 resolved",
        "succeeded (HTTP 200 after 150 ms)",
    ]
    assert [entry["reason"] for entry in found if entry["kind"] == "check"] == [
        *("healthy", "healthy", "below_threshold", "below_threshold", "threshold_met", "still_down"),
        *("recovering", "healthy"),
    ]
    assert [(entry["channel"], entry["status"], entry["alert_id"]) for entry in messages] == [
        ("console", "SENT", 1),
        ("console", "SENT", 1),
    ]
    assert [entry["text"].partition(" in ")[0] for entry in messages] == ["OUTAGE to console", "RECOVERY to console"]
    assert [entry["at"] for entry in found] == sorted(entry["at"] for entry in found)


@on_each_engine
@pytest.mark.usefixtures("outage")
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_say_the_same_as_the_whole(api: Api, limit: int) -> None:
    found = list(pages(api, limit))
    assert [entry for page in found for entry in page] == timeline(api)
    assert all(len(page) == limit for page in found[:-1])


@pytest.mark.usefixtures("outage")
def test_an_entry_has_its_event_and_what_does_not_apply_is_null(api: Api) -> None:
    first, change, *_ = timeline(api)
    assert first["event"] == {**first["event"], "id": 1, "is_success": True, "attempts": [], "cause": None}
    assert {name: value for name, value in change.items() if value is not None} == {
        "at": first["at"],
        "kind": "state_change",
        "reason": "healthy",
        "text": "UNKNOWN → UP: the check succeeded",
        "event_id": 1,
        "from_state": "UNKNOWN",
        "to_state": "UP",
    }
    assert first.keys() == change.keys()


@pytest.mark.usefixtures("outage")
def test_a_span_begins_with_from_and_ends_before_to(api: Api) -> None:
    since, until = (as_text(BEGAN + timedelta(seconds=seconds)) for seconds in (180, 240))
    found = timeline(api, f"?from={since}&to={until}")
    assert [entry["text"] for entry in found if entry["kind"] == "check"] == [
        "failed (HTTP 503 after 214 ms), 2 of 3",
        "failed (HTTP 503 after 214 ms), 3 of 3",
    ]


@pytest.mark.usefixtures("outage")
def test_a_late_failure_says_that_it_counted_for_nothing(api: Api) -> None:
    check(api, 345, FAILED)
    [late] = [entry for entry in timeline(api) if entry["reason"] == "late"]
    assert late["text"] == "failed (HTTP 503 after 214 ms), a newer check had counted already"


@on_each_engine
@pytest.mark.usefixtures("shop")
def test_what_a_silence_holds_is_said_with_the_reason(api: Api) -> None:
    silence = {"kind": "silence", "monitors": ["shop"], "duration": "1h", "title": "Release", "by": "kim"}
    assert api.call("POST", "/windows", silence).status_code == 201
    for seconds in (1, 2, 3):
        check(api, seconds, FAILED)
    begins, held = (
        next(entry for entry in timeline(api) if entry["kind"] == kind) for kind in ("window", "notification")
    )
    assert (begins["reason"], begins["status"], begins["by"]) == ("silence", "BEGINS", "kim")
    assert begins["text"].startswith("silence (Release) begins, until 2")
    assert (held["reason"], held["status"]) == ("silence", "HELD")
    assert held["text"] == "OUTAGE to console held back: silenced"


@on_each_engine
@pytest.mark.usefixtures("shop")
def test_what_a_channels_rules_keep_from_it_is_said_with_the_reason(
    api: Api, environ: Callable[..., None], bot_api: BotApi
) -> None:
    telegram = {"kind": "telegram", "bot_token": bot_api.token, "api_url": bot_api.url, "chat_id": 1}
    hour = now().hour
    quiet = {"from": f"{(hour - 2) % 24:02}:00", "to": f"{(hour + 2) % 24:02}:00"}
    rules: dict[str, dict[str, Any]] = {
        "later": {"delay": "1h"},
        "ends": {"only": ["RECOVERY"]},
        "night": {"quiet_hours": quiet},
    }
    environ(CHANNELS=json.dumps({"console": "off", **{name: telegram | rule for name, rule in rules.items()}}))
    for seconds in (1, 2, 3):
        check(api, seconds, FAILED)
    [alert] = api.get("/alerts")["alerts"]
    assert api.patch(alert["id"], status="ACK", by="kim").status_code == 200
    for seconds in (4, 5):
        check(api, seconds, SUCCESS)
    assert [entry["text"] for entry in timeline(api) if entry["kind"] == "notification"] == [
        "OUTAGE to later held back: its channel waits before it notifies",
        "OUTAGE to ends not sent: its channel leaves this kind out",
        "OUTAGE to night held back: its channel has quiet hours",
        "OUTAGE to later not sent: somebody had acknowledged it",
        "OUTAGE to night not sent: its channel has quiet hours",
        "RECOVERY to later not sent: somebody had acknowledged it",
        "RECOVERY to ends not sent: its channel leaves this kind out",
        "RECOVERY to night not sent: its channel has quiet hours",
    ]
    assert bot_api.messages == []


@on_each_engine
@pytest.mark.usefixtures("shop")
def test_under_maintenance_the_timeline_says_why_nobody_was_notified(api: Api) -> None:
    maintenance = {"kind": "maintenance", "groups": ["Web"], "duration": "1h"}
    assert api.call("POST", "/windows", maintenance).status_code == 201
    time.sleep(0.002)  # in the window's first millisecond, nothing tells what came first
    api.post(FAILED | {"monitor": "shop", "timestamp": as_text(now())})
    assert [(entry["kind"], entry["reason"]) for entry in timeline(api)] == [
        ("window", "maintenance"),
        ("state_change", "maintenance"),
        ("check", "maintenance"),
    ]
    assert texts(api)[2] == "failed (HTTP 503 after 214 ms), under maintenance"


@on_each_engine
@pytest.mark.usefixtures("shop")
def test_people_are_named(api: Api) -> None:
    for seconds in (1, 2, 3):
        check(api, seconds, FAILED)
    api.patch(1, status="ACK", by="kim")
    api.patch(1, status="RESOLVED", by="lee")
    by_hand = [entry for entry in timeline(api) if entry["by"]]
    assert [(entry["text"], entry["status"], entry["by"]) for entry in by_hand] == [
        ("alert 1 acknowledged by kim", "ACK", "kim"),
        ("alert 1 resolved by hand by lee", "RESOLVED", "lee"),
    ]


@pytest.mark.usefixtures("telegram_library")
def test_a_second_attempt_says_why_there_was_a_first(api: Api, environ: Callable[..., None], bot_api: BotApi) -> None:
    environ(**bot_api.environ)
    made(api, **SHOP)
    bot_api.queue(bad_gateway)
    check(api, 0, FAILED)
    with open_store(Settings.from_env()).database.transaction() as transaction:
        transaction.rows("UPDATE notifications SET due_at = '2025-01-01T00:00:00.000Z'")
    api.call("POST", "/deliver_notifications")
    said = [entry["text"] for entry in timeline(api) if entry["channel"] == "telegram"]
    assert said[0].startswith("OUTAGE to telegram failed, to be tried again: ")
    assert " (second attempt: " in said[1]


@pytest.mark.usefixtures("outage")
def test_it_speaks_the_services_language(api: Api, environ: Callable[..., None]) -> None:
    environ(MESSAGE_LANGUAGE="ko")
    assert "실패 (HTTP 503, 214 ms), 3번 중 2번째" in texts(api)
    assert "알림 1 해결됨" in texts(api)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2025-01-08", "from"),
        ("from=2025-01-08T10:00:00Z&to=2025-01-08T10:00:00Z", "from"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=7", "cursor"),
        ("cursor=2025-01-08T10:30:00.000Z~99~1", "cursor"),
        ("cursor=never~1~1", "cursor"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_wrong_parameter_is_named(api: Api, query: str, field: str) -> None:
    assert refused(api.call("GET", f"{PATH}?{query}"))["field"] == field


def test_by_itself_it_has_what_happened_in_this_millisecond() -> None:
    since, until = TimelineQuery.model_validate({}).span(BEGAN)
    assert since < BEGAN < until


@pytest.mark.parametrize("span", ["from=0001-01-01T00:00:00Z", "from=9999-12-31T00:00:00Z", "to=0001-01-01T00:00:00Z"])
@pytest.mark.usefixtures("outage")
def test_a_span_may_lie_anywhere(api: Api, span: str) -> None:
    assert api.call(
        "POST", "/windows", {"kind": "silence", "all": True, "cron": "* * * * *", "duration": "1s"}
    ).status_code
    assert (len(timeline(api, f"?{span}&limit=1000")) > 0) is (span.startswith("from=0001"))


@on_each_engine
@pytest.mark.parametrize("monitor_id", ["99", "0", "-1", "abc", "9" * 19, "9" * 400, "²"])
def test_an_unknown_monitor_is_404(api: Api, monitor_id: str) -> None:
    refused(api.call("GET", f"/monitors/{monitor_id}/timeline"), 404)
