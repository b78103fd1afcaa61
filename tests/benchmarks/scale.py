"""How the agent's cost grows with what it watches: 10, 100, 1,000 and 10,000 monitors every 30 s, half of them https.

The agent is a process of its own on one processor; the backend, which takes its events, is the local system. A check is
late by the time from when it was due until its target had read its request. 10,000 monitors are watched for ten
minutes, fewer for one. Last, one in ten of 1,000 hangs, which must not show. Only Linux tells what a process has used.
"""

import bisect
import json
import os
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

from shared.monitors.due import next_due
from tests.benchmarks.cpu import cpu_ms
from tests.benchmarks.instruments.calls import memory_mb
from tests.benchmarks.instruments.crowd import Crowd, crowd
from tests.benchmarks.instruments.yardstick import table
from tests.support.running import API_KEY, FunctionAlone, LocalSystem, copy_project, wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority

ROUNDS = 1
INTERVAL_SECONDS = 30
SECONDS = {10: 60, 100: 60, 1_000: 60, 10_000: 600}
HANGING = 1_000
ANSWERS_AFTER = 0.1
TIMEOUT_SECONDS = 5.0
# At 10,000 monitors.
MOST = {"late p99, ms": 50.0, "core": 0.55, "MB": 300.0, "lost": 0}
LOCATION = "bench"
RUN_SECONDS = 30


@dataclass(frozen=True)
class Seen:
    """The measurements of a number of monitors for a while."""

    late_ms: Sequence[float]
    answered_ms: Sequence[float]
    lost: int
    stored_a_second: float
    core: float
    megabytes: float


def run(folder: Path, rounds: int) -> str:
    """The table. Each round is a line."""
    if not Path("/proc/self/stat").exists():
        return "not measured: only Linux tells what a process has used"
    lines = []
    for number in range(rounds):
        own = folder / f"{number}"
        own.mkdir()
        for monitors, seconds in SECONDS.items():
            lines.append(_line(f"{monitors:,}", measure(own / f"{monitors}", monitors, seconds), monitors == 10_000))
        seen = measure(own / "hanging", HANGING, SECONDS[HANGING], has_hanging=True)
        lines.append(_line(f"{HANGING:,}, a tenth hangs", seen, False))
    head = ["monitors", "late p50", "p99", "max", "answer p50", "p99", "lost", "events/s", "core", "MB", ""]
    bars = ", ".join(f"{name} at most {most:g}" for name, most in MOST.items())
    return f"{table(head, lines)}\nlate and answer in ms; for 10,000: {bars}"


def measure(
    folder: Path, monitors: int, seconds: float, *, interval: int = INTERVAL_SECONDS, has_hanging: bool = False
) -> Seen:
    """Watch so many monitors for so long."""
    folder.mkdir()
    project, authority = copy_project(folder / "project"), Authority(folder)
    authority.context(TODAY - A_DAY, TODAY + A_DAY)
    with crowd(str(folder / "server.pem"), ANSWERS_AFTER, has_hanging=has_hanging) as targets:
        file, own = folder / "watched.json", folder / "system"
        own.mkdir()
        file.write_text(json.dumps(_described(targets, monitors, interval)))
        with LocalSystem(project, own, TARGET_URL="", CONFIG_FILE=str(file)) as system:
            variables = {"BACKEND_URL": system.url, "LOCATION": LOCATION, "SSL_CERT_FILE": authority.file}
            agent = FunctionAlone(project, _new(folder / "agent"), "check_monitors", TARGET_URL="", **variables)
            with agent:
                return _watched(agent, system, targets, monitors, seconds, interval)


def _watched(
    agent: FunctionAlone,
    system: LocalSystem,
    targets: Crowd,
    monitors: int,
    seconds: float,
    interval: int,
) -> Seen:
    processor = max(os.sched_getaffinity(0))
    for process in agent.living():
        os.sched_setaffinity(process, {processor})
    is_over = threading.Event()
    calling = threading.Thread(target=_go_on, args=(agent, is_over))
    calling.start()
    try:
        # An unchecked monitor is due at once, instead of at its next time. That is over with the first interval.
        time.sleep(2 * interval)
        wait_until(lambda: _stored(system) >= monitors * 0.8, 60 + interval, agent.output)
        targets.asked()
        used, began, stored = cpu_ms(agent.living()), time.time(), _stored(system)
        time.sleep(seconds)
        ended, used, stored = time.time(), cpu_ms(agent.living()) - used, _stored(system) - stored
        # The last checks may still come.
        time.sleep(1)
        asked = targets.asked()
        megabytes = memory_mb(agent)
    finally:
        is_over.set()
        calling.join()
    late, lost = lateness(asked, monitors, interval, began, ended)
    # Those that hang are no success.
    answered = system.rows("SELECT response_time_ms AS ms FROM events WHERE is_success = 1 ORDER BY id")
    return Seen(
        [each * 1000 for each in late],
        [each["ms"] for each in answered[-len(asked) :]],
        lost,
        stored / (ended - began),
        used / 1000 / (ended - began),
        megabytes,
    )


def lateness(
    asked: Sequence[tuple[int, float]], monitors: int, interval: int, began: float, ended: float
) -> tuple[list[float], int]:
    """How many seconds each check that was due in the span came too late, and how many never came."""
    times = defaultdict(list)
    for number, at in asked:
        times[number].append(at)
    late, lost = [], 0
    for number in range(monitors):
        at = next_due(f"{number}", float(interval), began)
        came = sorted(times[number])
        while at < ended:
            # Those of one tick start together, the last of them a little early.
            place = bisect.bisect_left(came, at - interval / 4)
            if place < len(came) and came[place] < at + interval * 3 / 4:
                late.append(came[place] - at)
            else:
                lost += 1
            at = next_due(f"{number}", float(interval), at)
    return late, lost


def _described(targets: Crowd, monitors: int, interval: int) -> dict[str, object]:
    """The file. Only the agent at LOCATION gets its monitors, and not the local system's own."""
    return {
        "defaults": {"interval": interval, "timeout": TIMEOUT_SECONDS, "failure_threshold": 3},
        "monitors": [
            {"name": f"{number}", "url": targets.url(number), "locations": [LOCATION]} for number in range(monitors)
        ],
    }


def _go_on(agent: FunctionAlone, is_over: threading.Event) -> None:
    """Call the agent as the local system's schedule does: on the beat, while the run before may still be ending."""
    with ThreadPoolExecutor(2) as pool:
        while not is_over.is_set():
            pool.submit(_run_of, agent)
            is_over.wait(RUN_SECONDS)


def _run_of(agent: FunctionAlone) -> None:
    with requests.Session() as session:
        session.trust_env = False
        query = {"only": "claimed", "lasting": str(RUN_SECONDS)}
        session.post(agent.url, params=query, headers={"X-API-Key": API_KEY}, timeout=RUN_SECONDS + 60)


def _line(name: str, seen: Seen, has_bars: bool) -> list[str]:
    late, answered = _cuts(seen.late_ms), _cuts(seen.answered_ms)
    over = [
        what
        for (what, most), value in zip(MOST.items(), (late[98], seen.core, seen.megabytes, seen.lost), strict=True)
        if has_bars and value > most
    ]
    said = f"over: {', '.join(over)}" if over else "ok" if has_bars else ""
    times = [late[49], late[98], max(seen.late_ms), answered[49], answered[98]]
    figures = [f"{seen.lost}", f"{seen.stored_a_second:.1f}", f"{seen.core:.3f}", f"{seen.megabytes:.0f}"]
    return [name, *(f"{each:.1f}" for each in times), *figures, said]


def _cuts(values: Sequence[float]) -> list[float]:
    return statistics.quantiles(values, n=100, method="inclusive")


def _stored(system: LocalSystem) -> int:
    [found] = system.rows("SELECT count(*) AS count FROM events")
    return int(found["count"])


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
