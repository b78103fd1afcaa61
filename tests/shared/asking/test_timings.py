"""How long it took until people were notified: in the alert, for each channel, and over the last 30 days."""

from datetime import timedelta

import pytest

from shared.models import Attempt, AttemptStatus
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at, routes
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import claimed, move, report, rows, settle

pytestmark = on_each_engine

DAY = 86_400


def timings(store: Store, alert_id: int = 1) -> tuple[float, float | None, dict[str, float]]:
    found = store.alerts.get(alert_id)[0].timings
    return found.confirmed_seconds, found.opened_seconds, dict(found.delivered)


def sent(store: Store, channel: str, started: float, milliseconds: float) -> None:
    """The channel accepts its next message, that long after the attempt began."""
    attempt = Attempt(
        claimed(store, started, channel).notification, AttemptStatus.SENT, at(started), milliseconds, "ok"
    )
    store.notifications.record(attempt, channels={})


def percentiles(store: Store, seconds: float) -> tuple[float | None, float | None]:
    found = store.time_to_notify(now=at(seconds))
    return found["p50"], found["p95"]


def test_an_alert_knows_each_part_of_the_way(store: Store) -> None:
    """From the failing check to the deciding one, to the commit, to each channel's answer, its retries included."""
    report(store, 0, ok=False, received=2)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE alerts SET failed_at = :at", at="2025-01-08T11:59:00.000Z")
    sent(store, "a", 2, 400)
    settle(store, "RETRY", 3, "b", due=4)
    sent(store, "b", 4, 100)
    assert timings(store) == (60, 2, {"a": 0.4, "b": 2.1})
    assert store.alerts.page(limit=1)[0].timings == store.alerts.get(1)[0].timings


def test_only_the_first_message_of_an_alert_counts(store: Store) -> None:
    report(store, 0, ok=False, received=0)
    sent(store, "a", 0, 400)
    before = percentiles(store, 1)
    move(store, 1, "RESOLVED", 100)
    move(store, 1, "OPEN", 200)
    settle(store, "SENT", 300)
    settle(store, "SENT", 300)
    assert timings(store)[2] == {"a": 0.4}
    assert percentiles(store, 301) == before


def test_what_was_not_delivered_is_not_known(store: Store) -> None:
    report(store, 0, ok=False, received=0)
    settle(store, "FAILED", 1)
    assert timings(store) == (0, 0, {})
    assert percentiles(store, 2) == (None, None)


def test_an_alert_of_an_older_version_has_no_times(store: Store) -> None:
    report(store, 0, ok=False, received=0)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE alerts SET created_at = NULL")
    assert timings(store) == (0, None, {})


def test_what_a_silence_held_counts_for_its_alert_alone(store: Store) -> None:
    report(store, 0, ok=True, received=0)
    store.windows.add(Window(kind="silence", all=True, duration=60), now=at(0))
    report(store, 10, ok=False, received=10)
    store.maintenance.review(now=at(60), channels=routes("a", "b"))
    sent(store, "a", 60, 500)
    assert timings(store)[2] == {"a": 50.5}
    assert percentiles(store, 61) == (None, None)


def test_the_percentiles_are_those_of_thirty_days(store: Store) -> None:
    for number in range(20):
        report(store, number, ok=False, received=number, monitor=f"m{number}", channels=routes("a"))
        sent(store, "a", number, 200 if number < 18 else 5_000)
    found = store.time_to_notify(now=at(60))
    assert found == {"p50": pytest.approx(0.2, rel=0.025), "p95": pytest.approx(5, rel=0.025)}
    assert percentiles(store, 29 * DAY) == percentiles(store, 60)
    assert percentiles(store, 30 * DAY) == (None, None)


def test_a_new_day_merges_what_is_older_than_thirty(store: Store) -> None:
    for number, days in enumerate((0, 1, 31, 45)):
        report(store, days * DAY, ok=False, received=days * DAY, monitor=f"m{number}", channels=routes("a"))
        sent(store, "a", days * DAY, 100)
    kept = [at(days * DAY) for days in (31, 45)]
    assert rows(store, "SELECT day FROM delivery_times ORDER BY day") == [
        ("",),  # the days before, together
        *((f"{day:%Y-%m-%d}",) for day in kept),
    ]


def test_a_clock_that_was_set_back_takes_no_time(store: Store) -> None:
    report(store, 0, ok=False, received=60)
    notification = claimed(store, 60).notification
    early = Attempt(notification, AttemptStatus.SENT, at(0) - timedelta(seconds=5), 1.0, "ok")
    store.notifications.record(early, channels={})
    assert timings(store)[2] == {"a": 0}
