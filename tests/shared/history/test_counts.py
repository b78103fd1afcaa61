"""Checks, failures and response times of any span: from rollups, from events, and from what is not folded yet."""

import itertools
import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from shared.history.buckets import Step, edges, neighbours
from shared.models import Event
from shared.monitors.policy import Policy
from shared.store import Retention, Store
from shared.store.asking.history import Measured
from tests.support.builders import NOON, at, event
from tests.support.store.engines import on_each_engine

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
HALF_AN_HOUR = timedelta(minutes=30)
A_WEEK = Retention(events=7 * A_DAY, rollups=400 * A_DAY, alerts=400 * A_DAY)
GROUPS = {"a": "Web", "b": "Web", "c": "API", "d": None}


def keep(store: Store, days: float, retention: Retention = A_WEEK) -> None:
    store.upkeep.run(retention, now=at(days * A_DAY), seconds=math.inf, pause=lambda _: None)


def fill(store: Store, days: float, seed: int = 1) -> list[Event]:
    """Checks of four monitors in three groups, every ten minutes or so, received up to half an hour late."""
    dice = random.Random(seed)  # the same in each run
    for name, group in GROUPS.items():
        store.monitors.add(Policy(name=name, url=f"http://{name}/", group=group), now=NOON)
    made = [
        event(
            dice.uniform(0, days * A_DAY),
            ok=dice.random() < 0.9,
            monitor=dice.choice("abcd"),
            response_time_ms=round(dice.lognormvariate(4, 1), 3),
            dns_ms=round(dice.uniform(0.5, 5), 3) if dice.random() < 0.8 else None,
        )
        for _ in range(int(days * 144))
    ]
    made.sort(key=lambda each: each.timestamp)
    # A transaction for each event would take most of the test's time.
    for half_hours, events in itertools.groupby(made, lambda each: (each.timestamp - NOON) // HALF_AN_HOUR):
        store.events.add(list(events), received_at=NOON + (half_hours + 1) * HALF_AN_HOUR, channels={})
    return made


def expected(events: Sequence[Event], cut: Sequence[datetime]) -> list[tuple[int, int]]:
    """Checks and failures of each bucket, event by event."""
    found = []
    for start, end in neighbours(cut):
        inside = [each for each in events if start <= each.timestamp < end]
        found.append((len(inside), sum(not each.is_success for each in inside)))
    return found


def counted(buckets: Sequence[Measured]) -> list[tuple[int, int]]:
    return [(each.counts.checks, each.counts.failures) for each in buckets]


def percentile(events: Sequence[Event], share: float) -> float:
    times = sorted(each.response_time_ms for each in events if each.response_time_ms is not None)
    return times[max(1, math.ceil(share * len(times))) - 1]


SPANS: list[tuple[Step, float, float]] = [
    ("day", 0, 3),
    ("day", -0.5, 2.5),
    ("day", 0.3001, 2.7003),
    ("day", 1.0207, 1.0212),
    ("whole", 0, 3),
    ("whole", 0.3001, 2.7003),
    ("hour", 0.5, 1.5),
    ("hour", 0.4999, 1.2345),
    ("hour", 2.9, 3.2),
    ("minute", 1.01, 1.5),
    ("minute", 2.9, 3.0004),
]


@on_each_engine
def test_counts_are_true_before_and_after_folding(store: Store) -> None:
    events = fill(store, 3)
    for folded in (0.0, 1.7, 3.5):
        keep(store, folded)
        for step, since, until in SPANS:
            cut = edges(at(since * A_DAY), at(until * A_DAY), step)
            for monitor_id, name in enumerate(GROUPS, start=1):
                own = [each for each in events if each.monitor == name]
                found = store.history.of_monitor(monitor_id, cut, step, now=at(3 * A_DAY))
                assert counted(found) == expected(own, cut), (step, since, until, folded)
            groups = store.history.of_groups(cut, step, now=at(3 * A_DAY))
            for group in (None, "API", "Web"):
                own = [each for each in events if group in (None, GROUPS[each.monitor])]
                assert counted([each for each in groups if each.group == group]) == expected(own, cut)


@on_each_engine
def test_percentiles_are_near_the_exact_ones(store: Store) -> None:
    events = fill(store, 3)
    keep(store, 2)
    cut = edges(at(0), at(3 * A_DAY), "day")
    found = store.history.of_groups(cut, "day", group="Web", now=at(3 * A_DAY))
    assert [each.group for each in found] == ["Web"] * 4
    for (start, end), bucket in zip(neighbours(cut), found, strict=True):
        own = [each for each in events if start <= each.timestamp < end and GROUPS[each.monitor] == "Web"]
        for share in (0.5, 0.95, 0.99):
            exact = percentile(own, share)
            assert bucket.counts.phases["response_time_ms"].percentile(share) == pytest.approx(exact, rel=0.025)
        assert bucket.counts.slowest_ms == max(each.response_time_ms or 0 for each in own)


@on_each_engine
def test_counts_stay_when_the_events_are_gone(store: Store) -> None:
    events = fill(store, 3)
    keep(store, 100)
    cut = edges(at(-0.5 * A_DAY), at(3.5 * A_DAY), "day")
    found = store.history.of_groups(cut, "day", now=at(100 * A_DAY))
    assert counted([each for each in found if each.group is None]) == expected(events, cut)


@on_each_engine
def test_an_hour_whose_events_are_gone_counts_where_it_begins(store: Store) -> None:
    events = fill(store, 1)
    keep(store, 30)
    since, until = NOON + timedelta(hours=3, minutes=20), NOON + timedelta(hours=8, minutes=20)
    cut = edges(since, until, "day")
    whole = edges(NOON + timedelta(hours=4), NOON + timedelta(hours=9), "day")
    found = store.history.of_monitor(1, cut, "day", now=at(30 * A_DAY))
    assert counted(found) == expected([each for each in events if each.monitor == "a"], whole)


@on_each_engine
def test_a_day_whose_hours_are_gone_counts_where_it_begins(store: Store) -> None:
    """As in months of other zones than UTC, 90 days later."""
    events = fill(store, 3)
    keep(store, 100)
    since, until = NOON + timedelta(hours=3), NOON + timedelta(hours=51)
    midnights = [NOON + timedelta(hours=12), NOON + timedelta(hours=60)]
    found = store.history.of_monitor(1, [since, until], "whole", now=at(100 * A_DAY))
    assert counted(found) == expected([each for each in events if each.monitor == "a"], midnights)
