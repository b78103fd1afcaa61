"""The memory that the whole local system, in its one process, holds while it is idle.

PSS counts a page that n processes share as 1/n in each. But n is everybody's: this benchmark and whatever else runs
Python here make the system look smaller, by 8 MB to 25. The bar is therefore on what it takes alone: the same,
with every page of a file counted once and whole. PSS is shown beside it. Only Linux tells either.
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.instruments.yardstick import middle_half, table
from tests.support.running import LocalSystem, copy_project
from tests.support.stand_ins import BotApi, Target

ROUNDS = 3
BAR_MB = 90.0
IDLE_SECONDS = 3.0


@dataclass(frozen=True)
class Held:
    """One measurement: what is shared split among all who share it, and as if nobody else did."""

    pss_mb: float
    alone_mb: float


def run(folder: Path, rounds: int) -> str:
    """The table, with and without Telegram."""
    if not Path("/proc/self/smaps_rollup").exists():
        return "not measured: only Linux tells what processes share"
    project = copy_project(folder / "project")
    measured: dict[str, list[Held]] = {"console only": [], "and Telegram, after a message": []}
    for number in range(rounds):
        for (name, values), measure in zip(measured.items(), (_without_telegram, _with_telegram), strict=True):
            own = folder / f"{number}-{name[:3]}"
            own.mkdir()
            values.append(measure(project, own))
    lines = []
    for name, values in measured.items():
        pss, alone = [held.pss_mb for held in values], [held.alone_mb for held in values]
        median = statistics.median(alone)
        figures = [f"{statistics.median(pss):.1f}", f"{median:.1f}", middle_half(alone, 1), f"{BAR_MB:.0f}"]
        lines.append([name, *figures, "ok" if median <= BAR_MB else "over"])
    head = ["the local system, idle", "PSS MB", "MB alone", "its middle half", "bar", ""]
    return f"{table(head, lines)}\nmedians of {rounds} rounds, of all its processes, in MB of 1,000,000 bytes"


def _without_telegram(project: Path, folder: Path) -> Held:
    with Target() as target, _system(project, folder, target) as system:
        system.wait_until(lambda: system.events(is_success=True))
        return _held_idle(system)


def _with_telegram(project: Path, folder: Path) -> Held:
    with BotApi() as api, Target() as target:
        target.status = 500
        with _system(project, folder, target, **api.environ) as system:
            system.wait_until(lambda: api.messages)
            return _held_idle(system)


def _system(project: Path, folder: Path, target: Target, **variables: str) -> LocalSystem:
    # The interval of .env.example, so that no second check comes in between.
    return LocalSystem(project, folder, TARGET_URL=target.url, CHECK_INTERVAL_SECONDS="30", **variables)


def _held_idle(system: LocalSystem) -> Held:
    time.sleep(IDLE_SECONDS)
    processes = system.living()
    totals: Counter[str] = Counter()
    files: dict[tuple[str, ...], int] = {}
    for process in processes:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]:
            name, kilobytes = line.split()[:2]
            totals[name] += int(kilobytes)
        for part, kilobytes_of_file in _file_parts(process):
            files[part] = max(files.get(part, 0), kilobytes_of_file)
    alone = totals["Pss_Anon:"] + sum(files.values())
    return Held(pss_mb=totals["Pss:"] * 1024 / 1e6, alone_mb=alone * 1024 / 1e6)


def _file_parts(process: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each part of a file that the process maps, with the kilobytes of it that are in memory unchanged."""
    part: tuple[str, ...] = ()
    resident = 0
    for line in Path(f"/proc/{process}/smaps").read_text(encoding="utf-8").splitlines():
        name, *values = line.split()
        if not name.endswith(":"):
            part = tuple(values[1:4])  # offset, device, inode
        elif name == "Rss:":
            resident = int(values[0])
        elif name == "Anonymous:" and part[2] != "0":
            yield part, resident - int(values[0])
