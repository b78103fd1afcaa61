"""Availability of the time whose changes of state are pruned: nobody knows it, and nothing is invented."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models import as_text
from shared.store import Retention, Store
from tests.shared.history.test_availability import A_DAY, check, model, seconds, stories, told, watch
from tests.support.builders import NEVER_FLAPS, at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import rows

# Midnight, in seconds after noon. The kept part begins with a day.
MIDNIGHT = 43_200.0
MONTHS = 90 * A_DAY
KNOWN_SINCE = "SELECT changes_since FROM folded"


def prune(store: Store, now: float, kept: float = 1) -> None:
    keep = Retention(events=A_DAY, rollups=kept, alerts=A_DAY)
    store.upkeep.run(keep, now=at(now), seconds=math.inf, pause=lambda _: None)


def changes(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT to_state FROM state_changes ORDER BY id")


@on_each_engine
def test_an_outage_across_the_cut_says_nothing_of_the_time_before(store: Store) -> None:
    watch(store)
    check(store, ".x.xxx", start=MIDNIGHT - 40)
    check(store, "xx.", start=MIDNIGHT + 20)
    assert seconds(told(store, MIDNIGHT + 60, since=0)) == (100, 60, 2)
    prune(store, MIDNIGHT + 60)
    assert changes(store) == [("DOWN",), ("UP",)], "the newest before midnight says how it was at midnight"
    assert seconds(told(store, MIDNIGHT + 60, since=0)) == (60, 40, 0)
    assert told(store, MIDNIGHT, since=0, now=MIDNIGHT + 60).uptime is None
    assert told(store, -MONTHS, since=-2 * MONTHS, now=MIDNIGHT + 60).uptime is None


@on_each_engine
def test_a_monitor_that_never_changed_is_known_where_changes_are_kept(store: Store) -> None:
    watch(store, interval=A_DAY)
    check(store, ".")
    prune(store, MIDNIGHT + A_DAY, kept=A_DAY)
    assert changes(store) == [("UP",)]
    assert seconds(told(store, A_DAY)) == (A_DAY - MIDNIGHT, 0, 0)
    assert rows(store, KNOWN_SINCE) == [(as_text(at(MIDNIGHT)),)]
    assert store.history.recorded_since(1) == as_text(at(MIDNIGHT))
    bars = store.boards.past([at(0), at(MIDNIGHT), at(A_DAY)], now=at(A_DAY))[1]
    assert [bar.known_ms for bar in bars] == [0, (A_DAY - MIDNIGHT) * 1000]


@on_each_engine
def test_where_a_former_version_pruned_nothing_is_invented(store: Store) -> None:
    """It deleted every change before its cut: before the first one that is left nobody knows anything."""
    watch(store)
    check(store, ".xx.")
    watch(store, "quiet")
    check(store, "..", monitor="quiet")
    with store.database.transaction() as transaction:
        transaction.rows("DELETE FROM state_changes WHERE to_state = 'DOWN' OR from_state = 'UNKNOWN'")
    assert seconds(told(store, 60)) == (30, 0, 0), "since the recovery"
    assert seconds(told(store, 20, now=60)) == (0, 0, 0)
    assert seconds(told(store, 60, monitor_id=2)) == (40, 0, 0), "since it came into its state"
    assert told(store, 0, since=-MONTHS, now=60, monitor_id=2).uptime is None
    assert [store.history.recorded_since(number) for number in (1, 2)] == [as_text(at(30)), as_text(at(0))]
    assert store.history.recorded_since(watch(store, "new")) is None


@on_each_engine
def test_a_clock_that_was_ahead_does_not_hide_what_comes(store: Store) -> None:
    watch(store)
    check(store, ".")
    prune(store, 800 * A_DAY, kept=400 * A_DAY)
    check(store, ".x", start=60)
    prune(store, 70, kept=400 * A_DAY)
    assert rows(store, KNOWN_SINCE) == [(as_text(at(70)),)]
    assert seconds(told(store, 90)) == (20, 20, 1)


@on_each_engine
def test_an_outage_that_begins_with_the_time_in_question_is_one_of_it(store: Store) -> None:
    watch(store)
    check(store, ".xx.")
    assert [seconds(told(store, 60, since=since)) for since in (9, 10, 11)] == [(51, 20, 1), (50, 20, 1), (49, 19, 0)]


_numbers = itertools.count()


@pytest.mark.slow
@settings(max_examples=40)
@given(stories(), st.integers(1, 3), st.integers(1, 3), st.integers(0, 400), st.booleans())
def test_any_story_is_known_from_the_cut_on(
    store: Store, story: list[tuple[float, bool, float]], failures: int, successes: int, begins: int, is_reviewed: bool
) -> None:
    name, store = f"p{next(_numbers)}", Store(store.database, NEVER_FLAPS)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE folded SET changes_since = NULL")
    monitor_id = watch(store, name, failure_threshold=failures, success_threshold=successes, timeout=5)
    start = MIDNIGHT - begins
    for moment, ok, received in story:
        if is_reviewed:
            store.lapses.review(now=at(start + received))
        store.events.add([event(start + moment, ok=ok, monitor=name)], received_at=at(start + received), channels={})
    end = max(start + max(story[-1][0] + 100, story[-1][2]), MIDNIGHT + 1)
    checks = [(start + moment, ok) for moment, ok, _ in story]
    parts = ((start - 30, MIDNIGHT), (MIDNIGHT, end))
    for since, until in parts:
        found = seconds(told(store, until, since=since, now=end, monitor_id=monitor_id))
        assert found == pytest.approx(model(checks, failures, successes, 5, end, (since, until)))
    prune(store, end + 2)
    known = seconds(told(store, end, since=start - 30, monitor_id=monitor_id))
    assert known == pytest.approx(model(checks, failures, successes, 5, end, parts[1]))
    assert told(store, MIDNIGHT, since=start - 30, now=end, monitor_id=monitor_id).uptime is None
