"""The order of a timeline, and which checks are worth a line in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.timeline import (
    Check,
    Moment,
    Place,
    Source,
    counted,
    page_of,
    place_of,
    reason_of,
    worth_a_line,
)

OUTCOMES = {"+": (1, 0), "-": (0, 0), "?": (0, 1)}


def rows(outcomes: str, arrival: list[int] | None = None) -> list[dict[str, Any]]:
    """Checks one after the other: ``+`` succeeded, ``-`` failed, ``?`` says nothing. ``arrival``: their ids."""
    ids = arrival or list(range(1, len(outcomes) + 1))
    return [
        {
            "id": row_id,
            "timestamp": f"2025-01-08T12:00:{second:02}.000Z",
            "is_success": OUTCOMES[outcome][0],
            "is_inconclusive": OUTCOMES[outcome][1],
        }
        for second, (outcome, row_id) in enumerate(zip(outcomes, ids, strict=True))
    ]


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
    found = worth_a_line(counted(rows(checks)), None, None)
    assert [check.row["id"] for check in found] == worth


@given(st.text("+-?", max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_a_part_leaves_out_what_the_whole_does(checks: str, start: int, end: int) -> None:
    everything = rows(checks)
    part = everything[start:end]
    before = everything[start - 1] if part and start else None
    following = everything[end] if part and end < len(everything) else None
    whole = [check.row["id"] for check in worth_a_line(counted(everything), None, None)]
    found = worth_a_line(counted(part, everything[:start]), before, following)
    assert [check.row["id"] for check in found] == [row["id"] for row in part if row["id"] in whole]


def test_failures_in_a_row_are_counted_over_what_says_nothing() -> None:
    assert [(check.failures, check.successes) for check in counted(rows("+--?-+"))] == [
        *((0, 1), (1, 0), (2, 0), (2, 0), (3, 0), (0, 1)),
    ]
    five = rows("+----")
    assert [check.failures for check in counted(five[3:], five[:3])] == [3, 4]


@pytest.mark.parametrize(
    ("arrival", "late"),
    [
        ([1, 2, 3, 4], []),
        # The second one arrived last.
        ([1, 4, 2, 3], [4]),
        # The first two had come from a backlog as well.
        ([3, 4, 1, 2], [3, 4]),
    ],
)
def test_what_arrives_after_a_newer_check_is_late(arrival: list[int], late: list[int]) -> None:
    found = counted(rows("----", arrival))
    assert [check.row["id"] for check in found if check.is_late] == late
    assert max(check.failures for check in found) == 4 - len(late)


def test_at_one_time_the_later_arrival_is_not_late() -> None:
    same = [row | {"timestamp": "2025-01-08T12:00:00.000Z"} for row in rows("--", [1, 2])]
    assert not any(check.is_late for check in counted(same))


MOMENTS = [
    Moment(Place(f"2025-01-08T12:00:0{second}.000Z", source, row_id), {})
    for second in range(3)
    for source in Source
    for row_id in (1, 2)
]


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


@given(st.sampled_from(MOMENTS))
def test_a_place_can_be_written_and_read(moment: Moment) -> None:
    assert place_of(str(moment.place)) == moment.place


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "a~b~c", "2025~9~1", "2025-01-08T12:00:00.000Z~8~1", "2025-13-08T12:00:00.000Z~1~1"),
        *("2025-01-08T12:00:00.000Z~1~-1", "2025-01-08T12:00:00.000Z~1~9223372036854775808", "2025-01-08~1~1"),
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        place_of(text)


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        ("+", "UP", "healthy"),
        ("+", "DOWN", "recovering"),
        ("+", "MAINTENANCE", "maintenance"),
        ("-", "PENDING", "below_threshold"),
        ("-", "DOWN", "still_down"),
        ("-", "MAINTENANCE", "maintenance"),
        ("-", "PAUSED", "not_watched"),
        # Nobody recorded how the monitor was.
        ("-", None, None),
        ("+", None, None),
        ("?", None, "inconclusive"),
        ("?", "UNKNOWN", "inconclusive"),
    ],
)
def test_a_check_has_the_reason_of_the_state_that_it_left(outcome: str, state: str | None, reason: str | None) -> None:
    [check] = counted(rows(outcome))
    assert reason_of(check, state, None) == reason
    assert reason_of(check, state, {"reason": "threshold_met"}) == "threshold_met"
    assert reason_of(Check(check.row, 0, 0, is_late=True), state, None) == "late"
