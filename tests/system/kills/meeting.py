"""Whether the kills of a story came where they were meant to."""

import os
import re
from collections.abc import Iterable

from tests.torture.boundaries import Run

# With "make torture". Otherwise the ways take turns, and each story has a kill at what it is about and a few others.
IS_WHOLE = os.environ.get("EVERY_KILL") == "1"


def assert_met(run: Run, sides: Iterable[str], patterns: Iterable[str]) -> None:
    """Each pattern was met on each side, and nearly every kill came."""
    met = [boundary for boundary in run.boundaries if boundary not in run.unmet]
    for side in sides:
        for pattern in patterns:
            assert any(re.match(f"{side} .*{pattern}", boundary) for boundary in met), (side, pattern, run.boundaries)
    assert len(run.unmet) <= len(run.boundaries) / 4, run.unmet
