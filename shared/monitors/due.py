"""When a monitor's checks are due: at ``phase + k * interval``, the same for everybody who computes it. Pure.

The phase follows from the name, so the starts of many monitors spread evenly, and no scheduler has to remember them.
Times are seconds since 1970.
"""

import functools
import hashlib
import math
from datetime import UTC, datetime
from typing import NamedTuple

from shared.models.times import utc

# A monitor that was not checked for so many intervals is due at once: a run has died, or nobody was there.
OVERDUE_INTERVALS = 2

# A run waits for what it has claimed. If runs are further apart, the next one finds the rest overdue.
_MAX_CLAIM_SECONDS = 60.0
# In a cloud it does not wait, and claims everything until the next run, as far ahead as a claim may.
_MAX_CLAIM_SECONDS_IN_CLOUD = 3600.0

# A ping may come so much later than expected, unless its heartbeat says otherwise.
GRACE_SECONDS = 60.0


class Due(NamedTuple):
    """A check that falls due ``at`` this time."""

    name: str
    at: float


def time_of(at: float) -> datetime:
    """A due time, as everything else writes times."""
    return utc(datetime.fromtimestamp(at, UTC))


def due_between(name: str, interval: float, start: float, end: float) -> float | None:
    """The last due time in ``[start, end)``; None if there is none. A gap of several intervals asks for one check."""
    at = _time(name, interval, _last_before(name, interval, end))
    return at if at >= start else None


def next_due(name: str, interval: float, after: float) -> float:
    """The first due time after ``after``."""
    number = _last_before(name, interval, after)
    while (at := _time(name, interval, number)) <= after:
        number += 1
    return at


def _last_before(name: str, interval: float, end: float) -> int:
    """The number of the last due time before ``end``."""
    number = math.ceil(end / interval - _share(name)) - 1
    # Floating point may land on the wrong side of an edge: then a check would be claimed twice, or never.
    while _time(name, interval, number) >= end:
        number -= 1
    while _time(name, interval, number + 1) < end:
        number += 1
    return number


def _time(name: str, interval: float, number: int) -> float:
    """The due time with this number: the same whichever function asks, to the last bit."""
    return (_share(name) + number) * interval


def is_overdue(last_checked_at: float | None, interval: float, now: float) -> bool:
    """Whether a monitor that was last checked then, or never, is due at once."""
    return last_checked_at is None or now - last_checked_at > OVERDUE_INTERVALS * interval


def longest_claim(*, is_in_cloud: bool) -> float:
    """How far ahead an agent claims at most, in seconds."""
    return _MAX_CLAIM_SECONDS_IN_CLOUD if is_in_cloud else _MAX_CLAIM_SECONDS


@functools.lru_cache(maxsize=65_536)
def _share(name: str) -> float:
    """The place in its interval at which a monitor is checked, from 0 to 1."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:6], "big") / 2**48
