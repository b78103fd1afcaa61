"""A spool: events that could not be posted, one file in a folder for each backend, oldest first.

One event a line. The file is bounded: past MAX_EVENTS the oldest are dropped, since what a target is now matters more
than what it was. Whoever posts from it takes a turn, so that two runs of the agent never post the same events, and
never out of order; who cannot have one in time adds to the spool meanwhile.
"""

import fcntl
import hashlib
import itertools
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from shared.models import Event
from shared.settings import Settings

MAX_EVENTS = 10_000
TURN_SECONDS = 5.0
_ASK_AGAIN_SECONDS = 0.02


class Spool:
    """The spool of one backend in ``folder``. Its methods raise OSError where the file cannot be used."""

    def __init__(self, folder: Path, backend_url: str) -> None:
        self.path = folder / f"spool-{short_name(backend_url)}.jsonl"
        self._line_of: dict[str, bytes] = {}
        self._unreadable: set[bytes] = set()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Post to the backend as the only run meanwhile.

        Raises:
            TimeoutError: another run has been at it for TURN_SECONDS.
        """
        give_up_at = time.monotonic() + TURN_SECONDS
        with self.path.with_suffix(".turn").open("w") as lock:
            while not locked_at_once(lock.fileno()):
                if time.monotonic() > give_up_at:
                    raise TimeoutError("another run is posting")
                time.sleep(_ASK_AGAIN_SECONDS)
            yield

    def oldest(self, count: int) -> list[Event]:
        """The first ``count`` of what is kept. What no event can be read from is passed over."""
        return list(itertools.islice((event for line in self._lines() if (event := self._event(line))), count))

    def count(self) -> int:
        """How many events are kept."""
        return len(self._lines())

    def add(self, events: Sequence[Event]) -> int:
        """Keep ``events``, too, behind all others. How many had to be dropped."""
        new = [event.model_dump_json().encode() for event in events]
        with self._changing():
            kept = self._lines()
            dropped = max(0, len(kept) + len(new) - MAX_EVENTS)
            if dropped:
                self._replace([*kept, *new][dropped:])
            else:
                _write(self.path, "ab", new)
        return dropped

    def remove(self, events: Sequence[Event]) -> None:
        """Keep those of ``events`` that ``oldest`` gave no longer."""
        gone = {line for event in events if (line := self._line_of.pop(event.event_id, None))}
        if not gone:
            return
        gone |= self._unreadable
        with self._changing():
            if kept := [line for line in self._lines() if line not in gone]:
                self._replace(kept)
            else:
                self.path.unlink(missing_ok=True)

    def _lines(self) -> list[bytes]:
        try:
            refuse_a_strangers(self.path)
            # A crash may have cut one short.
            return [line for line in self.path.read_bytes().splitlines() if line[:1] == b"{" and line[-1:] == b"}"]
        except FileNotFoundError:
            return []

    def _event(self, line: bytes) -> Event | None:
        try:
            event = Event.model_validate_json(line)
        except ValidationError:
            self._unreadable.add(line)
            return None
        self._line_of[event.event_id] = line
        return event

    def _replace(self, lines: Sequence[bytes]) -> None:
        """Make ``lines`` all that is kept, in one step that a crash cannot split."""
        new = self.path.with_suffix(".new")
        _write(new, "wb", lines)
        new.replace(self.path)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Held only while the file is changed, never while anybody waits for the network."""
        # A file of its own, since the spool itself is replaced.
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def folders(settings: Settings) -> tuple[Path, ...]:
    """Where the agent's files may stand, best first. A folder is only made where SPOOL_DIR names it.

    The database's own, where it is missing, is moved away or not mounted yet, and another must not take its place.
    """
    if settings.spool_dir_given:
        with suppress(OSError):
            settings.spool_dirs[0].mkdir(parents=True, exist_ok=True)
    return settings.spool_dirs


def refuse_a_strangers(path: Path) -> None:
    """Raise PermissionError where another user has put the file into a folder that everybody may write to."""
    if path.lstat().st_uid != os.geteuid() and path.parent.stat().st_mode & stat.S_ISVTX:
        raise PermissionError(f"{path} is another user's")


def short_name(backend_url: str) -> str:
    """What tells the files of one backend from those of another."""
    return hashlib.sha256(backend_url.encode()).hexdigest()[:12]


def locked_at_once(descriptor: int) -> bool:
    """Lock a file for this opening of it, unless another has it locked. Whether it is now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, mode: Literal["ab", "wb"], lines: Sequence[bytes]) -> None:
    # The break goes first: the line before may have been cut short.
    left = memoryview(b"".join(b"\n" + line for line in lines))
    with path.open(mode, buffering=0) as file:
        before = file.tell()
        try:
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            # All or nothing: whoever is told that it failed keeps them elsewhere.
            file.truncate(before)
            raise
