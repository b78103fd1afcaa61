"""A timeline after events that waited at their agent, and show how a monitor was while nobody heard of it."""

import itertools

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.history.timeline import Moment, Place, Source
from shared.monitors.policy import Policy
from shared.store import Store
from tests.shared.asking.telling import DAY, lines, watch
from tests.support.builders import NOON, at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import report, rows

pytestmark = on_each_engine


def waited(store: Store, checks: dict[int, bool], received: int = 900) -> None:
    """The monitor was UP, nobody heard of it for long, and then all these checks arrive."""
    watch(store)
    report(store, 0, ok=True, received=0)
    assert store.lapses.review(now=at(600)) == ["shop"]
    for seconds, ok in checks.items():
        report(store, seconds, ok=ok, received=received)


def test_what_a_backlog_corrects_is_left_out(store: Store) -> None:
    waited(store, dict.fromkeys(range(60, 901, 60), True))
    assert lines(store) == ["succeeded (HTTP 200): UP", "succeeded (HTTP 200)"]


def test_an_outage_that_a_backlog_shows_is_told_in_order(store: Store) -> None:
    waited(store, {60: True, 120: False, 300: True, 360: True})
    assert lines(store) == [
        "succeeded (HTTP 200): UP",
        "succeeded (HTTP 200)",
        "failed (connection refused): DOWN · alert 1",
        "succeeded (HTTP 200): UP · alert 1 resolved",
        "succeeded (HTTP 200)",
    ]


def test_a_time_without_checks_is_told(store: Store) -> None:
    """The backlog ends before the time at which nobody knew any more: it is later than was noticed."""
    waited(store, {60: True, 120: True})
    assert store.lapses.review(now=at(900)) == ["shop"]
    assert lines(store) == [
        "succeeded (HTTP 200): UP",
        "succeeded (HTTP 200)",
        "UP → UNKNOWN: nobody has checked it lately",
    ]


def _walked(store: Store, monitor_id: int, limit: int) -> list[Moment]:
    found: list[Moment] = []
    after: Place | None = None
    while True:
        page = store.timelines.page(monitor_id, since=NOON, until=at(DAY), limit=limit, after=after)
        found += page.moments
        after = page.next
        if after is None:
            return found


@pytest.mark.slow
@given(
    story=st.lists(st.tuples(st.integers(0, 1200), st.booleans(), st.integers(0, 900)), max_size=14),
    threshold=st.integers(1, 2),
    limit=st.integers(1, 9),
)
@settings(max_examples=25, phases=[Phase.generate])
def test_each_state_follows_from_the_one_before(
    store: Store, story: list[tuple[int, bool, int]], threshold: int, limit: int
) -> None:
    """Any waits, and pages of any size. The last one is the monitor's."""
    [(begun,)] = rows(store, "SELECT count(*) FROM monitors")
    monitor_id, name = int(str(begun)) + 1, f"m{begun}"
    policy = {"name": name, "url": "http://m/", "interval": "30s", "failure_threshold": threshold}
    store.monitors.add(Policy.model_validate(policy), now=NOON)
    for seconds, ok, late in sorted(story, key=lambda check: check[0] + check[2]):
        store.lapses.review(now=at(seconds + late))
        place = "seoul" if late % 2 else "tokyo"
        store.events.add(
            [event(seconds, ok=ok, monitor=name, location=place)], received_at=at(seconds + late), channels={}
        )
    whole = _walked(store, monitor_id, 1_000)
    assert _walked(store, monitor_id, limit) == whole
    states = [
        (moment.row["from_state"], moment.row["to_state"])
        for moment in whole
        if moment.place.source is Source.STATE_CHANGE
    ]
    assert all(former[1] == later[0] for former, later in itertools.pairwise(states))
    assert all(before != after for before, after in states)
    [(state,)] = rows(store, f"SELECT state FROM monitors WHERE id = {monitor_id}")
    assert [after for _, after in states][-1:] in ([], [state])
