"""Due times: whoever computes them, in whatever spans, finds each of them once."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.monitors.due import due_between, is_overdue, next_due


@pytest.mark.slow
@settings(max_examples=200)
@given(
    name=st.text(max_size=8),
    interval=st.floats(0.1, 90_000),
    start=st.floats(0, 2e9),
    spans=st.lists(st.floats(0.001, 500), min_size=1, max_size=20),
)
def test_spans_give_each_due_time_to_one_of_them(
    name: str, interval: float, start: float, spans: Sequence[float]
) -> None:
    found, at_ = [], start
    for span in spans:
        due = due_between(name, interval, at_, at_ + span)
        found += [] if due is None else [due]
        at_ += span
    assert found == sorted(set(found))
    for due in found:
        assert next_due(name, interval, due) - due == pytest.approx(interval, abs=1e-3)
    # The last one of all is the last one that a single span would have found.
    assert (found[-1] if found else None) == pytest.approx(due_between(name, interval, start, at_))


@pytest.mark.parametrize(
    ("last_checked_at", "is_due"), [(None, True), (100.0, False), (40.0, False), (39.9, True), (1000.0, False)]
)
def test_what_was_not_checked_for_two_intervals_is_due(last_checked_at: float | None, is_due: bool) -> None:
    assert is_overdue(last_checked_at, 30.0, 100.0) is is_due


def test_the_starts_of_many_monitors_spread_evenly() -> None:
    tenths = [int((due_between(f"monitor {number}", 60.0, 0.0, 60.0) or 0.0) // 6) for number in range(2_000)]
    assert all(150 < tenths.count(tenth) < 250 for tenth in range(10))
