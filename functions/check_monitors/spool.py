"""The spool: events that could not be posted, one file for each backend, oldest first.

One event a line. The file is bounded: past MAX_EVENTS the oldest are dropped, since what a target is now matters more
than what it was. A lock keeps two runs of the agent from taking the same events.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from shared.models import Event

MAX_EVENTS = 10_000


class Spool:
    """The spool of one backend in ``folder``. Its methods raise OSError where the file cannot be used."""

    def __init__(self, folder: Path, backend_url: str) -> None:
        name = hashlib.sha256(backend_url.encode()).hexdigest()[:12]
        self.path = folder / f"spool-{name}.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other run off the spool meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A file of its own, since the spool itself is replaced.
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def events(self) -> list[Event]:
        """What is kept, oldest first. A line that a crash cut short is passed over."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return [event for line in lines if (event := _event(line)) is not None]

    def keep(self, events: Sequence[Event]) -> int:
        """Make ``events`` all that is kept, in one step that a crash cannot split. How many had to be dropped."""
        kept = events[-MAX_EVENTS:]
        if not kept:
            self.path.unlink(missing_ok=True)
            return 0
        new = self.path.with_suffix(".new")
        with new.open("wb") as file:
            file.writelines(event.model_dump_json().encode() + b"\n" for event in kept)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        return len(events) - len(kept)


def _event(line: bytes) -> Event | None:
    try:
        return Event.model_validate_json(line)
    except ValidationError:
        return None
