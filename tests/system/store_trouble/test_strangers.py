"""Other users of the machine: no file that they plant and no lock that they hold stops the running system."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import requests

from functions.check_monitors.reporting.backlog import folder_name
from tests.support.backlogs import only_root, plant
from tests.support.running import LocalSystem
from tests.support.stand_ins import Target
from tests.system.store_trouble.troubles import folder_missing
from tests.system.store_trouble.watched import report

pytestmark = pytest.mark.system

# A request waits for its turn for 5 s, and SQLite waits for 10 s if even a reader is locked out.
RESPONSE_SECONDS = 20.0


@pytest.fixture
def system(project: Path, tmp_path: Path, target: Target) -> LocalSystem:
    """It is not started. Its store has a folder of its own, and its temporary files are among everybody's."""
    data, temp = tmp_path / "data", tmp_path / "temp"
    data.mkdir()
    temp.mkdir()
    temp.chmod(0o1777)
    variables = {"DATABASE_URL": f"sqlite:///{data / 'bonghwa.db'}", "TMPDIR": str(temp)}
    system = LocalSystem(project, tmp_path, TARGET_URL=target.url, CHECK_TIMEOUT_SECONDS="0.5", **variables)
    system.database = data / "bonghwa.db"
    return system


def wait_until_ok(system: LocalSystem) -> None:
    system.wait_until(lambda: system.get("/").json()["status"] == "ok")


def wait_for_further_checks(system: LocalSystem, count: int) -> None:
    """Wait until the log has more of them, wherever their events are."""
    log = system.folder / "logs" / "agent.log"
    enough = log.read_text().count(" checked ") + count
    system.wait_until(lambda: log.read_text().count(" checked ") >= enough)


# --- planted files ----------------------------------------------------------------------------------------------------


def seen_of(path: Path) -> tuple[int, ...]:
    """The facts that would differ if somebody had used the file."""
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_uid, found.st_size, found.st_mtime_ns


@only_root
@pytest.mark.parametrize("kind", ["link", "fifo"])
@pytest.mark.parametrize("ends", [("",), (".jsonl", ".turn")], ids=["today's name", "names of version 0.1"])
def test_a_strangers_files_stop_no_check_and_no_outage(
    system: LocalSystem, tmp_path: Path, target: Target, ends: tuple[str, ...], kind: str
) -> None:
    prey = tmp_path / "prey"
    prey.mkdir()
    (prey / "file").write_bytes(b"of value")
    planted = [tmp_path / "temp" / f"{folder_name(system.url)}{end}" for end in ends]
    for path in planted:
        # A link at today's name would make the system use a folder of the stranger's choice.
        plant(path, prey / "file" if path.suffix else prey, kind)
    before = [seen_of(path) for path in (*planted, prey, prey / "file")]

    with system:
        system.wait_for_further_events(1, is_success=True)
        # The events wait among the temporary files, or in memory.
        with folder_missing(system):
            target.is_down = True
            wait_for_further_checks(system, 3)
        system.wait_until(lambda: system.told("OUTAGE"))
        wait_until_ok(system)
    assert [seen_of(path) for path in (*planted, prey, prey / "file")] == before


# --- locks that are held ----------------------------------------------------------------------------------------------


def backlog_of(system: LocalSystem) -> Path:
    return system.database.parent / folder_name(system.url)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file or folder, as anybody can who may read it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def turn(system: LocalSystem) -> AbstractContextManager[None]:
    """The lock of the run that posts."""
    return locked(backlog_of(system) / "turn")


def backlogs_folder(system: LocalSystem) -> AbstractContextManager[None]:
    """The lock of the run that uses the events that wait. None does."""
    return locked(backlog_of(system))


def stores_folder(system: LocalSystem) -> AbstractContextManager[None]:
    """The lock of a process that opens the store. Each has opened it."""
    return locked(system.database.parent)


@contextlib.contextmanager
def deleted_store(system: LocalSystem) -> Iterator[None]:
    """The same lock, and each process has to open the store anew."""
    with stores_folder(system):
        for path in system.database.parent.glob("bonghwa.db*"):
            path.unlink()
        yield


@contextlib.contextmanager
def stores_locks(system: LocalSystem) -> Iterator[None]:
    """All locks of SQLite's own, for writers, checkpoints, recovery and readers.

    If this process opened the store meanwhile, it would lose them when it closes the store.
    """
    with system.database.with_name("bonghwa.db-shm").open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 8, 120)
        yield


def health(system: LocalSystem, status: str) -> requests.Response:
    """The first response of ``GET /`` with this status."""
    # A list, because a response that is not ok is false.
    return system.wait_until(lambda: [each for each in [system.get("/")] if each.json()["status"] == status])[0]


@pytest.mark.parametrize(
    ("lock", "status"),
    [
        (turn, "degraded"),
        (backlogs_folder, "ok"),
        (stores_folder, "ok"),
        (deleted_store, "unavailable"),
        (stores_locks, "unavailable"),
    ],
)
def test_a_held_lock_leaves_each_request_its_response(
    system: LocalSystem, target: Target, lock: Callable[[LocalSystem], AbstractContextManager[None]], status: str
) -> None:
    with system:
        system.wait_for_further_events(1, is_success=True)
        with lock(system):
            said = health(system, status)
            assert bool(said.json()["reasons"]) is (status != "ok")
            with ThreadPoolExecutor() as threads:
                asked = [threads.submit(system.get, path) for path in ("/", "/alerts")] + [
                    threads.submit(report, system)
                ]
            for response in (said, *(each.result() for each in asked)):
                assert response.elapsed.total_seconds() < RESPONSE_SECONDS
            target.is_down = True
            wait_for_further_checks(system, 1)
            if status == "ok":
                system.wait_until(lambda: system.told("OUTAGE"))
        wait_until_ok(system)
        system.wait_until(lambda: system.told("OUTAGE"))


def test_a_lock_on_events_that_wait_delays_no_outage(system: LocalSystem, target: Target) -> None:
    with system:
        system.wait_for_further_events(1, is_success=True)
        waiting = backlog_of(system) / "backlog.db"
        with contextlib.ExitStack() as held:
            with turn(system):
                system.wait_until(waiting.exists)
                held.enter_context(backlogs_folder(system))
            target.is_down = True
            system.wait_until(lambda: system.told("OUTAGE"))
        system.wait_until(lambda: not waiting.exists())
        wait_until_ok(system)
