"""What the whole local system, in its one process, holds in memory while it is idle.

PSS, the proportional set size, counts a page that n processes share as 1/n in each, so that a sum over processes is
true. Only Linux tells it.
"""

import statistics
import time
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.yardstick import middle_half, table
from tests.running import LocalSystem, copy_project
from tests.stand_ins import BotApi, Target

ROUNDS = 3
BAR_MB = 90.0
IDLE_SECONDS = 3.0


def run(folder: Path, rounds: int) -> str:
    """The table, with and without Telegram."""
    if not Path("/proc/self/smaps_rollup").exists():
        return "not measured: only Linux tells what processes share"
    project = copy_project(folder / "project")
    measured: dict[str, list[float]] = {"console only": [], "and Telegram, after a message": []}
    for number in range(rounds):
        for (name, values), measure in zip(measured.items(), (_without_telegram, _with_telegram), strict=True):
            own = folder / f"{number}-{name[:3]}"
            own.mkdir()
            values.append(measure(project, own))
    lines = []
    for name, values in measured.items():
        median = statistics.median(values)
        verdict = "ok" if median <= BAR_MB else "over"
        lines.append([name, f"{median:.1f}", middle_half(values, 1), f"{BAR_MB:.0f}", verdict])
    head = ["the local system, idle", "MB", "their middle half", "bar", ""]
    return f"{table(head, lines)}\nmedians of {rounds} rounds; PSS of all its processes, in MB of 1,000,000 bytes"


def _without_telegram(project: Path, folder: Path) -> float:
    with Target() as target, _system(project, folder, target) as system:
        system.wait_until(lambda: system.events(is_success=True))
        return _idle_mb(system)


def _with_telegram(project: Path, folder: Path) -> float:
    with BotApi() as api, Target() as target:
        target.status = 500
        with _system(project, folder, target, **api.environ) as system:
            system.wait_until(lambda: api.messages)
            return _idle_mb(system)


def _system(project: Path, folder: Path, target: Target, **variables: str) -> LocalSystem:
    # The interval of .env.example, so that no second check comes in between.
    return LocalSystem(project, folder, TARGET_URL=target.url, CHECK_INTERVAL_SECONDS="30", **variables)


def _idle_mb(system: LocalSystem) -> float:
    time.sleep(IDLE_SECONDS)
    return _pss_bytes(system.living()) / 1e6


def _pss_bytes(processes: Iterable[int]) -> int:
    total = 0
    for process in processes:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total
