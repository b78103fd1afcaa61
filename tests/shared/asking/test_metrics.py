"""Counters count for good: none goes back when the rows that it counts are pruned."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.histogram import Histogram
from shared.store import Retention, Store, measure
from shared.store.tables import attempt_counts, delivery_times
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import move, opened, rows, settle

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
KEPT = Retention(events=7 * A_DAY, rollups=400 * A_DAY, alerts=400 * A_DAY)
# Alerts go a minute after their end.
SHORT = Retention(events=7 * A_DAY, rollups=400 * A_DAY, alerts=60)


def attempts(store: Store) -> dict[tuple[str, str], int]:
    found = measure(store.database).attempts
    return {(row["channel"], row["status"]): int(row["attempts"]) for row in found}


def an_outage(store: Store, monitor: str) -> None:
    """It ends, and each of its messages is settled: a retry and a success on one channel, a refusal on the other."""
    alert = opened(store, monitor)
    settle(store, "RETRY", due=3600)
    settle(store, "SENT")
    settle(store, "FAILED", channel="b")
    move(store, alert.id, "RESOLVED")
    settle(store, "SENT")
    settle(store, "SENT", channel="b")


def upkeep(store: Store, retention: Retention, seconds: float) -> int:
    return store.upkeep.run(retention, now=at(seconds), seconds=30, pause=lambda _: None)["pruned"]


@on_each_engine
def test_attempts_stay_counted_once_they_are_pruned(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted when they are pruned, or in full steps before; and those after them as they come."""
    monkeypatch.setattr(attempt_counts, "AT_ONCE", 7)
    expected: dict[tuple[str, str], int] = {}
    for number in range(6):
        an_outage(store, f"m{number}")
        # The third channel's refusal is an alert of its own, which is never pruned while it is open.
        for key, more in {("a", "SENT"): 2, ("a", "RETRY"): 1, ("b", "FAILED"): 1, ("b", "SENT"): 1}.items():
            expected[key] = expected.get(key, 0) + more
        assert attempts(store) == expected
        [(before,)] = rows(store, "SELECT count(*) AS n FROM notification_logs")
        pruned = upkeep(store, SHORT if number % 2 else KEPT, 7200 + number)
        [(after,)] = rows(store, "SELECT count(*) AS n FROM notification_logs")
        assert bool(pruned) is (number % 2 == 1)
        assert (int(str(after)) < int(str(before))) is (number % 2 == 1)
        assert attempts(store) == expected


@on_each_engine
def test_attempts_are_counted_in_full_steps_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each run would commit for a few of them."""
    monkeypatch.setattr(attempt_counts, "AT_ONCE", 4)
    an_outage(store, "shop")
    upkeep(store, KEPT, 7200)
    [(counted,)] = rows(store, "SELECT sum(attempts) AS n FROM attempt_counts")
    assert int(str(counted)) == 4
    upkeep(store, KEPT, 7201)
    assert rows(store, "SELECT sum(attempts) AS n FROM attempt_counts") == [(counted,)]


@on_each_engine
def test_times_stay_counted_once_their_day_is_over(store: Store) -> None:
    """Two months pass. The percentiles are those of a month, and the histogram is that of all messages."""
    alert = opened(store)
    seen = 0
    for day in range(60):
        with store.database.transaction() as transaction:
            transaction.rows("UPDATE alerts SET delivered = NULL WHERE id = :id", id=alert.id)
            length = timedelta(seconds=1000 if day < 20 else 1)
            delivery_times.note(transaction, alert.id, "a", length, at(day * A_DAY), is_counted=True)
        total = measure(store.database).time_to_notify
        assert total.count() == seen + 1
        seen = total.count()
    assert total.at_most([1_500.0, 2_000_000.0]) == [40, 60]
    assert total.sum() == pytest.approx(20 * 1_000_000 + 40 * 1_000, rel=0.025)
    assert store.time_to_notify(now=at(59 * A_DAY))["p95"] == pytest.approx(1, rel=0.025)
    assert len(rows(store, "SELECT day FROM delivery_times")) <= delivery_times.DAYS + 2


@given(st.lists(st.floats(0.01, 1e8), max_size=100), st.floats(0.1, 1e8))
def test_what_is_not_longer_is_counted(durations: list[float], bound: float) -> None:
    """Within 2.5 %: only what is near the bound may be counted on its other side."""
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    [found] = histogram.at_most([bound])
    assert sum(each < bound / 1.026 for each in durations) <= found <= sum(each < bound * 1.026 for each in durations)
    assert histogram.sum() == pytest.approx(sum(durations), rel=0.026)
