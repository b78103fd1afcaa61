"""Waiting for an event instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(
    predicate: Callable[[], Found], seconds: float = 30.0, otherwise: Callable[[], object] = lambda: ""
) -> Found:
    """The predicate's first true value. AssertionError with the text of ``otherwise`` if there is none in time."""
    give_up_at = time.monotonic() + seconds
    pause = 0.02
    while not (found := predicate()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"still not so after {seconds:g} s\n{otherwise()}")
        time.sleep(pause)
        # Each question costs time that the system under test needs, so ask less often the longer it takes.
        pause = min(pause * 1.1, 0.1)
    return found
