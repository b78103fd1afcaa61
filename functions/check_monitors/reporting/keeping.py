"""What is kept for a backend until it takes it: in the first folder's spool that can be written, else in memory.

A disk fills up, a folder is moved away, and both may end at any time. So whatever is written to now, all places are
read: nothing is stranded in one of them.
"""

import heapq
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TypeVar

from functions.check_monitors.reporting.spool import MAX_EVENTS, TURN_SECONDS, Spool, folders
from shared.logs import step
from shared.models import Event
from shared.settings import Settings

Result = TypeVar("Result")


class _Memory:
    """The events that no folder takes now, oldest first. They end with the process."""

    def __init__(self) -> None:
        self.turn, self.lock = threading.Lock(), threading.Lock()
        self.events: list[Event] = []


# By backend.
_memories: dict[str, _Memory] = {}


class Kept:
    """Everything that is kept for the settings' backend, for one run. Never raises for a disk's fault."""

    def __init__(self, settings: Settings) -> None:
        self._spools = [Spool(folder, settings.backend_url) for folder in folders(settings)]
        self._memory = _memories.setdefault(settings.backend_url, _Memory())
        self._posted_from: list[Spool] = []
        self._has_turn = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Post as the only run meanwhile; only then is there anything ``oldest``.

        Raises:
            TimeoutError: another run has been at it for TURN_SECONDS.
        """
        with ExitStack() as stack:
            for spool in self._spools:
                # In a second place nothing is left behind for a turn in which there is nothing.
                if spool is self._spools[0] or spool.path.exists():
                    try:
                        stack.enter_context(spool.turn())
                        self._posted_from.append(spool)
                    except TimeoutError:
                        raise
                    except OSError:
                        continue
            # Where no folder can be used, it is the only one.
            if not self._memory.turn.acquire(timeout=TURN_SECONDS):
                raise TimeoutError("another run is posting")
            stack.callback(self._memory.turn.release)
            self._has_turn = True
            stack.callback(setattr, self, "_has_turn", False)
            yield

    def oldest(self, count: int) -> list[Event]:
        """The first ``count`` of what is kept, by their own time."""
        with self._memory.lock:
            places = [self._memory.events[:count]]
        places += self._in_each(lambda spool: spool.oldest(count))
        return list(islice(heapq.merge(*places, key=lambda event: event.timestamp), count))

    def remove(self, events: Sequence[Event]) -> None:
        """Keep ``events``, which ``oldest`` gave, no longer."""
        self._in_each(lambda spool: spool.remove(events))
        gone = {event.event_id for event in events}
        with self._memory.lock:
            self._memory.events = [event for event in self._memory.events if event.event_id not in gone]

    def add(self, events: Sequence[Event]) -> int:
        """Keep ``events``, too, and move what the memory holds to where it survives. How many had to be dropped."""
        memory = self._memory
        with memory.lock:
            everything = [*memory.events, *events]
            # Who posts from the memory looks for it there again.
            may_move = self._has_turn or not memory.events
            dropped = self._written(everything) if everything and may_move else None
            memory.events = everything[-MAX_EVENTS:] if dropped is None else []
        return max(0, len(everything) - MAX_EVENTS) if dropped is None else dropped

    def count(self) -> int:
        """How many events are kept."""
        found = len(self._memory.events)
        for spool in self._spools:
            try:
                found += spool.count()
            except OSError:
                continue
        return found

    def _written(self, events: Sequence[Event]) -> int | None:
        """How many the first spool that took ``events`` had to drop; None where none took them."""
        for spool in self._spools:
            try:
                return spool.add(events)
            except OSError as error:
                _say(spool, error)
        return None

    def _in_each(self, use: Callable[[Spool], Result]) -> list[Result]:
        """What comes of it in each spool; one that fails is left alone for this turn.

        What was posted from it and cannot be removed is posted again by another run, and is known there by its id.
        """
        found = []
        for spool in tuple(self._posted_from):
            try:
                found.append(use(spool))
            except OSError as error:
                _say(spool, error)
                self._posted_from.remove(spool)
        return found


def _say(spool: Spool, error: OSError) -> None:
    step("agent", "spool_unusable", level=logging.WARNING, reason=str(error), path=spool.path)
