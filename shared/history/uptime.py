"""How available a monitor was, by time. Pure.

Times are whole milliseconds since 1970, so that sums are exact.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple, TypeVar

from shared.alerting.agents import known_for

Noticed = TypeVar("Noticed")
# As a number, or as the text of a time.
Moment = TypeVar("Moment", int, str)
# The states of a monitor that somebody checks. Every other state counts neither as up nor as down.
KNOWN = ("UP", "DOWN", "PENDING")


class Change(NamedTuple):
    """A monitor's state from ``at`` on, until the next change.

    ``counts_from``: since when it counts, if that is earlier: DOWN from the first failing check, UP from the first
    success of the run that ended an outage.
    """

    at: int
    state: str
    counts_from: int | None = None


class Span(NamedTuple):
    """A time in which somebody knew how the monitor was. ``ends_at`` is not part of it."""

    starts_at: int
    ends_at: int
    is_down: bool


class Availability(NamedTuple):
    """For how long a monitor was known, and down; and how many outages began. Those of several can be added up."""

    known_ms: int = 0
    down_ms: int = 0
    outages: int = 0

    @property
    def uptime(self) -> float | None:
        """The share of the known time in which it was not down, 0 to 1; None if nothing is known."""
        return 1 - self.down_ms / self.known_ms if self.known_ms else None

    def plus(self, other: "Availability") -> "Availability":
        """Both together."""
        return Availability(self.known_ms + other.known_ms, self.down_ms + other.down_ms, self.outages + other.outages)


def known_until(checked_at: datetime, interval_seconds: float, timeout_seconds: float | None) -> datetime:
    """How long the state that a check found holds if no further event comes. ``timeout_seconds``: see ``known_for``."""
    return checked_at + known_for(interval_seconds, timeout_seconds)


def spans(
    initial: str, changes: Iterable[Change], *, since: int, until: int, states: Collection[str] = KNOWN
) -> list[Span]:
    """The times between ``since`` and ``until`` in one of these ``states``, by themselves the known times, in order.

    ``initial``: the state at ``since``. ``changes``: those after it, in the order in which they were noticed. A later
    one wins from its time on: an event that was on its way shows that a monitor was not UNKNOWN.
    """
    parts = [(since, initial)]
    for change in changes:
        withdraw(parts, change.at, itemgetter(0))
        if change.counts_from is not None and change.counts_from < change.at:
            _count_earlier(parts, change.counts_from, change.state)
        parts.append((max(change.at, since), change.state))
    ends = [starts_at for starts_at, _ in parts[1:]] + [until]
    return [
        Span(starts_at, min(ends_at, until), state == "DOWN")
        for (starts_at, state), ends_at in zip(parts, ends, strict=True)
        if state in states and starts_at < min(ends_at, until)
    ]


def withdraw(noticed: list[Noticed], at: Moment, time_of: Callable[[Noticed], Moment]) -> None:
    """Take back what was noticed before a change at ``at`` and is dated behind it: that change wins from then on."""
    while noticed and time_of(noticed[-1]) > at:
        noticed.pop()


def _count_earlier(parts: list[tuple[int, str]], counts_from: int, state: str) -> None:
    """Let ``state`` count from then on: an outage began as PENDING, and its end as DOWN."""
    former = "PENDING" if state == "DOWN" else "DOWN"
    later: list[tuple[int, str]] = []
    while parts and parts[-1][0] >= counts_from:
        later.append(parts.pop())
    if parts and parts[-1][1] == former:
        parts.append((counts_from, state))
    parts += [(at, state if each == former else each) for at, each in reversed(later)]


def measure(known: Iterable[Span], outages: Iterable[int], edges: Sequence[int]) -> list[Availability]:
    """The availability between each two neighbours of ``edges``. ``outages``: when each one began.

    The spans, between the first and the last edge, and the outages may be those of several monitors, in any order.
    """
    # How much is known of the buckets that a span begins or ends in, and how many more spans cover the whole of a
    # bucket than of the one before: a span costs the same however many buckets it covers.
    known_parts, known_more, down_parts, down_more = ([0] * len(edges) for _ in range(4))
    for starts_at, ends_at, is_down in known:
        first, last = bisect_right(edges, starts_at) - 1, bisect_left(edges, ends_at) - 1
        _cover(known_parts, known_more, edges, (starts_at, ends_at), (first, last))
        if is_down:
            _cover(down_parts, down_more, edges, (starts_at, ends_at), (first, last))
    counts = [0] * len(edges)
    for began_at in outages:
        counts[bisect_right(edges, began_at) - 1] += 1
    return list(map(Availability, _sums(known_parts, known_more, edges), _sums(down_parts, down_more, edges), counts))


def _cover(parts: list[int], more: list[int], edges: Sequence[int], span: tuple[int, int], at: tuple[int, int]) -> None:
    """Add a span that begins and ends in the buckets with the numbers ``at``."""
    (starts_at, ends_at), (first, last) = span, at
    if first == last:
        parts[first] += ends_at - starts_at
    else:
        parts[first] += edges[first + 1] - starts_at
        parts[last] += ends_at - edges[last]
        more[first + 1] += 1
        more[last] -= 1


def _sums(parts: Sequence[int], more: Sequence[int], edges: Sequence[int]) -> list[int]:
    """How much of each bucket is covered."""
    buckets, covering = itertools.pairwise(edges), itertools.accumulate(more)
    return [part + count * (end - start) for part, count, (start, end) in zip(parts, covering, buckets, strict=False)]
