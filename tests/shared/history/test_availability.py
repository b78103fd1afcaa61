"""Availability as the store tells it: of events, windows, pauses and gaps, exact to the second."""

import itertools
import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.history.buckets import edges
from shared.history.uptime import Availability
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Retention, Store
from tests.support.builders import NEVER_FLAPS, NOON, at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, move, report, rows

pytestmark = pytest.mark.slow

INTERVAL = 10
A_DAY = 86_400.0


def watch(store: Store, name: str = "shop", **fields: object) -> int:
    policy = Policy.model_validate({"name": name, "url": f"http://{name}/", "interval": INTERVAL} | fields)
    return int(store.monitors.add(policy, now=at(-60)).row["id"])


def check(store: Store, outcomes: str, start: float = 0, monitor: str = "shop") -> None:
    """Checks one after another: ``.`` succeeds, ``x`` fails, ``?`` says nothing, and a blank is none."""
    for number, outcome in enumerate(outcomes):
        seconds = start + number * INTERVAL
        if outcome != " ":
            says_nothing = {"is_inconclusive": True} if outcome == "?" else {}
            report(store, seconds, ok=outcome == ".", received=seconds, monitor=monitor, channels={}, **says_nothing)


def told(store: Store, until: float, since: float = 0, now: float | None = None, monitor_id: int = 1) -> Availability:
    """The availability between two times, in seconds after noon."""
    [found] = store.history.of_monitor(monitor_id, [at(since), at(until)], "day", now=at(until if now is None else now))
    return found.availability


def seconds(available: Availability) -> tuple[float, float, int]:
    """Known, down, outages."""
    return available.known_ms / 1000, available.down_ms / 1000, available.outages


@on_each_engine
@pytest.mark.parametrize(
    ("outcomes", "known", "down", "outages"),
    [
        ("......", 60, 0, 0),
        # From the first failing check of the run to the first success of the run that ends it.
        (".xxx..", 60, 30, 1),
        (".xxxx.x..", 90, 60, 1),
        # Too few failures are no outage.
        (".xx...", 60, 0, 0),
        # Three intervals without a check, then nobody knows.
        (".     .", 40, 0, 0),
        ("xxx     x..", 80, 60, 1),
        # The checks of an agent without a connection say nothing.
        (".xxx?..", 60, 30, 1),
    ],
)
def test_it_counts(store: Store, outcomes: str, known: float, down: float, outages: int) -> None:
    watch(store, failure_threshold=3, success_threshold=2)
    check(store, outcomes)
    assert seconds(told(store, len(outcomes) * INTERVAL)) == (known, down, outages)


@on_each_engine
def test_a_silent_monitor_becomes_unknown_and_its_alert_stays(store: Store) -> None:
    watch(store)
    check(store, ".x")
    assert store.lapses.review(now=at(40)) == []
    assert seconds(told(store, 500)) == (40, 30, 1), "also before anybody has noticed"
    assert store.lapses.review(now=at(41)) == ["shop"]
    assert store.lapses.review(now=at(42)) == []
    [entry] = store.monitors.page(limit=9)
    assert (entry.state, entry.row["since"]) == ("UNKNOWN", "2025-01-08T12:00:40.000Z")
    assert entry.active_alert is not None
    assert seconds(told(store, 500)) == (40, 30, 1)
    check(store, "x.", start=100)
    assert seconds(told(store, 120)) == (60, 40, 1)


@on_each_engine
def test_an_event_on_its_way_disproves_that_nobody_knew(store: Store) -> None:
    watch(store)
    check(store, ".")
    store.lapses.review(now=at(60))
    for late in range(10, 70, 10):
        report(store, late, ok=True, received=65)
    assert seconds(told(store, 70)) == (70, 0, 0)


@on_each_engine
def test_maintenance_and_pauses_count_neither_way(store: Store) -> None:
    monitor_id = watch(store)
    check(store, ".x")
    store.windows.add(Window(kind="maintenance", all=True, duration=30), now=at(20))
    store.maintenance.review(now=at(20), channels=CHANNELS)
    check(store, "xxx", start=20)
    store.maintenance.review(now=at(50), channels=CHANNELS)
    check(store, "x.", start=50)
    assert seconds(told(store, 70)) == (40, 20, 1)
    paused = Policy.model_validate({"name": "shop", "url": "http://shop/", "interval": 10, "enabled": False})
    store.monitors.replace(monitor_id, paused, now=at(70), channels=CHANNELS)
    assert seconds(told(store, 900)) == (40, 20, 1)


@on_each_engine
def test_an_outage_that_outlives_its_window_counts_from_its_end(store: Store) -> None:
    watch(store)
    check(store, ".")
    store.windows.add(Window(kind="maintenance", all=True, duration=20), now=at(5))
    store.maintenance.review(now=at(5), channels=CHANNELS)
    check(store, "xx", start=10)
    store.maintenance.review(now=at(25), channels=CHANNELS)
    check(store, "x.", start=30)
    assert seconds(told(store, 50)) == (5 + 25, 15, 1)


@on_each_engine
@pytest.mark.parametrize("is_reviewed", [True, False])
def test_maintenance_counts_from_its_beginning_to_its_end(store: Store, is_reviewed: bool) -> None:
    """However late a review, or an event, notices it."""
    watch(store)
    store.windows.add(Window(kind="maintenance", all=True, starts_at=at(23), duration=20), now=at(0))
    check(store, ".xx")
    if is_reviewed:
        store.maintenance.review(now=at(26), channels=CHANNELS)
    check(store, "xx", start=30)
    store.maintenance.review(now=at(47), channels=CHANNELS)
    check(store, "x.", start=50)
    assert seconds(told(store, 70)) == (50, (23 - 10) + (60 - 43), 1)


@on_each_engine
def test_an_alert_resolved_by_hand_ends_then(store: Store) -> None:
    watch(store, failure_threshold=2)
    check(store, "xx")
    move(store, 1, "RESOLVED", 15)
    check(store, ".", start=20)
    assert seconds(told(store, 30)) == (30, 15, 1)


@pytest.mark.slow
@on_each_engine
def test_it_is_known_for_as_long_as_changes_are_kept(store: Store) -> None:
    watch(store)
    check(store, ".x.")
    keep = Retention(events=A_DAY, rollups=400 * A_DAY, alerts=A_DAY)
    for day in range(1, 420):
        report(store, day * A_DAY, ok=True, received=day * A_DAY)
    # The newest alert is always kept.
    for seconds_later, ok in ((0, False), (30, True)):
        later = 100 * A_DAY + seconds_later
        report(store, later, ok=ok, received=419 * A_DAY, monitor="another")
    store.upkeep.run(keep, now=at(399 * A_DAY), seconds=60, pause=lambda _: None)
    assert (rows(store, "SELECT id FROM alerts"), len(rows(store, "SELECT id FROM events")) < 30) == ([(2,)], True)
    assert seconds(told(store, 60)) == (50, 10, 1)
    store.upkeep.run(keep, now=at(419 * A_DAY), seconds=60, pause=lambda _: None)
    assert seconds(told(store, 410 * A_DAY + 60, since=410 * A_DAY)) == (30, 0, 0)


@on_each_engine
def test_a_store_of_a_former_version_has_its_history_from_its_last_change_on(store: Store) -> None:
    watch(store)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET state = 'UP', last_checked_at = '2025-01-08T12:00:00.000Z'")
    assert seconds(told(store, 60)) == (30, 0, 0)


GAPS = st.sampled_from((1, 7.25, 10, 29.999, 30, 31, 95))
DELAYS = st.sampled_from((0, 0, 5, 60))


@on_each_engine
def test_nothing_is_known_of_the_time_before_the_first_check(store: Store) -> None:
    watch(store)
    check(store, ".x.")
    assert seconds(told(store, -10, since=-500, now=30)) == (0, 0, 0)
    assert seconds(told(store, 10, since=-500, now=30)) == (10, 0, 0)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[float, bool, float]]:
    """Checks in order: when, with which result, and when each is received, in seconds after noon."""
    found, moment, received = [], 0.0, 0.0
    for gap, ok, delay in draw(st.lists(st.tuples(GAPS, st.booleans(), DELAYS), min_size=1, max_size=25)):
        moment += gap
        received = max(received, moment + delay)
        found.append((moment, ok, received))
    return found


def model(
    checks: Sequence[tuple[float, bool]],
    failures: int,
    successes: int,
    longest: float,
    end: float,
    span: tuple[float, float] = (-math.inf, math.inf),
) -> tuple[float, float, int]:
    """Known, down and outages in a span of time, found run by run. ``longest``: how long a check may take."""
    first, last = span[0], min(span[1], end)
    known = [
        (max(moment, first), min(following, moment + 2 * INTERVAL + max(INTERVAL, longest), last))
        for moment, following in itertools.pairwise([*(each for each, _ in checks), end])
    ]
    known = [(starts, ends) for starts, ends in known if starts < ends]
    outages: list[tuple[float, float]] = []
    opened_at = None
    for ok, run in itertools.groupby(checks, key=lambda each: each[1]):
        moments = [moment for moment, _ in run]
        if not ok and opened_at is None and len(moments) >= failures:
            opened_at = moments[0]
        elif ok and opened_at is not None and len(moments) >= successes:
            outages.append((opened_at, moments[0]))
            opened_at = None
    if opened_at is not None:
        outages.append((opened_at, end))
    down = sum(max(0, min(ends, until) - max(starts, since)) for starts, ends in known for since, until in outages)
    return sum(ends - starts for starts, ends in known), down, sum(first <= began < last for began, _ in outages)


_numbers = itertools.count()


@pytest.mark.slow
@settings(max_examples=40)
@given(stories(), st.integers(1, 3), st.integers(1, 3), st.sampled_from((5, 75)), st.booleans())
def test_any_story_counts_as_a_slow_model_counts_it(
    store: Store, story: list[tuple[float, bool, float]], failures: int, successes: int, longest: int, is_reviewed: bool
) -> None:
    name, store = f"m{next(_numbers)}", Store(store.database, NEVER_FLAPS)
    monitor_id = watch(store, name, failure_threshold=failures, success_threshold=successes, timeout=longest)
    for moment, ok, received in story:
        if is_reviewed:
            store.lapses.review(now=at(received))
        store.events.add([event(moment, ok=ok, monitor=name)], received_at=at(received), channels={})
    end = max(story[-1][0] + 100, story[-1][2])
    expected = model([(moment, ok) for moment, ok, _ in story], failures, successes, longest, end)
    assert seconds(told(store, end, monitor_id=monitor_id)) == pytest.approx(expected)
    # However it is cut, the parts make the whole.
    cut: list[datetime] = edges(NOON - timedelta(seconds=30), at(end), "minute")
    parts = store.history.of_monitor(monitor_id, cut, "minute", now=at(end))
    total = Availability()
    for part in parts:
        total = total.plus(part.availability)
    assert seconds(total) == pytest.approx(expected)
    assert (sum(part.counts.checks for part in parts), sum(part.counts.failures for part in parts)) == (
        len(story),
        sum(not ok for _, ok, _ in story),
    )
