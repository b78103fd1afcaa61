"""The agent's backlog as tests see it from outside: what waits in a folder, and what disks and strangers do to it."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from functions.check_monitors.reporting.backlog import Backlog
from functions.check_monitors.reporting.backlog_database import BacklogDatabase
from shared import ROOT
from shared.models import Event
from shared.settings import Settings
from tests.support.builders import NOON

NOBODY = 65_534
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")


def event(
    name: str, minute: float = 0, *, monitor: str = "http://t/", is_success: bool = False, at: datetime | None = None
) -> Event:
    """An event with ``name`` as its id."""
    timestamp = at or NOON + timedelta(minutes=minute)
    return Event(target_url="http://t/", monitor=monitor, event_id=name, timestamp=timestamp, is_success=is_success)


def databases_in(folder: Path) -> list[BacklogDatabase]:
    """The databases of all backlogs in ``folder``."""
    return [BacklogDatabase(own) for own in sorted(folder.glob("spool-*")) if own.is_dir()]


def waiting_in(folder: Path) -> list[str]:
    """The ids of the events that wait in ``folder``, oldest first."""
    return [row.event_id for database in databases_in(folder) for row in database.oldest(99_999)]


def waiting(settings: Settings) -> list[str]:
    """The ids of all events that wait, oldest first."""
    backlog = Backlog(settings)
    with backlog.turn():
        return [event.event_id for event in backlog.oldest(99_999)]


def files_in(folder: Path) -> set[str]:
    """The names of the files in ``folder`` and below."""
    return {path.name for path in folder.rglob("*") if path.is_file()}


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let every write beyond ``size`` fail, as on a full disk; for this process alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a disk of 1 MiB at ``folder``; whether that was possible."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no room on ``disk``."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    try:
        yield
    finally:
        filler.unlink()


def can_confine() -> bool:
    """Whether a file's permissions can be made to hold for a process of ours."""
    return os.geteuid() != 0 or shutil.which("setpriv") is not None


def confined(script: str, *arguments: object) -> list[str]:
    """The words that a Python script prints in a process for which a file's permissions hold, also if we are root."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


def plant(path: Path, prey: Path, kind: str) -> None:
    """Make a link to ``prey``, a FIFO or a file at ``path``, as another user."""
    if kind == "link":
        path.symlink_to(prey)
    elif kind == "fifo":
        os.mkfifo(path, 0o666)
    else:
        path.write_bytes(b"theirs")
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
