"""Slow monitors and certificates that expire, in the store: alerts of their own, beside the outage's."""

from datetime import timedelta
from typing import Any

import pytest

from shared.models import AlertKind
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import NOON, at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, move, report, rows
from tests.support.store.watching import history, states

pytestmark = [on_each_engine, pytest.mark.slow]


def watched(**fields: Any) -> Policy:
    return Policy.model_validate({"name": "shop", "url": "https://shop/", "channels": ["a"]} | fields)


@pytest.fixture(autouse=True)
def monitor_id(store: Store) -> int:
    policy = watched(max_response_time="500ms", certificate_expiry=["21d", "7d"], failure_threshold=2)
    return int(store.monitors.add(policy, now=at(0)).row["id"])


def kinds(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT kind, channel, status FROM notifications ORDER BY id")


def slow(store: Store, *seconds: float, milliseconds: float = 800) -> None:
    for each in seconds:
        report(store, each, ok=True, received=each, response_time_ms=milliseconds)


def test_a_slow_monitor_is_up_and_degraded_until_it_is_fast(store: Store, monitor_id: int) -> None:
    slow(store, 1)
    assert history(store) == []
    slow(store, 2, 3)
    assert history(store) == [("DEGRADED", "shop", "OPEN")]
    assert (states(store)["shop"], store.monitors.get(monitor_id).is_degraded) == ("UP", True)
    slow(store, 4, milliseconds=20)
    assert history(store) == [("DEGRADED", "shop", "RESOLVED")]
    assert not store.monitors.get(monitor_id).is_degraded
    assert kinds(store) == [("DEGRADED", "a", "PENDING"), ("RECOVERY", "a", "PENDING")]


def test_an_outage_ends_it_without_a_message(store: Store) -> None:
    slow(store, 1, 2)
    report(store, 3, ok=False, received=3)
    assert history(store) == [("DEGRADED", "shop", "OPEN")], "not down yet"
    report(store, 4, ok=False, received=4)
    assert history(store) == [("DEGRADED", "shop", "RESOLVED"), ("OUTAGE", "shop", "OPEN")]
    assert [kind for kind, *_ in kinds(store)] == ["DEGRADED", "OUTAGE"]


def test_slow_checks_count_from_zero_once_a_person_resolved_it(store: Store) -> None:
    slow(store, 1, 2)
    move(store, 1, "RESOLVED", 3)
    slow(store, 4)
    assert history(store) == [("DEGRADED", "shop", "RESOLVED")]
    slow(store, 5)
    assert history(store)[1:] == [("DEGRADED", "shop", "OPEN")]


def certified(store: Store, day: float, expires: float) -> None:
    """A success on that day whose certificate expires on that other one."""
    seconds = day * 86_400
    expires_at = NOON + timedelta(days=expires)
    report(store, seconds, ok=True, received=seconds, response_time_ms=20, certificate_expires_at=expires_at)


def test_a_certificate_is_said_at_each_limit_once_and_ends_with_a_newer_one(store: Store) -> None:
    for day in (0, 8.9, 9.1, 10, 15, 23.1, 24, 29):
        certified(store, day, 30)
    assert history(store) == [("CERTIFICATE_EXPIRING", "shop", "OPEN")]
    assert [kind for kind, *_ in kinds(store)] == ["CERTIFICATE_EXPIRING"] * 2
    assert store.alerts.page(limit=9)[0].cause == "certificate expires on 2025-02-07T12:00:00.000Z"
    for day in (29.5, 29.52, 29.54):
        assert history(store) == [("CERTIFICATE_EXPIRING", "shop", "OPEN")]
        certified(store, day, 120)
    certified(store, 29.55, 120)
    assert history(store) == [("CERTIFICATE_EXPIRING", "shop", "RESOLVED")]
    assert [kind for kind, *_ in kinds(store)][2:] == ["RECOVERY"]


def test_two_certificates_behind_one_name_are_one_message(store: Store) -> None:
    for hour in range(24):
        certified(store, hour / 24, 90 if hour % 2 else 10)
    assert history(store) == [("CERTIFICATE_EXPIRING", "shop", "OPEN")]
    assert [kind for kind, *_ in kinds(store)] == ["CERTIFICATE_EXPIRING"]
    again = Store(store.database)
    for day in (1, 1.02, 1.05):
        certified(again, day, 90)
    assert [kind for kind, *_ in kinds(store)] == ["CERTIFICATE_EXPIRING", "RECOVERY"]


def test_what_a_former_version_noticed_is_not_said_again(store: Store) -> None:
    certified(store, 0, 10)
    with store.database.transaction() as transaction:
        [row] = transaction.rows("SELECT certificate_notice FROM monitors")
        assert row["certificate_notice"] == '["2025-01-18T12:00:00.000Z", 1814400.0]'
    certified(store, 0.1, 10)
    assert [kind for kind, *_ in kinds(store)] == ["CERTIFICATE_EXPIRING"]


def test_a_policy_that_asks_no_more_ends_both_with_the_next_check(store: Store, monitor_id: int) -> None:
    certified(store, 0, 3)
    slow(store, 1, 2)
    store.monitors.replace(monitor_id, watched(), now=at(3), channels=CHANNELS)
    certified(store, 0.0001, 3)
    assert {status for _, _, status in history(store)} == {"RESOLVED"}


def test_a_policy_that_asks_no_more_needs_no_certificate_to_end_its_alert(store: Store, monitor_id: int) -> None:
    """The monitor's URL is one without TLS now."""
    certified(store, 0, 3)
    store.monitors.replace(monitor_id, watched(url="http://shop/"), now=at(3), channels=CHANNELS)
    report(store, 4, ok=True, received=4)
    assert history(store) == [("CERTIFICATE_EXPIRING", "shop", "RESOLVED")]
    assert [kind for kind, *_ in kinds(store)] == ["CERTIFICATE_EXPIRING", "RECOVERY"]
    assert rows(store, "SELECT certificate_notice FROM monitors") == [(None,)]


def test_a_policy_that_asks_no_more_ends_what_was_about_to_end(store: Store, monitor_id: int) -> None:
    """One of three fast checks had come."""
    slowly = watched(max_response_time="500ms", success_threshold=3)
    store.monitors.replace(monitor_id, slowly, now=at(0), channels=CHANNELS)
    slow(store, 1)
    slow(store, 2, milliseconds=20)
    store.monitors.replace(monitor_id, watched(success_threshold=3), now=at(3), channels=CHANNELS)
    slow(store, 4, milliseconds=20)
    assert history(store) == [("DEGRADED", "shop", "RESOLVED")]


def test_under_maintenance_neither_opens(store: Store) -> None:
    store.windows.add(Window(kind="maintenance", all=True, duration=100), now=at(0))
    slow(store, 1, 2, 3)
    certified(store, 0.0001, 3)
    assert history(store) == []


def test_a_silence_holds_both(store: Store) -> None:
    store.windows.add(Window(kind="silence", all=True, duration=100), now=at(0))
    slow(store, 1, 2)
    assert kinds(store) == [("DEGRADED", "a", "HELD")]


def test_a_pause_ends_every_alert_of_the_monitor(store: Store, monitor_id: int) -> None:
    certified(store, 0, 3)
    slow(store, 1, 2)
    paused, changes = store.monitors.replace(monitor_id, watched(enabled=False), now=at(200), channels=CHANNELS)
    assert (paused.state, len(changes)) == ("PAUSED", 2)
    assert {status for _, _, status in history(store)} == {"RESOLVED"}


def test_alerts_of_every_kind_about_a_monitor_are_listed(store: Store) -> None:
    slow(store, 1, 2)
    certified(store, 0.001, 3)
    found = store.alerts.page(limit=9, monitor="shop")
    assert [alert.kind for alert in found] == ["CERTIFICATE_EXPIRING", "DEGRADED"]
    assert [alert.kind for alert in store.alerts.page(limit=9, kind=AlertKind.DEGRADED)] == ["DEGRADED"]


def test_a_monitor_keeps_them_under_another_name(store: Store, monitor_id: int) -> None:
    slow(store, 1, 2)
    store.monitors.replace(monitor_id, watched(name="store", max_response_time="500ms"), now=at(3), channels=CHANNELS)
    assert history(store) == [("DEGRADED", "store", "OPEN")]
