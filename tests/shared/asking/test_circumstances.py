"""The circumstances that are known when people are notified of an alert, and how a message's full form says them."""

from zoneinfo import ZoneInfo

import pytest

from shared.alerting.heartbeats import Ping
from shared.messages import message_about
from shared.messages.texts import percentage
from shared.models import AlertKind, AlertStatus
from shared.models.message import Circumstances, Message
from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import alert, at, event, notification, routes
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, add, report

HOUR = 3_600
TOKEN = "t" * 32


def watch(store: Store, **fields: object) -> None:
    store.monitors.add(Policy.model_validate({"name": "shop", "url": "http://shop/"} | fields), now=at(-HOUR))


@on_each_engine
def test_an_outage_knows_how_it_was_seen(store: Store) -> None:
    watch(store, group="Web", failure_threshold=3)
    add(store, event(-30, ok=True), event(-20, ok=False, is_inconclusive=True))
    for seconds in (0, 30, 60):
        opened = report(store, seconds, ok=False, status_code=503, response_time_ms=214.4).alert
    report(store, 60, ok=False, monitor="cart")
    report(store, 70, ok=True, monitor="docs")
    assert opened is not None
    assert store.alerts.circumstances(opened, now=at(61)) == Circumstances(
        group="Web",
        threshold=3,
        status_code=503,
        response_time_ms=214.4,
        last_success_at=at(-30),
        others_failing=1,
    )


@pytest.mark.slow
@on_each_engine
def test_a_recovery_knows_how_available_the_month_was(store: Store) -> None:
    watch(store, interval="1h")
    # From the first of the month on, an hour of the 8.5 days until noon of the 9th is an outage.
    for hours in range(-180, 24):
        report(store, hours * HOUR, ok=hours != 3, received=hours * HOUR)
    [ended] = store.alerts.page(limit=2)
    known = store.alerts.circumstances(ended, now=at(24 * HOUR))
    assert known.availability == pytest.approx(1 - 1 / 204, abs=0.001)
    assert known.last_success_at == at(2 * HOUR)


@pytest.mark.slow
@on_each_engine
@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Seoul"])
def test_an_outage_that_just_ended_counts_wherever_the_machine_is(store: Store, zone: str) -> None:
    watch(store, interval="1h")
    for hours in range(-180, 4):
        report(store, hours * HOUR, ok=hours != 3, received=hours * HOUR)
    report(store, 3.5 * HOUR, ok=True, received=3.5 * HOUR)
    [ended] = store.alerts.page(limit=2)
    known = store.alerts.circumstances(ended, now=at(3.5 * HOUR + 1).astimezone(ZoneInfo(zone)))
    assert known.availability == pytest.approx(1 - 0.5 / 183.5, abs=0.001)


@on_each_engine
def test_nobody_measures_a_removed_monitor(store: Store) -> None:
    watch(store, group="Web")
    report(store, 0, ok=False)
    [change] = store.monitors.remove(1, now=at(60), channels=routes("a"))
    assert change.alert is not None
    assert change.alert.status is AlertStatus.RESOLVED
    known = store.alerts.circumstances(change.alert, now=at(61))
    assert (known.group, known.availability) == ("Web", None)


@on_each_engine
def test_what_one_check_opens_was_seen_by_no_more(store: Store) -> None:
    """A certificate was said to be seen by 3 of 3 checks, the last good one being the only one."""
    watch(store, failure_threshold=3, url="https://shop/", certificate_expiry=["21d"])
    expiring = report(store, 0, ok=True, received=0, certificate_expires_at=at(86_400)).changes[0].alert
    assert expiring is not None
    assert expiring.kind is AlertKind.CERTIFICATE_EXPIRING
    assert store.alerts.circumstances(expiring, now=at(1)) == Circumstances()


@on_each_engine
def test_slow_checks_in_a_row_are_counted_and_good(store: Store) -> None:
    watch(store, url="https://shop/", failure_threshold=2, max_response_time="500ms")
    report(store, 0, ok=True, received=0, response_time_ms=800)
    slow = report(store, 30, ok=True, received=30, response_time_ms=800).changes[0].alert
    assert slow is not None
    assert slow.kind is AlertKind.DEGRADED
    assert store.alerts.circumstances(slow, now=at(31)) == Circumstances(threshold=2)


@on_each_engine
def test_a_ping_is_missed_once(store: Store) -> None:
    policy = {"name": "backup", "heartbeat": {"token": TOKEN, "period": "1h", "grace": "5m"}, "failure_threshold": 3}
    store.monitors.add(Policy.model_validate(policy), now=at(0))
    store.heartbeats.take(TOKEN, Ping(), now=at(10), channels=CHANNELS)
    [noticed] = store.heartbeats.review(now=at(HOUR + 400), channels=CHANNELS)
    assert noticed.alert is not None
    known = store.alerts.circumstances(noticed.alert, now=at(HOUR + 400))
    assert known == Circumstances(last_success_at=at(10))


@on_each_engine
def test_nothing_more_is_known_of_an_agent(store: Store) -> None:
    silent = alert(kind=AlertKind.AGENT_SILENT, subject="seoul")
    assert store.alerts.circumstances(silent, now=at(0)) == Circumstances()


def said(known: Circumstances, kind: str = "OUTAGE", language: str = "en") -> dict[str, str]:
    """The facts by their labels."""
    is_over = {"status": AlertStatus.RESOLVED, "resolved_at": at(185)} if kind == "RECOVERY" else {}
    about = notification(kind, occurred_at=at(185))
    found: Message = message_about([(alert(**is_over), about)], language, circumstances=known)  # type: ignore[arg-type]
    return dict(found.facts)


def test_an_outage_says_what_is_known() -> None:
    known = Circumstances("Web", 3, 503, 214.4, at(-30), 4)
    assert said(known) == {
        "Cause": "connection refused",
        "Since": "2025-01-08 12:00:00 UTC",
        "Seen by": "3 of 3 checks, HTTP 503 after 214 ms",
        "Last good check": "2025-01-08 11:59:30 UTC",
        "Also failing": "4 other monitors",
    }
    assert said(known, language="ko") == {
        "원인": "연결이 거부됨",
        "시작": "2025-01-08 12:00:00 UTC",
        "감지": "3회 연속 실패, 214 ms 만에 HTTP 503",
        "마지막 정상 확인": "2025-01-08 11:59:30 UTC",
        "함께 실패 중": "다른 모니터 4개",
    }


def test_what_is_not_known_is_not_said() -> None:
    assert list(said(Circumstances(threshold=1, response_time_ms=0.3))) == ["Cause", "Since"]


def test_a_recovery_says_for_how_long_and_how_available_the_month_is() -> None:
    facts = said(Circumstances(last_success_at=at(-30), others_failing=4, availability=0.99951), "RECOVERY")
    assert facts["Lasted"] == "3 min 5 s"
    assert facts["Available this month"] == "99.95 %"
    assert not {"Also failing", "Last good check"} & facts.keys()


@pytest.mark.parametrize(
    ("share", "text"),
    [(1.0, "100 %"), (0.999_999, "99.99 %"), (0.9995, "99.95 %"), (0.5, "50.00 %"), (0.0, "0.00 %")],
)
def test_a_share_is_never_rounded_up_to_all(share: float, text: str) -> None:
    assert percentage(share) == text
