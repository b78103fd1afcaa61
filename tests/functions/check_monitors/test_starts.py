"""The checks of a lasting run that start together."""

from typing import Any

import pytest

from functions.check_monitors.due_checks import start_together


@pytest.mark.parametrize(
    ("due", "started"),
    [
        ([], 0),
        ([0.1], 0),  # none starts much before its time
        ([0.0, 0.06, 0.1], 2),  # a few start together: each wake costs more than a start
        ([-1.0, 0.0, 0.03, 0.04, 0.05], 4),  # but few, so that they do not wait for each other
        ([0.0] * 10 + [0.01, 0.05], 11),  # whatever is due at once starts at once
    ],
)
def test_checks_that_are_due_close_together_start_together(due: list[float], started: int) -> None:
    waiting: Any = [(100.0 + seconds, place, f"m{place}") for place, seconds in enumerate(due)]
    taken: list[Any] = [*start_together(waiting, 100.0)]
    assert taken == [f"m{place}" for place in range(started)]
    assert [name for _, _, name in sorted(waiting)] == [f"m{place}" for place in range(started, len(due))]
