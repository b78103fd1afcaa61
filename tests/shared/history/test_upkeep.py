"""The store stays small: events are folded exactly once before they go, and only what is old goes."""

import contextlib
import itertools
import math
import sqlite3
from datetime import timedelta
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.histogram import Histogram
from shared.history.rollup import PHASES, Rollup
from shared.models import as_text
from shared.monitors.windows.window import Window
from shared.store import Retention, Store
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.tables import replay_facts, state_changes
from shared.store.upkeep import pruning
from tests.support.builders import NOON, at, event, routes
from tests.support.store.engines import on_each_engine, on_sqlite
from tests.support.store.past import rollups_of
from tests.support.store.steps import CHANNELS, move, report, rows, settle

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
RETENTION = Retention(events=7 * A_DAY, rollups=400 * A_DAY, alerts=400 * A_DAY)


# --- histograms -------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.floats(0, 1))
def test_a_percentile_is_near_the_exact_one(durations: list[float], share: float) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]
    found = histogram.percentile(share)
    assert found is not None
    assert found == pytest.approx(max(exact, 0.01), rel=0.025)


@given(st.lists(st.floats(0, 1e12), max_size=50), st.lists(st.floats(0, 1e12), max_size=50))
def test_histograms_can_be_merged_and_written_out(first: list[float], second: list[float]) -> None:
    parts = [Histogram(), Histogram()]
    whole = Histogram()
    for part, durations in zip(parts, (first, second), strict=True):
        for duration in durations:
            part.add(duration)
            whole.add(duration)
    parts[0].merge(parts[1])
    read = Histogram.decoded(parts[0].encoded())
    for share in (0.0, 0.5, 0.95, 1.0):
        assert read.percentile(share) == whole.percentile(share)
    assert read.count() == len(first) + len(second)
    assert " " not in read.encoded()


def test_an_hour_of_checks_takes_few_bytes() -> None:
    histogram = Histogram()
    for number in range(120):
        histogram.add(80 + 40 * math.sin(number))
    assert len(histogram.encoded()) <= 90


# --- in the store -----------------------------------------------------------------------------------------------------


def keep(store: Store, days: float, retention: Retention = RETENTION) -> dict[str, int]:
    """A run of upkeep, so many days after noon, that has as much time as it needs."""
    return store.upkeep.run(retention, now=at(days * A_DAY), seconds=math.inf, pause=lambda _: None)


def count(store: Store, table: str) -> object:
    return rows(store, f"SELECT count(*) FROM {table}")[0][0]  # our own names


def counted(store: Store, step: str) -> list[tuple[object, ...]]:
    found = rollups_of(store, step).items()
    return [(key.monitor_id, key.starts_at, rollup.checks, rollup.failures) for key, rollup in found]


@on_each_engine
def test_events_are_folded_once_into_hours_and_days(store: Store) -> None:
    for seconds, ok in ((0, True), (60, False), (3599, True), (3600, True), (13 * 3600, True)):
        report(store, seconds, ok=ok, received=seconds, response_time_ms=50 if ok else None)
    assert keep(store, 1)["folded"] == 5
    assert keep(store, 1)["folded"] == 0
    assert counted(store, "hour") == [
        (1, "2025-01-08T12:00:00.000Z", 3, 1),
        (1, "2025-01-08T13:00:00.000Z", 1, 0),
        (1, "2025-01-09T01:00:00.000Z", 1, 0),
    ]
    assert counted(store, "day") == [(1, "2025-01-08T00:00:00.000Z", 4, 1), (1, "2025-01-09T00:00:00.000Z", 1, 0)]


@on_each_engine
def test_a_late_event_is_counted_where_it_belongs(store: Store) -> None:
    report(store, 0, ok=True, received=0)
    keep(store, 1)
    report(store, 30, ok=False, received=2 * A_DAY)
    assert keep(store, 3)["folded"] == 1
    assert counted(store, "hour") == [(1, "2025-01-08T12:00:00.000Z", 2, 1)]


@on_each_engine
def test_an_event_that_has_just_come_waits(store: Store) -> None:
    report(store, 0, ok=True, received=0)
    report(store, 50, ok=True, received=50)
    assert keep(store, 70 / A_DAY)["folded"] == 1
    assert keep(store, 200 / A_DAY)["folded"] == 1


@on_each_engine
def test_the_rollups_of_many_monitors_are_those_of_their_events(store: Store) -> None:
    events = [
        event(
            number * 60, ok=number % 7 > 0, monitor=f"m{number % 40}", response_time_ms=number % 90, dns_ms=number % 5
        )
        for number in range(1200)
    ]
    for part in range(0, 1200, 400):
        store.events.add(events[part : part + 400], received_at=at(A_DAY), channels={})
    assert keep(store, 2)["folded"] == 1200
    expected: dict[tuple[str, str], Rollup] = {}
    for each in events:
        day = f"{each.timestamp:%Y-%m-%dT00:00:00.000Z}"
        expected.setdefault((each.monitor, day), Rollup()).add({**each.model_dump(), "is_inconclusive": False})
    names = {int(str(row[0])): str(row[1]) for row in rows(store, "SELECT id, name FROM monitors")}
    stored = {(names[key.monitor_id], key.starts_at): rollup for key, rollup in rollups_of(store, "day").items()}
    assert {key: each.columns() for key, each in stored.items()} == {
        key: each.columns() for key, each in expected.items()
    }


@on_each_engine
def test_old_events_go_and_their_counts_stay(store: Store) -> None:
    for day in range(10):
        report(store, day * A_DAY, ok=True, received=day * A_DAY)
    keep(store, 9.5)
    assert [str(each[0])[:10] for each in rows(store, "SELECT timestamp FROM events ORDER BY id")] == [
        f"2025-01-{day}" for day in range(11, 18)
    ]
    assert len(counted(store, "day")) == 10
    # A monitor's newest event may be gone, and it is shown all the same.
    report(store, 9.6 * A_DAY, ok=True, received=9.6 * A_DAY, monitor="other")
    keep(store, 60)
    assert [entry.last_event is None for entry in store.monitors.page(limit=9)] == [True, False]
    assert count(store, "events") == 1, "the newest stays, so that its number is not given out again"


@on_each_engine
def test_an_event_from_the_future_holds_nothing_up(store: Store) -> None:
    report(store, 365 * A_DAY, ok=True, received=0)
    for number in range(3):
        report(store, number, ok=True, received=number, monitor="other")
    keep(store, 30)
    assert [str(each[0])[:4] for each in rows(store, "SELECT timestamp FROM events ORDER BY id")] == ["2026", "2025"]


@on_each_engine
def test_old_alerts_go_with_their_messages_but_not_what_still_counts(store: Store) -> None:
    for number, monitor in enumerate(("gone", "owed", "open")):
        report(store, number, ok=False, received=number, monitor=monitor, channels=routes("a"))
        settle(store, "SENT", number)
    for number, monitor in enumerate(("gone", "owed")):
        report(store, 10 + number, ok=True, received=10 + number, monitor=monitor, channels=routes("a"))
    settle(store, "SENT", 20)
    keep(store, 401)
    assert [each[0] for each in rows(store, "SELECT subject FROM alerts ORDER BY id")] == ["owed", "open"]
    assert [each[0] for each in rows(store, "SELECT alert_id FROM notifications ORDER BY id")] == [2, 3, 2]
    assert count(store, "notification_logs") == 2
    move(store, 3, "RESOLVED", 401 * A_DAY)
    assert store.alerts.page(limit=9)[0].subject == "open"


@on_each_engine
def test_no_number_is_given_out_again_after_pruning(store: Store) -> None:
    """Otherwise a new message would look like a copy of an old one. The newest message is not the newest alert's."""
    for seconds, ok, monitor in ((0, False, "first"), (1, False, "second"), (2, True, "second"), (3, True, "first")):
        report(store, seconds, ok=ok, received=seconds, monitor=monitor, channels=routes("a"))
        settle(store, "SENT", seconds)
    keep(store, 401)
    report(store, 402 * A_DAY, ok=False, received=402 * A_DAY, channels=routes("a"))
    assert [rows(store, f"SELECT max(id) FROM {table}")[0][0] for table in ("alerts", "notifications")] == [3, 5]


@on_each_engine
def test_old_changes_windows_and_rollups_go(store: Store) -> None:
    report(store, 0, ok=True, received=0)
    report(store, 1, ok=False, received=1)
    store.windows.add(Window(kind="silence", all=True, duration=60), now=NOON)
    store.windows.add(Window(kind="silence", all=True, every="day", at="02:30", duration=60), now=NOON)
    keep(store, 1)
    assert (len(counted(store, "hour")), len(counted(store, "day"))) == (1, 1)
    keep(store, 92)
    assert (len(counted(store, "hour")), len(counted(store, "day"))) == (0, 1)
    assert (count(store, "state_changes"), count(store, "windows")) == (2, 2)
    keep(store, 402)
    assert (len(counted(store, "day")), count(store, "state_changes"), count(store, "windows")) == (0, 1, 1)


@on_sqlite
def test_facts_that_are_young_are_looked_for_without_the_write_lock(store: Store) -> None:
    report(store, 0, ok=False, received=0)
    assert isinstance(store.database, SqliteDatabase)
    before, now = as_text(at(-A_DAY)), as_text(at(A_DAY))
    pruning._delete_changes(store.database, before, now)  # notes since when they are kept
    with contextlib.closing(sqlite3.connect(store.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert pruning._delete_changes(store.database, before, now) == 0
        assert pruning._delete_facts(store.database, before) == 0


@on_sqlite
@pytest.mark.parametrize("table", [state_changes, replay_facts])
def test_old_facts_are_found_by_an_index(store: Store, table: ModuleType) -> None:
    with store.database.snapshot() as snapshot:
        plan = snapshot.rows(f"EXPLAIN QUERY PLAN {table._OLD}", before=as_text(at(0)), most=1)
    name = table.__name__.rpartition(".")[2]
    assert plan[0]["detail"].startswith(f"SEARCH old USING INDEX {name}_by_time (at<?)"), plan


def test_a_run_ends_when_its_time_is_over_and_the_next_one_goes_on(store: Store) -> None:
    for part in range(3):
        events = [event(part * 900 + number, ok=True) for number in range(900)]
        store.events.add(events, received_at=at(2700), channels={})
    ticks = itertools.count()

    def run(seconds: float) -> int:
        # Each look at the clock takes a second.
        pauses: list[float] = []
        clock = lambda: float(next(ticks))  # noqa: E731
        counts = store.upkeep.run(RETENTION, now=at(5000), seconds=seconds, clock=clock, pause=pauses.append)
        assert all(pause > 0 for pause in pauses)
        return counts["folded"]

    found = [run(2), run(2), run(100)]
    assert (sum(found), 0 < found[0] < 2700) == (2700, True)


@on_sqlite
def test_the_store_stops_growing(store: Store) -> None:
    """A month of checks at a small size: after a week, what is there stays as it is."""
    sizes = []
    for hour in range(24 * 30):
        now = NOON + timedelta(hours=hour)
        events = [event(hour * 3600 + minute * 600, ok=True, response_time_ms=50) for minute in range(6)]
        store.events.add(events, received_at=now + timedelta(hours=1), channels=CHANNELS)
        if hour % 24 == 23:
            keep(store, (hour + 2) / 24)
            sizes.append(count(store, "events"))
    assert sizes[7:] == [sizes[7]] * len(sizes[7:])
    assert int(str(sizes[-1])) <= 7 * 144 + 1
    with store.database.snapshot() as snapshot:
        [size] = snapshot.rows("PRAGMA page_count")
    assert size["page_count"] * 4096 < 2_000_000


def test_every_phase_is_kept() -> None:
    rollup = Rollup()
    times = {phase: 10.0 * (number + 1) for number, phase in enumerate(PHASES)}
    rollup.add({"is_success": 1, "is_inconclusive": 0, **times})
    read = Rollup.of(rollup.columns())
    assert [read.phases[phase].percentile(0.5) for phase in PHASES] == [
        pytest.approx(times[phase], rel=0.025) for phase in PHASES
    ]
    assert read.slowest_ms == 10.0
