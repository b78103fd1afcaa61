"""How available a monitor was, by time. Pure.

Times are whole milliseconds since 1970, so that sums are exact.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

# For so many intervals a state holds if no further event comes; then nobody knows.
INTERVALS = 3
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


def known_until(checked_at: datetime, interval_seconds: float) -> datetime:
    """How long the state that a check found holds if no further event comes."""
    return checked_at + timedelta(seconds=INTERVALS * interval_seconds)


def spans(initial: str, changes: Iterable[Change], *, since: int, until: int) -> list[Span]:
    """The known times between ``since`` and ``until``, in order.

    ``initial``: the state at ``since``. ``changes``: those after it, in the order in which they were noticed. A later
    one wins from its time on: an event that was on its way shows that a monitor was not UNKNOWN.
    """
    parts = [(since, initial)]
    for change in changes:
        while parts and parts[-1][0] >= change.at:
            parts.pop()
        if change.counts_from is not None and change.counts_from < change.at:
            _count_earlier(parts, change.counts_from, change.state)
        parts.append((max(change.at, since), change.state))
    ends = [starts_at for starts_at, _ in parts[1:]] + [until]
    return [
        Span(starts_at, min(ends_at, until), state == "DOWN")
        for (starts_at, state), ends_at in zip(parts, ends, strict=True)
        if state in KNOWN and starts_at < min(ends_at, until)
    ]


def _count_earlier(parts: list[tuple[int, str]], counts_from: int, state: str) -> None:
    """Let ``state`` count from then on: an outage began as PENDING, and its end as DOWN."""
    former = "PENDING" if state == "DOWN" else "DOWN"
    later: list[tuple[int, str]] = []
    while parts and parts[-1][0] >= counts_from:
        later.append(parts.pop())
    if parts and parts[-1][1] == former:
        parts.append((counts_from, state))
    parts += [(at, state if each == former else each) for at, each in reversed(later)]


def measure(known: Sequence[Span], outages: Iterable[int], edges: Sequence[int]) -> list[Availability]:
    """The availability between each two neighbours of ``edges``. ``outages``: when each one began."""
    starts = [span.starts_at for span in known]
    totals = [(0, 0)]
    for span in known:
        before, down, length = *totals[-1], span.ends_at - span.starts_at
        totals.append((before + length, down + length * span.is_down))
    counts = [0] * len(edges)
    for began_at in set(outages):
        counts[bisect_right(edges, began_at) - 1] += 1

    def until(edge: int) -> tuple[int, int]:
        number = bisect_right(starts, edge) - 1
        if number < 0:
            return 0, 0
        length = min(edge, known[number].ends_at) - starts[number]
        return totals[number][0] + length, totals[number][1] + length * known[number].is_down

    sums = [until(edge) for edge in edges]
    return [
        Availability(after[0] - before[0], after[1] - before[1], count)
        for before, after, count in zip(sums, sums[1:], counts, strict=False)
    ]
