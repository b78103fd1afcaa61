"""Availability by time: the computation against an obvious slow model, and a table of what counts how."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.uptime import KNOWN, Availability, Change, Span, measure, spans

END = 60
STATES = ("UP", "DOWN", "PENDING", "UNKNOWN", "MAINTENANCE", "PAUSED")
times = st.integers(-20, END + 20)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    at, state = draw(times), draw(st.sampled_from(STATES))
    earlier = draw(st.none() | st.integers(0, 30)) if state in ("UP", "DOWN") else None
    return Change(at, state, None if earlier is None else at - earlier)


def slow(initial: str, said: list[Change]) -> list[str]:
    """The state at each moment: every change is painted over what was there."""
    states = [initial] * END
    for change in said:
        for moment in range(END):
            former = "PENDING" if change.state == "DOWN" else "DOWN"
            counts_from = change.at if change.counts_from is None else change.counts_from
            began_earlier = counts_from <= moment < change.at and states[moment] == former
            if moment >= change.at or began_earlier:
                states[moment] = change.state
    return states


@pytest.mark.slow
@given(st.sampled_from(STATES), st.lists(changes(), max_size=12), st.lists(st.integers(0, END), min_size=2, max_size=6))
def test_it_is_what_a_slow_model_counts(initial: str, said: list[Change], edges: list[int]) -> None:
    edges = sorted(edges)
    states = slow(initial, said)
    found = measure(spans(initial, said, since=0, until=END), [], edges)
    for start, end, available in zip(edges, edges[1:], found, strict=False):
        known = [state for state in states[start:end] if state in KNOWN]
        assert available == Availability(len(known), known.count("DOWN"), 0)


@pytest.mark.parametrize(
    ("said", "down"),
    [
        # An outage counts from its first failing check, which was PENDING.
        ([Change(10, "PENDING"), Change(20, "DOWN", 10), Change(30, "UP", 30)], [(10, 30)]),
        # A run of failures that never opened is no downtime.
        ([Change(10, "PENDING"), Change(20, "UP")], []),
        # It ends with the first success of the run that resolved it.
        ([Change(10, "DOWN", 10), Change(30, "UP", 24)], [(10, 24)]),
        # Maintenance is left out, also if the first failing check lies in it.
        ([Change(10, "MAINTENANCE"), Change(20, "DOWN", 12), Change(30, "UP", 30)], [(20, 30)]),
        (
            [Change(10, "DOWN", 10), Change(15, "MAINTENANCE"), Change(20, "DOWN", 10), Change(30, "UP")],
            [(10, 15), (20, 30)],
        ),
        # The time in which nobody knew is left out as well.
        ([Change(10, "DOWN", 10), Change(15, "UNKNOWN"), Change(40, "UP", 40)], [(10, 15)]),
        # An event that was on its way disproves that nobody knew.
        ([Change(10, "DOWN", 10), Change(30, "UNKNOWN"), Change(20, "UP", 20)], [(10, 20)]),
    ],
)
def test_downtime_is(said: list[Change], down: list[tuple[int, int]]) -> None:
    merged: list[tuple[int, int]] = []
    for span in spans("UP", said, since=0, until=END):
        if span.is_down and merged and merged[-1][1] == span.starts_at:
            merged[-1] = (merged[-1][0], span.ends_at)
        elif span.is_down:
            merged.append((span.starts_at, span.ends_at))
    assert merged == down


def test_nothing_known_is_no_uptime() -> None:
    [nothing] = measure([], [], [0, 10])
    assert nothing.uptime is None
    assert Availability(100, 25).plus(Availability(100, 0, 1)) == Availability(200, 25, 1)
    assert Availability(200, 25).uptime == 0.875


def test_an_outage_counts_where_it_began() -> None:
    found = measure([Span(0, 30, True)], [-1, 0, 9, 10, 30], [0, 10, 20, 30])
    assert [each.outages for each in found] == [2, 1, 0]
