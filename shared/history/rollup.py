"""The events of one monitor in an hour or a day, as counts and histograms. Pure."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic_core import from_json

from shared.history.histogram import Histogram

# The whole, and its parts.
PHASES = ("response_time_ms", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms")

# The percentiles that are asked for. Those of merged rollups are stored: to change this, empty ``merged_days`` too.
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


class Key(NamedTuple):
    """The monitor and the time of a rollup: ``starts_at`` is the beginning of an hour or a day in UTC, as text."""

    monitor_id: int
    step: str
    starts_at: str


class Rollup:
    """How many checks there were, how many failed, and how long each phase took. ``slowest_ms``: the longest response.

    Two can be merged, in any order. An event that says nothing about the monitor counts as a check and as no failure.
    """

    # A history has hundreds.
    __slots__ = ("_merged", "_percentiles", "_phases", "checks", "failures", "slowest_ms")

    def __init__(self) -> None:
        self.checks = self.failures = 0
        self.slowest_ms: float | None = None
        self._phases: dict[str, Histogram] | None = None
        # A merged row of which nobody has needed more than the percentiles.
        self._merged: Mapping[str, Any] | None = None
        self._percentiles: list[list[float | None]] | None = None

    @property
    def phases(self) -> Mapping[str, Histogram]:
        """How long each phase took."""
        if self._phases is None:
            self._phases = {phase: Histogram() for phase in PHASES}
        if self._merged is not None:
            row, self._merged = self._merged, None
            self._merge_times(row)
        return self._phases

    def percentiles(self, phase: str) -> list[float | None]:
        """The percentiles of ``SHARES``, in milliseconds with three decimals; None if there are no durations."""
        if self._merged is not None:
            return self.all_percentiles()[PHASES.index(phase)]
        if self._phases is None:
            return [None for _ in SHARES]
        found = self.phases[phase].percentiles(list(SHARES.values()))
        return [None if each is None else round(each, 3) for each in found]

    def all_percentiles(self) -> list[list[float | None]]:
        """The percentiles of each of ``PHASES``."""
        if self._merged is None:
            return [self.percentiles(phase) for phase in PHASES]
        if self._percentiles is None:
            self._percentiles = from_json(self._merged["percentiles"])
        return self._percentiles

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
        if not other.checks:
            return
        self.checks += other.checks
        self.failures += other.failures
        self._slowest(other.slowest_ms)
        for phase in PHASES:
            self.phases[phase].merge(other.phases[phase])

    def merge_row(self, row: Mapping[str, Any]) -> None:
        """Count what the rollup of a row holds."""
        self._count(row)
        self._merge_times(row)

    def take_merged(self, row: Mapping[str, Any]) -> None:
        """Count what a row of ``merged_columns`` holds. If it stays the only one, its histograms need not be read."""
        is_first = not self.checks
        self._count(row)
        if is_first:
            self._merged = row
        else:
            self._merge_times(row)

    def _count(self, row: Mapping[str, Any]) -> None:
        self.checks += row["checks"]
        self.failures += row["failures"]
        self._slowest(row["slowest_ms"])

    def _merge_times(self, row: Mapping[str, Any]) -> None:
        phases = self.phases
        for phase, text in zip(PHASES, row["times"].split(" "), strict=True):
            if text != "-":
                phases[phase].merge_encoded(text)

    def columns(self) -> dict[str, Any]:
        """The stored columns."""
        times = " ".join(self.phases[phase].encoded() or "-" for phase in PHASES)
        return {"checks": self.checks, "failures": self.failures, "slowest_ms": self.slowest_ms, "times": times}

    def merged_columns(self) -> dict[str, Any]:
        """The stored columns of a rollup that was merged of several monitors: its percentiles too."""
        return {**self.columns(), "percentiles": json.dumps(self.all_percentiles(), separators=(",", ":"))}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Rollup":
        """The rollup that a row holds."""
        found = cls()
        found.merge_row(row)
        return found

    @classmethod
    def made(cls, checks: int, failures: int, slowest_ms: float | None, phases: dict[str, Histogram]) -> "Rollup":
        """The rollup with these counts, and a histogram for each phase."""
        found = cls()
        found.checks, found.failures, found.slowest_ms, found._phases = checks, failures, slowest_ms, phases
        return found

    def _slowest(self, milliseconds: float | None) -> None:
        if milliseconds is not None:
            self.slowest_ms = max(milliseconds, self.slowest_ms or 0.0)


def keys_of(monitor_id: int, timestamp: str) -> tuple[Key, Key]:
    """The hour and the day of an event, whose time is text of the one width."""
    hour, day = f"{timestamp[:13]}:00:00.000Z", f"{timestamp[:10]}T00:00:00.000Z"
    return Key(monitor_id, "hour", hour), Key(monitor_id, "day", day)
