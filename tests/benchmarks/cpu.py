"""The CPU that one check costs, from its probe to its stored event: the whole local system's, at 60 checks a second.

Everything that the system does meanwhile counts, its schedules and logs too. Only Linux tells it.
"""

import os
import statistics
import time
from pathlib import Path

from tests.benchmarks.instruments.watched import MONITORS, watched
from tests.benchmarks.instruments.yardstick import middle_half, table, verdict
from tests.support.running import LocalSystem

ROUNDS = 3
WINDOW_SECONDS = 8.0
BAR_MS = 1.0


def run(folder: Path, rounds: int) -> str:
    """The table."""
    if not Path("/proc/self/stat").exists():
        return "not measured: only Linux tells what a process has used"
    with watched(folder) as world:
        measured = [_window(world.system) for _ in range(rounds)]
    each = [milliseconds / events for milliseconds, events in measured]
    paces = [events / WINDOW_SECONDS for _, events in measured]
    # Otherwise it could be cheap because it is late.
    pace = statistics.median(paces)
    assert pace > 0.9 * MONITORS, f"{pace:.1f} events a second were stored of {MONITORS}"
    median = statistics.median(each)
    figures = [f"{pace:.1f}", f"{median:.2f}", middle_half(each, 2), *verdict(median, BAR_MS)]
    head = ["the local system", "events a second", "CPU ms an event", "its middle half", "bar", ""]
    return f"{table(head, [['all its processes', *figures]])}\nmedians of {rounds} times {WINDOW_SECONDS:g} s"


def _window(system: LocalSystem) -> tuple[float, int]:
    """The milliseconds that were used, and the events that were stored meanwhile."""
    processes = system.living()
    used, stored = cpu_ms(processes), _events(system)
    time.sleep(WINDOW_SECONDS)
    return cpu_ms(processes) - used, _events(system) - stored


def cpu_ms(processes: list[int]) -> float:
    """The time that processes have used since they began, user and system, in steps of 10 ms."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # user and system, of its ended threads too
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _events(system: LocalSystem) -> int:
    [stored] = system.rows("SELECT count(*) AS count FROM events")
    return int(stored["count"])
