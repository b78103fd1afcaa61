"""The running system when nobody reads what it prints, or nobody can."""

import fcntl
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.running import START, LocalSystem, copy_project, environment, living
from tests.support.running.piped import PipedSystem
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


def narrow() -> tuple[int, int]:
    """A pipe that is full at once, where the system lets us choose that."""
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


READERS = pytest.mark.parametrize("ends", [narrow, pty.openpty], ids=["pipe", "terminal"])
SEPARATE = pytest.mark.parametrize("separate", ["", "1"], ids=["one process", "SEPARATE=1"])


def worker_of(running: LocalSystem) -> int:
    """The process that serves."""
    group, runner = running.living(), running.process.pid
    parents = {pid: int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in group}
    [worker] = (pid for pid in group if parents[pid] == runner)
    return worker


def many(target: Target) -> str:
    return " ".join(f"{target.url}/{number}" for number in range(30))


# --- nobody reads -----------------------------------------------------------------------------------------------------


@READERS
def test_output_that_is_not_read_stops_no_check(
    forked_project: Path, tmp_path: Path, target: Target, ends: Callable[[], tuple[int, int]]
) -> None:
    with PipedSystem(ends, forked_project, tmp_path, TARGET_URL=many(target), CHECK_INTERVAL_SECONDS="0.1") as running:
        running.wait_until(lambda: "output_not_read" in running.log() + running.log("agent"), 40)
        running.wait_for_further_events(60, is_success=True)
        assert running.get("/").json()["status"] == "ok"
        target.is_down = True
        # The message is tried again, and printed once somebody reads.
        running.wait_until(lambda: any(log["status"] == "RETRY" for log in running.notification_logs()), 20)
        deadline = time.monotonic() + 20
        while "OUTAGE" not in running.read(0.5) or "output_dropped" not in running.read(0.5):
            assert time.monotonic() < deadline, running.read(0.1)[-2000:]
        assert " lines=" in running.log() + running.log("agent")
        running.wait_until(running.sent)


@SEPARATE
def test_output_that_is_not_read_delays_no_end(
    forked_project: Path, tmp_path: Path, target: Target, separate: str
) -> None:
    settings = {"TARGET_URL": many(target), "CHECK_INTERVAL_SECONDS": "0.1", "SEPARATE": separate}
    with PipedSystem(narrow, forked_project, tmp_path, **settings) as running:
        running.wait_until(lambda: "output_not_read" in running.log() + running.log("agent"))
        os.kill(running.process.pid, signal.SIGTERM)
        assert running.process.wait(15) == 0
        running.wait_until(lambda: not running.living(), 10)


# --- nobody can read any more -----------------------------------------------------------------------------------------


@READERS
def test_a_closed_reader_stops_no_check(
    forked_project: Path, tmp_path: Path, target: Target, ends: Callable[[], tuple[int, int]]
) -> None:
    with PipedSystem(ends, forked_project, tmp_path, TARGET_URL=target.url) as running:
        running.close()
        running.wait_for_further_events(3, is_success=True)
        # As the system does it when memory runs out: the next worker begins without a reader.
        os.kill(worker_of(running), signal.SIGKILL)
        running.wait_for_further_events(3, is_success=True)
        assert "output_failed" in running.log() + running.log("agent")


@pytest.mark.parametrize(
    ("hang_up", "separate"),
    [(os.killpg, ""), (os.kill, ""), (os.killpg, "1")],
    ids=["every process", "the runner alone", "SEPARATE=1"],
)
def test_a_hangup_ends_everything_cleanly(
    forked_project: Path, tmp_path: Path, target: Target, hang_up: Callable[[int, int], None], separate: str
) -> None:
    with PipedSystem(os.pipe, forked_project, tmp_path, TARGET_URL=target.url, SEPARATE=separate) as running:
        running.wait_for_further_events(1, is_success=True)
        running.close()
        # A terminal that is closed tells each process of it. A supervisor may tell only the one that it started.
        hang_up(running.process.pid, signal.SIGHUP)
        assert running.process.wait(15) == 0
        running.wait_until(lambda: not running.living(), 10)


def test_nohup_outlives_the_terminal(project: Path, tmp_path: Path, target: Target) -> None:
    running = PipedSystem(os.pipe, project, tmp_path, TARGET_URL=target.url)
    running.command = ["nohup", *START]
    with running:
        running.wait_for_further_events(1, is_success=True)
        os.killpg(running.group, signal.SIGHUP)
        running.wait_for_further_events(3, is_success=True)


# --- no streams at all, and a poor one --------------------------------------------------------------------------------


@pytest.fixture
def closed(project: Path, tmp_path: Path, target: Target) -> Iterator[Callable[[str], LocalSystem]]:
    """Starts the system from a shell that closes streams first."""
    started: list[LocalSystem] = []

    def start(closing: str, **variables: str) -> LocalSystem:
        running = LocalSystem(project, tmp_path, TARGET_URL=target.url, **variables)
        running.command = ["sh", "-c", f'exec "$@" {closing}', "sh", *START]
        started.append(running)
        running.start()
        super(LocalSystem, running).wait_until_ready()
        return running

    yield start
    for running in started:
        running.stop()


# Each stream is looked at by itself, and test_odd_environments.py closes every set of them in forks.
RARELY = [pytest.param(closing, marks=pytest.mark.nightly) for closing in ("<&-", "2>&- <&-")]


@pytest.mark.parametrize("closing", ["<&- >&- 2>&-", ">&-", *RARELY])
def test_it_serves_with_closed_streams(closed: Callable[[str], LocalSystem], closing: str) -> None:
    running = closed(closing)
    running.wait_for_further_events(2, is_success=True)
    assert b"SQLite format 3" in running.database.read_bytes()[:100]


def test_it_serves_apart_with_closed_streams(closed: Callable[..., LocalSystem]) -> None:
    closed("<&- >&- 2>&-", SEPARATE="1").wait_for_further_events(2, is_success=True)


@pytest.mark.parametrize(
    ("start", "encoding"), [("project", "ascii"), ("forked_project", "latin-1"), ("forked_project", "cp1252")]
)
def test_every_message_is_printed_on_every_terminal(
    request: pytest.FixtureRequest, start: str, tmp_path: Path, target: Target, encoding: str
) -> None:
    project = request.getfixturevalue(start)
    settings = {"TARGET_URL": target.url, "MESSAGE_LANGUAGE": "ko", "PYTHONIOENCODING": encoding}
    with LocalSystem(project, tmp_path, **settings) as running:
        target.is_down = True
        running.wait_until(running.sent)
        assert f"?? {target.url} " in running.output()


def test_a_command_prints_on_every_terminal(project: Path, tmp_path: Path) -> None:
    environ = environment(tmp_path, PYTHONIOENCODING="ascii", LOCATION="서울")
    command = [START[0], "-m", "infra", "doctor"]
    done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=60)
    assert done.stdout
    assert "Traceback" not in done.stderr


# --- signals, and workers that cannot begin ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH])
def test_a_signal_of_gunicorns_own_changes_nothing(
    forked_project: Path, tmp_path: Path, target: Target, number: signal.Signals
) -> None:
    with LocalSystem(forked_project, tmp_path, TARGET_URL=target.url) as running:
        before = running.living()
        os.killpg(running.group, number)
        running.wait_for_further_events(4, is_success=True)
        assert sorted(living(running.group)) == sorted(before)


@pytest.mark.parametrize(
    ("defect", "reason", "separate"),
    [
        ("raise RuntimeError('a defect')", "a defect", ""),
        ("raise RuntimeError('a defect')", "a defect", "1"),
        ("import os; os.kill(os.getpid(), 9)", "3 workers ended before they served", ""),
        ("import os; os._exit(7)", "3 workers ended before they served", ""),
    ],
)
def test_workers_that_cannot_begin_end_everything(
    project: Path, tmp_path: Path, separate: str, defect: str, reason: str
) -> None:
    broken = copy_project(tmp_path / "broken")
    (broken / "functions" / "list_alerts" / "main.py").write_text(f"{defect}\n", encoding="utf-8")
    running = PipedSystem(os.pipe, broken, tmp_path, SEPARATE=separate)
    running.start()
    try:
        running.close()
        assert running.process.wait(60) == 3
        running.wait_until(lambda: not running.living(), 10)
        assert " stopped reason=" in running.log()
        assert reason in running.log()
    finally:
        running.kill()
