"""Two agents at one location and one at another, killed at random: each due time is checked once at each location.

AGENTS_SECONDS=600 kills for ten minutes, and AGENTS_KILLED_EVERY=60 once a minute: each kill loses what was claimed.
"""

import itertools
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from functions.check_monitors.due_checks import CLAIM_SECONDS
from functions.check_monitors.due_checks import EARLY_SECONDS as TOGETHER_SECONDS
from functions.check_monitors.probes.loop.curl_loop import START_TICK_SECONDS
from shared.monitors.due import OVERDUE_INTERVALS, next_due
from tests.support.running import API_KEY, FunctionAlone, LocalSystem
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system

SECONDS = float(os.environ.get("AGENTS_SECONDS", "20"))
BETWEEN_KILLS_SECONDS = float(os.environ.get("AGENTS_KILLED_EVERY", "6"))
INTERVAL_SECONDS = 2.0
MONITORS = 20
START_SECONDS = 5.0
LOCATIONS = ["seoul", "seoul", "busan"]
# A check is stored soon after it was due; those that start together are a little early. The rest is for what the agent
# cannot know: when in its claim the backend took the time.
EARLY_SECONDS = TOGETHER_SECONDS + START_TICK_SECONDS + 0.06
# A monitor that nobody has checked for two intervals is due at once, which is found out every 5 s.
LATE_SECONDS = 3 * INTERVAL_SECONDS + 5.0


class Agent:
    """An agent that is called again and again, as its schedule does, and starts again after it was killed."""

    def __init__(self, project: Path, folder: Path, location: str, backend: str) -> None:
        folder.mkdir()
        self._function = FunctionAlone(
            project, folder, "check_monitors", TARGET_URL="", LOCATION=location, BACKEND_URL=backend
        )
        self._is_over = threading.Event()
        self._calling = threading.Thread(target=self._go_on)

    def __enter__(self) -> "Agent":
        self._function.start()
        self._calling.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._calling.join()
        self._function.kill()

    def kill(self) -> None:
        """SIGKILL, and a new start."""
        self._function.kill()
        self._function.start()

    def _go_on(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._is_over.is_set():
                query = {"only": "claimed", "lasting": "5"}
                try:
                    session.post(self._function.url, params=query, headers={"X-API-Key": API_KEY}, timeout=30)
                except requests.RequestException:
                    time.sleep(0.05)  # it is dead, or about to live


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as healthy:
        yield healthy


@pytest.mark.timeout(SECONDS + 270)
def test_each_due_time_is_checked_once_at_each_location(project: Path, tmp_path: Path, target: Target) -> None:
    chance, turns = random.Random(1), itertools.cycle([0, 2, 1])
    both = {"interval": INTERVAL_SECONDS, "locations": sorted(set(LOCATIONS))}
    monitors = [{"name": f"m{number}", "url": f"{target.url}/{number}", **both} for number in range(MONITORS)]
    file = tmp_path / "watched.json"
    file.write_text(json.dumps({"monitors": monitors}))
    kills: Counter[str] = Counter()
    with LocalSystem(project, tmp_path, TARGET_URL="", CONFIG_FILE=str(file)) as system, ExitStack() as stack:
        agents = [
            stack.enter_context(Agent(project, tmp_path / f"agent-{number}", location, system.url))
            for number, location in enumerate(LOCATIONS)
        ]
        system.wait_until(lambda: len(checks(system)) == 2 * MONITORS, 60)
        time.sleep(2 * INTERVAL_SECONDS)
        began = time.time()
        while time.time() < began + SECONDS:
            time.sleep(chance.uniform(0.5, 1.5) * BETWEEN_KILLS_SECONDS)
            number = next(turns)
            agents[number].kill()
            kills[LOCATIONS[number]] += 1
        ended = time.time()
        # Checks under way and events that wait to be posted still arrive.
        time.sleep(2 * INTERVAL_SECONDS + 1)
        found = checks(system)
    for location in sorted(set(LOCATIONS)):
        here = {name: times for (name, where), times in found.items() if where == location}
        due, lost, unasked = judged(here, began, ended)
        said = f"{location}: {lost} of {due} lost by {kills[location]} kills, and checked without need: {unasked[:5]}"
        print(said)  # for ten minutes' figures: -s
        assert not unasked, said
        # A kill loses what the agent had claimed and not reported. Nobody checks at busan until its agent lives again.
        seconds = 2 * CLAIM_SECONDS + 1.0 + (START_SECONDS if location == "busan" else 0.0)
        assert lost <= kills[location] * seconds * MONITORS / INTERVAL_SECONDS, said


class Check(NamedTuple):
    """When it was, and when the backend knew of it; in seconds since 1970."""

    at: float
    received_at: float


def checks(system: LocalSystem) -> dict[tuple[str, str], list[Check]]:
    """The checks of each monitor at each location."""
    found: dict[tuple[str, str], list[Check]] = {}
    rows = system.rows(
        "SELECT m.name, e.location, e.timestamp, e.received_at FROM events e JOIN monitors m ON m.id = e.monitor_id"
        " WHERE e.location IS NOT NULL ORDER BY e.timestamp"
    )
    for row in rows:
        times = (datetime.fromisoformat(row[name]).timestamp() for name in ("timestamp", "received_at"))
        found.setdefault((row["name"], row["location"]), []).append(Check(*times))
    return found


def judged(found: dict[str, list[Check]], began: float, ended: float) -> tuple[int, int, list[tuple[str, float]]]:
    """How many due times of the span were checked, how many were not, and which checks nobody was due for.

    A check belongs to the last due time that none has yet. After a gap it may come late, beside the next one.
    """
    lost, unasked, count = 0, [], 0
    for name, known in found.items():
        times = [check.at for check in known]
        open_ones: list[float] = []
        due = next_due(name, INTERVAL_SECONDS, began - LATE_SECONDS)
        for at in [*times, float("inf")]:
            while due < min(at + EARLY_SECONDS, ended):
                open_ones.append(due)
                due = next_due(name, INTERVAL_SECONDS, due)
                count += began <= due < ended
            if open_ones and at - open_ones[-1] < LATE_SECONDS:
                open_ones.pop()
            elif began + LATE_SECONDS <= at < ended - EARLY_SECONDS and not seemed_overdue(known, at):
                unasked.append((name, at))
        lost += sum(began <= each < ended for each in open_ones)
    return count, lost, unasked


def seemed_overdue(known: list[Check], at: float) -> bool:
    """Whether the backend knew of no check within two intervals when it gave out the one ``at`` that time.

    On a busy machine a report can be so late that a check which was done looks as if it were not.
    """
    claimed_at = at - 2 * CLAIM_SECONDS
    return not any(
        check.received_at <= claimed_at and at - check.at <= OVERDUE_INTERVALS * INTERVAL_SECONDS for check in known
    )
