"""The events of one monitor in an hour or a day, as counts and histograms. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.history.histogram import Histogram

# The whole, and its parts.
PHASES = ("response_time_ms", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms")


class Key(NamedTuple):
    """Whose events, and when: ``starts_at`` is the beginning of an hour or a day in UTC, as text."""

    monitor_id: int
    step: str
    starts_at: str


class Rollup:
    """How many checks there were, how many failed, and how long each phase took. ``slowest_ms``: the longest response.

    Two can be merged, in any order. What says nothing about the monitor counts as a check and not as a failure.
    """

    def __init__(self) -> None:
        self.checks = self.failures = 0
        self.slowest_ms: float | None = None
        self.phases = {phase: Histogram() for phase in PHASES}

    def add(self, event: Mapping[str, Any]) -> None:
        """Count an event, by the columns of its row."""
        self.checks += 1
        self.failures += int(not event["is_success"] and not event["is_inconclusive"])
        for phase in PHASES:
            if event[phase] is not None:
                self.phases[phase].add(event[phase])
        self._slowest(event["response_time_ms"])

    def merge(self, other: "Rollup") -> None:
        """Count what another one holds."""
        self.checks += other.checks
        self.failures += other.failures
        self._slowest(other.slowest_ms)
        for phase in PHASES:
            self.phases[phase].merge(other.phases[phase])

    def merge_row(self, row: Mapping[str, Any]) -> None:
        """Count what the rollup of a row holds."""
        self.checks += row["checks"]
        self.failures += row["failures"]
        self._slowest(row["slowest_ms"])
        for phase, text in zip(PHASES, row["times"].split(" "), strict=True):
            if text != "-":
                self.phases[phase].merge_encoded(text)

    def columns(self) -> dict[str, Any]:
        """What is stored of it."""
        times = " ".join(self.phases[phase].encoded() or "-" for phase in PHASES)
        return {"checks": self.checks, "failures": self.failures, "slowest_ms": self.slowest_ms, "times": times}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Rollup":
        """The rollup that a row holds."""
        found = cls()
        found.merge_row(row)
        return found

    def _slowest(self, milliseconds: float | None) -> None:
        if milliseconds is not None:
            self.slowest_ms = max(milliseconds, self.slowest_ms or 0.0)


def keys_of(monitor_id: int, timestamp: str) -> tuple[Key, Key]:
    """The hour and the day of an event, whose time is text of the one width."""
    hour, day = f"{timestamp[:13]}:00:00.000Z", f"{timestamp[:10]}T00:00:00.000Z"
    return Key(monitor_id, "hour", hour), Key(monitor_id, "day", day)
