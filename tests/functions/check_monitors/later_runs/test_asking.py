"""Later runs: when they are due, who asks for them, and what a queue that does not respond costs."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from shared import ROOT
from tests.functions.check_monitors.later_runs.conftest import HOST, TICK
from tests.support.running import API_KEY
from tests.support.stand_ins import GoogleApis


def due(apis: GoogleApis) -> list[float]:
    """The seconds from the tick to each later run."""
    return [(datetime.fromisoformat(task["scheduleTime"]) - TICK).total_seconds() for task in apis.tasks]


@pytest.mark.parametrize(
    ("began_after", "seconds", "expected"),
    [
        (0, "30", [30]),
        (4.5, "30", [30]),
        (2, "15,30,45", [15, 30, 45]),
        (50, "10,20,30,40,50", []),
        (17, "15,30", [30]),
    ],
)
def test_they_keep_their_distance_from_the_tick(
    tick: Callable[..., None], apis: GoogleApis, began_after: float, seconds: str, expected: list[float]
) -> None:
    """However late the run at the tick begins; what is over by then is left out."""
    tick(at=TICK + timedelta(seconds=began_after), seconds=seconds)
    assert due(apis) == expected


@pytest.mark.parametrize("said", ["", "yesterday", "2026-01-08T09:30:00Z", "2026-01-08T10:31:00Z"])
def test_without_a_tick_they_count_from_the_start(tick: Callable[..., None], apis: GoogleApis, said: str) -> None:
    tick(at=TICK + timedelta(seconds=5), said=said)
    assert due(apis) == [35]


def test_a_machine_short_of_threads_asks_too(
    tick: Callable[..., None], apis: GoogleApis, lack: threading.Event
) -> None:
    lack.set()
    tick(seconds="15,30")
    assert len(apis.tasks) == 2


def test_a_run_asks_for_one_that_asks_for_none(scheduled: Callable[..., dict[str, int]], apis: GoogleApis) -> None:
    apis.status = 200
    assert scheduled()["checked"] == 1
    [task] = apis.tasks
    url = task["httpRequest"]["url"]
    assert url.startswith(f"https://{HOST}/?")
    assert scheduled(f"?{url.partition('?')[2]}")["checked"] == 1
    assert len(apis.tasks) == 1


@pytest.mark.parametrize(
    ("refuses", "words"),
    [
        ({"status": 403}, "Cloud Tasks responded 403"),
        ({"status": 404}, "Cloud Tasks responded 404"),
        ({"status": 500}, "Cloud Tasks responded 500"),
        ({"token_status": 404}, "the metadata server gave no token, but 404"),
        ({"is_down": True}, "the metadata server does not respond: ConnectionRefusedError"),
    ],
)
def test_a_refusal_costs_only_the_later_run(
    scheduled: Callable[..., dict[str, int]], apis: GoogleApis, steps: list[str], refuses: dict[str, int], words: str
) -> None:
    for name, value in refuses.items():
        setattr(apis, name, value)
    done = scheduled()
    assert (done["checked"], done["posted"]) == (1, 1)
    [lost] = [line for line in steps if line.startswith("later_run_lost")]
    assert words in lost
    assert not any(secret in lost for secret in (API_KEY, "token-1"))


@pytest.mark.slow
def test_a_service_that_hangs_is_given_up(
    scheduled: Callable[..., dict[str, int]], apis: GoogleApis, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECK_TIMEOUT_SECONDS", "0.2")
    monkeypatch.setattr("functions.check_monitors.later_runs.cloud_tasks._METADATA_SECONDS", 0.2)
    apis.is_hanging = True
    began = time.monotonic()
    assert scheduled()["posted"] == 1
    assert time.monotonic() - began < 10
    assert any("the metadata server does not respond: TimeoutError" in line for line in steps)


@pytest.mark.slow
def test_an_agent_without_a_queue_does_not_load_what_asks() -> None:
    """Otherwise its cold start would pay for it."""
    script = "import sys, functions.check_monitors.main; print([name for name in sys.modules if 'later_runs' in name])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("seconds", ["soon", "", "nan", "1e300"])
def test_a_delay_that_is_none_is_logged(
    tick: Callable[..., None], apis: GoogleApis, steps: list[str], seconds: str
) -> None:
    tick(seconds=seconds)
    assert not apis.tasks
    assert any(line.startswith("later_run_lost") for line in steps)
