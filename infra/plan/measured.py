"""Read ``durations.toml``: what a call of each function takes, depending on how much it has to do."""

import functools
import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("durations.toml")


@dataclass(frozen=True)
class Cost:
    """One call: the caller's time, the CPU time, its logs, its process's memory, and the reports that a run sends."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    log_bytes: float = 0.0
    log_lines: float = 0.0
    memory_mb: float = 0.0
    reports: float = 0.0

    def seconds(self, share: float) -> float:
        """How long it takes at most with this share of a processor: as if it never waited and computed at once."""
        return (self.wall_ms + self.cpu_ms * max(0.0, 1 / share - 1)) / 1000

    def seconds_of_many(self, share: float) -> float:
        """How long many things at a time take, which compute while others wait."""
        return max(self.wall_ms, self.cpu_ms / share) / 1000


@dataclass(frozen=True)
class Measured:
    """All measurements; ``machine`` and ``measured_on`` say where and when they were made."""

    found: Mapping[str, Any]

    @property
    def machine(self) -> str:
        """The machine, and how busy it was."""
        return f"{self.found['machine']}, {self.found['busy']} before"

    @property
    def measured_on(self) -> str:
        """The day."""
        return str(self.found["measured_on"])

    def of(self, name: str, much: float = 1.0) -> Cost:
        """The cost of a call with so much to do, on straight lines between the measured points and beyond them.

        More to do never takes less: where the measurements differ from that, it is noise.
        """
        points = sorted((float(key), figures) for key, figures in self._table(name).items())
        known = {field.name for field in fields(Cost)} & points[0][1].keys()
        return Cost(**{name: _between([(at, figures[name]) for at, figures in points], much) for name in known})

    def start(self, name: str) -> Cost:
        """From the start of a function's process to its first response."""
        started = self.found["start"]
        return Cost(**(started.get(name) or started["list_alerts"]))

    def bytes_of(self, name: str, what: str) -> float:
        """A number of bytes."""
        return float(self._table(name)[what])

    def _table(self, name: str) -> Mapping[str, Any]:
        return functools.reduce(lambda table, part: table[part], name.split("."), self.found)


@functools.cache
def measured() -> Measured:
    """The file's measurements."""
    return Measured(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def _between(points: list[tuple[float, float]], at: float) -> float:
    rising = list(itertools.accumulate((value for _, value in points), max))
    known = [place for place, _ in points]
    if at <= known[0] or len(known) == 1:
        return rising[0]
    upper = next((number for number, place in enumerate(known) if place >= at), len(known) - 1)
    (left, low), (right, high) = (known[upper - 1], rising[upper - 1]), (known[upper], rising[upper])
    return low + (high - low) * (at - left) / (right - left)
