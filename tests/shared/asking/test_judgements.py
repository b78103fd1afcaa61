"""A check's line in a timeline says where it comes from and how it was judged, also if several locations vote."""

import itertools

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.history.timeline import Source
from shared.monitors.policy import Policy
from shared.store import Retention, Store
from tests.shared.asking.telling import DAY, lines, seen, watch
from tests.support.builders import NOON, at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import add, move, report, rows

PLACES = ("seoul", "tokyo", "paris")


@on_each_engine
def test_failures_are_counted_at_each_location(store: Store) -> None:
    watch(store, failure_threshold=3)
    seen(store, 10, seoul=True, tokyo=True, paris=True)
    seen(store, 70, seoul=False, tokyo=False, paris=False)
    seen(store, 130, seoul=False, tokyo=False)
    seen(store, 190, seoul=False, tokyo=False)
    assert lines(store)[2:] == [
        "failed (connection refused) from seoul, 1 of 3: PENDING",
        "failed (connection refused) from tokyo, 1 of 3",
        "failed (connection refused) from paris, 1 of 3",
        "failed (connection refused) from seoul, 2 of 3",
        "failed (connection refused) from tokyo, 2 of 3",
        "failed (connection refused) from seoul, 3 of 3, too few locations see it",
        "failed (connection refused) from tokyo, 3 of 3, enough locations see it: DOWN · alert 1",
    ]


@on_each_engine
def test_the_votes_are_said_in_each_language(store: Store) -> None:
    watch(store)
    seen(store, 10, seoul=True, tokyo=True, paris=True)
    seen(store, 70, seoul=False, tokyo=False)
    seen(store, 130, seoul=False, tokyo=True, paris=True)
    assert lines(store)[2:] == [
        "failed (connection refused) from seoul, too few locations see it: PENDING",
        "failed (connection refused) from tokyo, enough locations see it: DOWN · alert 1",
        "failed (connection refused) from seoul",
        "succeeded (HTTP 200) from tokyo: PENDING · alert 1 resolved",
        "succeeded (HTTP 200) from paris",
    ]
    assert lines(store, "ko")[2:5] == [
        "seoul에서 실패 (connection refused), 장애로 보는 위치가 너무 적음: PENDING",
        "tokyo에서 실패 (connection refused), 장애로 보는 위치가 충분함: DOWN · alert 1",
        "seoul에서 실패 (connection refused)",
    ]


@on_each_engine
def test_a_location_that_recovers_first_says_that_others_do_not(store: Store) -> None:
    watch(store, success_threshold=2)
    seen(store, 10, seoul=False, tokyo=False, paris=False)
    seen(store, 70, seoul=True, tokyo=True)
    seen(store, 130, seoul=True)
    assert lines(store)[-2:] == [
        "succeeded (HTTP 200) from seoul, 1 of 2",
        "succeeded (HTTP 200) from seoul, 2 of 2, enough locations see it",
    ]


@on_each_engine
def test_a_location_without_a_vote_says_so(store: Store) -> None:
    watch(store, locations=["seoul"])
    seen(store, 10, seoul=True, tokyo=False)
    assert lines(store)[1:] == ["failed (connection refused) from tokyo, its policy does not name this location"]


@on_each_engine
def test_a_threshold_that_changes_leaves_former_counts(store: Store) -> None:
    watch(store, failure_threshold=2)
    for seconds in (10, 70):
        report(store, seconds, ok=False, received=seconds)
    policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "interval": "60s", "failure_threshold": 9})
    store.monitors.replace(1, policy, now=at(80), channels={})
    move(store, 1, "RESOLVED", 90)
    report(store, 130, ok=False, received=130)
    assert [line for line in lines(store) if line.startswith("failed")] == [
        "failed (connection refused), 1 of 2: PENDING",
        "failed (connection refused), 2 of 2: DOWN · alert 1",
        "failed (connection refused), 1 of 9",
    ]


@pytest.mark.slow
@on_each_engine
@given(
    checks=st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from("+--?"), st.integers(0, 90), st.integers(0, 400)),
        max_size=20,
    ),
    policy=st.fixed_dictionaries(
        {
            "failure_threshold": st.integers(1, 3),
            "success_threshold": st.integers(1, 2),
            "quorum": st.sampled_from(["majority", 1, 2]),
            "locations": st.sampled_from([None, ["seoul", "tokyo"]]),
        }
    ),
)
@settings(max_examples=20, phases=[Phase.generate])
def test_a_line_has_the_reason_of_the_decision(
    store: Store, checks: list[tuple[str, str, int, int]], policy: dict[str, object]
) -> None:
    """Checks of three locations arrive in any order. The time goes on from example to example."""
    [(begun,)] = rows(store, "SELECT count(*) FROM monitors")
    name = f"m{begun}"
    store.monitors.add(Policy.model_validate({"name": name, "url": "http://m/", "interval": "60s"} | policy), now=NOON)
    times = itertools.accumulate(pause for _, _, pause, _ in checks)
    sent = [
        (seconds + late, event(seconds, ok=said == "+", is_inconclusive=said == "?", monitor=name, location=place))
        for (place, said, _, late), seconds in zip(checks, times, strict=True)
    ]
    decided = {}
    for received, each in sorted(sent, key=lambda pair: pair[0]):
        [found] = add(store, each, received=received)
        decided[found.id] = found.reason
    page = store.timelines.page(int(str(begun)) + 1, since=NOON, until=at(DAY), limit=500)
    for moment in page.moments:
        if moment.place.source is Source.CHECK:
            row, reason = moment.row, decided[moment.place.id]
            is_too_old = not row["event"]["is_success"] and reason == "healthy"
            assert row["reason"] == ("late" if is_too_old else reason)
        elif moment.place.source is Source.STATE_CHANGE and moment.row["event_id"] is not None:
            assert moment.row["reason"] == decided[moment.row["event_id"]]


@on_each_engine
def test_how_checks_were_judged_goes_with_them(store: Store) -> None:
    watch(store)
    seen(store, 10, seoul=True)
    seen(store, 70, seoul=False)
    seen(store, 130, seoul=True)
    seen(store, 190, seoul=True)
    assert rows(store, "SELECT id, reason, number, threshold FROM judgements") == [
        (2, "threshold_met", 1, 1),
        (3, "recovered", 1, 1),
    ]
    week = Retention(events=7 * DAY, rollups=400 * DAY, alerts=400 * DAY)
    store.upkeep.run(week, now=at(9 * DAY), seconds=60, pause=lambda _: None)
    assert rows(store, "SELECT id FROM events") == [(4,)], "the newest one stays"
    assert rows(store, "SELECT id FROM judgements") == []
