"""The order of a timeline, and which checks are worth a line in it."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.timeline import Moment, Place, Source, page_of, place_of, standing, worth_a_line
from shared.history.uptime import Change, spans


def rows(outcomes: str) -> list[dict[str, Any]]:
    """Checks one after the other: ``+`` succeeded, any other failed, or says nothing."""
    return [{"id": number, "is_success": outcome == "+"} for number, outcome in enumerate(outcomes, start=1)]


@pytest.mark.parametrize(
    ("checks", "worth"),
    [
        ("", []),
        ("+", [1]),
        ("++", [1, 2]),
        # The first and the last of a row.
        ("++++", [1, 4]),
        ("+++-+++", [1, 3, 4, 5, 7]),
        # Each failure, and each check that says nothing.
        ("----", [1, 2, 3, 4]),
        ("+++??+++", [1, 3, 4, 5, 6, 8]),
        ("+-+-+", [1, 2, 3, 4, 5]),
    ],
)
def test_successes_in_a_row_are_left_out_but_for_two(checks: str, worth: list[int]) -> None:
    assert [row["id"] for row in worth_a_line(rows(checks), None, None)] == worth


@pytest.mark.slow
@given(st.text("+-?", max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_a_part_leaves_out_what_the_whole_does(checks: str, start: int, end: int) -> None:
    everything = rows(checks)
    part = everything[start:end]
    before = everything[start - 1] if part and start else None
    following = everything[end] if part and end < len(everything) else None
    whole = worth_a_line(everything, None, None)
    assert worth_a_line(part, before, following) == [row for row in part if row in whole]


def changes(*said: tuple[int, str, str]) -> list[dict[str, Any]]:
    """Changes in the order in which they were noticed: each with its second, and its states."""
    return [
        {"id": number, "at": f"2025-01-08T12:00:{second:02}.000Z", "from_state": before, "to_state": after}
        for number, (second, before, after) in enumerate(said, start=1)
    ]


def shown(rows: Sequence[Mapping[str, Any]]) -> list[tuple[int, str, str]]:
    return [(int(row["at"][17:19]), row["from_state"], row["to_state"]) for row in rows]


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ([(0, "UNKNOWN", "UP"), (30, "UP", "DOWN")], [(0, "UNKNOWN", "UP"), (30, "UP", "DOWN")]),
        # Nobody had heard of it, until reports came that were on their way: it was UP all the time.
        ([(0, "UNKNOWN", "UP"), (30, "UP", "UNKNOWN"), (10, "UNKNOWN", "UP")], [(0, "UNKNOWN", "UP")]),
        # They say that it failed, and that it recovered.
        (
            [(0, "UNKNOWN", "UP"), (30, "UP", "UNKNOWN"), (10, "UNKNOWN", "DOWN"), (20, "DOWN", "UP")],
            [(0, "UNKNOWN", "UP"), (10, "UP", "DOWN"), (20, "DOWN", "UP")],
        ),
        # Another location noticed later what was earlier.
        (
            [(0, "UP", "PENDING"), (20, "PENDING", "DOWN"), (10, "DOWN", "UP")],
            [(0, "UP", "PENDING"), (10, "PENDING", "UP")],
        ),
        # At one time, each change holds.
        ([(0, "UP", "DOWN"), (0, "DOWN", "UP")], [(0, "UP", "DOWN"), (0, "DOWN", "UP")]),
        ([], []),
    ],
)
def test_a_change_is_left_out_that_a_later_report_corrects(
    said: list[tuple[int, str, str]], holds: list[tuple[int, str, str]]
) -> None:
    assert shown(standing(changes(*said))) == holds


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["UP", "DOWN", "PENDING"])), max_size=9), st.data())
def test_the_changes_that_hold_say_how_it_was(said: list[tuple[int, str]], data: st.DataObject) -> None:
    """As availability counts it, whatever part of them a page shows."""
    pairs = itertools.pairwise([(0, "UP"), *said])
    rows = changes(*((second, before, after) for (_, before), (second, after) in pairs if before != after))
    ordered = sorted(rows, key=lambda row: (row["at"], row["id"]))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(rows)), st.integers(0, len(rows)))))
    part, whole = ordered[start:end], standing(ordered)
    before = max(ordered[:start], key=lambda row: row["id"], default=None)
    assert standing(part, before) == [row for row in whole if row["id"] in {row["id"] for row in part}]
    noticed = [Change(second, after) for second, _, after in shown(rows)]
    told = [*shown(whole), (30, "", "")]
    for state in ("UP", "DOWN", "PENDING"):
        counted = spans("", noticed, since=0, until=30, states=(state,))
        held = [(since, until) for (since, _, to), (until, *_) in itertools.pairwise(told) if to == state]
        assert _seconds(held) == _seconds([(span.starts_at, span.ends_at) for span in counted])


def _seconds(spans: list[tuple[int, int]]) -> set[int]:
    return {second for since, until in spans for second in range(since, until)}


MOMENTS = [
    Moment(Place(f"2025-01-08T12:00:0{second}.000Z", source, row_id), {})
    for second in range(3)
    for source in Source
    for row_id in (1, 2)
]


@pytest.mark.slow
@given(st.permutations(MOMENTS), st.integers(1, 60))
def test_pages_follow_one_another_without_a_gap(moments: list[Moment], limit: int) -> None:
    found: list[Moment] = []
    place: Place | None = Place("", Source.WINDOW_ENDS, -1)
    while place is not None:
        behind = place
        # Each source goes on by a time and an id.
        left = [m for m in moments if (m.place.at, m.place.id) > behind.within(m.place.source)]
        page, place = page_of(left, limit)
        found += page
    assert found == MOMENTS


def test_what_lies_behind_the_horizon_waits_for_the_next_page() -> None:
    horizon = MOMENTS[4].place
    assert page_of(MOMENTS, 20, horizon) == (MOMENTS[:5], horizon)
    assert page_of(MOMENTS, 3, horizon) == (MOMENTS[:3], MOMENTS[2].place)


@pytest.mark.slow
@given(st.sampled_from(MOMENTS))
def test_a_place_can_be_written_and_read(moment: Moment) -> None:
    assert place_of(str(moment.place)) == moment.place


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "a~b~c", "2025~9~1", "2025-01-08T12:00:00.000Z~9~1", "2025-13-08T12:00:00.000Z~1~1"),
        *("2025-01-08T12:00:00.000Z~1~-1", "2025-01-08T12:00:00.000Z~1~9223372036854775808", "2025-01-08~1~1"),
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        place_of(text)
