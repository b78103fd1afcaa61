"""The backlog: events that wait until the backend takes them, and what is known of an outage of the backend.

It has a database in each folder that the settings name, and one in memory. A disk can fill up and a folder can be moved
away, and both can end at any time: so it writes to the first database that works, and reads all of them.
"""

import contextlib
import functools
import hashlib
import heapq
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from functions.check_monitors.reporting.backlog_database import MAX_EVENTS, BacklogDatabase, Row
from functions.check_monitors.reporting.take_over import is_left_for, take_over
from shared.logs import step
from shared.models import Event, as_text
from shared.settings import Settings

TURN_SECONDS = 5.0

Result = TypeVar("Result")

# By the backend's URL. They end with the process.
_memories: dict[str, BacklogDatabase] = {}


def folder_name(backend_url: str) -> str:
    """Return the name of the folder in which one backend's backlog is."""
    return f"spool-{hashlib.sha256(backend_url.encode()).hexdigest()[:12]}"


class Backlog:
    """Everything that waits for the settings' backend, as one run uses it. A disk's fault raises nothing."""

    def __init__(self, settings: Settings) -> None:
        self._files = _files_of(settings.spool_dirs, settings.backend_url, settings.spool_dir_given is not None)
        self._memory = _memory_of(settings.backend_url)
        # The databases that this run may post from.
        self._in_turn: list[BacklogDatabase] = []

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Post as the only run meanwhile. Locks see to that, since no transaction may wait for the network.

        Raises:
            TimeoutError: another run has been posting for TURN_SECONDS.
        """
        with self._locked("turn", TURN_SECONDS) as databases:
            for database in databases:
                self._take_over(database)
            self._in_turn = databases
            try:
                yield
            finally:
                self._in_turn = []

    @contextmanager
    def notifying(self) -> Iterator[None]:
        """Follow the backend's outage as the only run meanwhile.

        Raises:
            TimeoutError: another run does so now.
        """
        with self._locked("notify", 0.0):
            yield

    def oldest(self, count: int) -> list[Event]:
        """Return the first ``count`` events by their own time. There are none without the turn."""
        while True:
            found = self._in_each(lambda database: database.oldest(count))
            rows = list(islice(heapq.merge(*found, key=lambda row: row.timestamp), count))
            events, unreadable = _events(rows)
            if not unreadable:
                return events
            # They would wait for ever. And fewer events than ``count`` would say that no other event waits.
            step("agent", "events_dropped", level=logging.ERROR, count=len(unreadable), reason="they cannot be read")
            self._remove(unreadable)

    def remove(self, events: Sequence[Event]) -> None:
        """Delete ``events``, which ``oldest`` returned. If a database fails, another run posts them again."""
        self._remove([event.event_id for event in events])

    def add(self, events: Sequence[Event]) -> int:
        """Keep ``events``, and move the events in memory to a file. Return how many had to be dropped."""
        rows = [Row(event.event_id, as_text(event.timestamp), event.model_dump_json()) for event in events]
        # Only in the turn: another run that posts from memory will remove from memory.
        moving = self._memory.oldest(MAX_EVENTS) if self._memory in self._in_turn else []
        if not rows and not moving:
            return 0
        for file in self._files:
            try:
                dropped = file.append([*moving, *rows])
            except OSError as trouble:
                self._leave(file, trouble)
            else:
                self._memory.remove([row.event_id for row in moving])
                return dropped
        return self._memory.append(rows)

    def count(self) -> int:
        """Return how many events wait."""
        return sum(_from_each((*self._files, self._memory), BacklogDatabase.count))

    def outages(self) -> list[str]:
        """Return the outage that was saved last; what each folder says, if nothing says which was the last."""
        unsaved = self._memory.outages()
        known = [unsaved] if unsaved else _from_each(self._files, BacklogDatabase.outages)
        return [outage for outages in known for outage in outages if outage is not None]

    def has_outage(self) -> bool:
        """Whether an outage is known, or a folder still says so of one that is over."""
        return any(_from_each(self._files, BacklogDatabase.outages)) or any(self._memory.outages())

    def save_outage(self, outage: str | None) -> None:
        """Save ``outage`` in the first folder that takes it and delete what the others say. None: it is over.

        The memory keeps what a folder should say and could not be made to.
        """
        is_saved = outage is None
        trouble: OSError | None = None
        for file in self._files:
            try:
                if is_saved:
                    file.clear_outage()
                else:
                    file.save_outage(outage)
                    is_saved = True
            except OSError as error:
                trouble = error
        if trouble is None:
            self._memory.clear_outage()
            return
        self._memory.save_outage(outage)
        if not is_saved:
            path = self._files[0].folder
            step("agent", "backend_watch_unusable", level=logging.WARNING, reason=str(trouble), path=path)

    @contextmanager
    def _locked(self, name: str, seconds: float) -> Iterator[list[BacklogDatabase]]:
        """Hold a lock of each database that can be used, and yield those databases.

        All runs take the locks in the same order, so two of them never wait for each other.

        Raises:
            TimeoutError: another run has held one of them for ``seconds``.
        """
        databases = []
        with contextlib.ExitStack() as stack:
            for database in (*self._files, self._memory):
                # In a second folder, a run that has nothing to do there leaves nothing behind.
                if database in self._files[1:] and not database.exists() and not is_left_for(database):
                    continue
                try:
                    stack.enter_context(database.locked(name, seconds))
                except TimeoutError:
                    raise TimeoutError("another run is posting") from None
                except OSError:
                    continue
                databases.append(database)
            yield databases

    def _take_over(self, database: BacklogDatabase) -> None:
        try:
            if is_left_for(database):
                take_over(database)
        except OSError as trouble:
            self._leave(database, trouble)

    def _remove(self, event_ids: Sequence[str]) -> None:
        self._in_each(lambda database: database.remove(event_ids))

    def _in_each(self, use: Callable[[BacklogDatabase], Result]) -> list[Result]:
        """Return what ``use`` returns for each database of this turn that works."""
        results = []
        for database in tuple(self._in_turn):
            try:
                results.append(use(database))
            except OSError as trouble:
                self._leave(database, trouble)
        return results

    def _leave(self, database: BacklogDatabase, trouble: OSError) -> None:
        """Use a database that failed no more in this turn: what cannot be removed would be posted again and again."""
        step("agent", "spool_unusable", level=logging.WARNING, reason=str(trouble), path=database.folder)
        if database in self._in_turn:
            self._in_turn.remove(database)


# Kept for the next run: making the paths costs a run without trouble more than everything that it does with them.
@functools.lru_cache(maxsize=8)
def _files_of(folders: tuple[Path, ...], backend_url: str, is_spool_dir: bool) -> tuple[BacklogDatabase, ...]:
    # Only SPOOL_DIR may be made. If the database's folder is moved away, a new one would be in its way.
    return tuple(BacklogDatabase(folder / folder_name(backend_url), makes_parents=is_spool_dir) for folder in folders)


def _memory_of(backend_url: str) -> BacklogDatabase:
    return _memories.get(backend_url) or _memories.setdefault(backend_url, BacklogDatabase())


def _from_each(databases: Iterable[BacklogDatabase], read: Callable[[BacklogDatabase], Result]) -> list[Result]:
    """Return what ``read`` returns for each database that can be read."""
    results = []
    for database in databases:
        with contextlib.suppress(OSError):
            results.append(read(database))
    return results


def _events(rows: Sequence[Row]) -> tuple[list[Event], list[str]]:
    """The events in ``rows``, and the ids of those that cannot be read. Another version may have written them."""
    events, unreadable = [], []
    for row in rows:
        try:
            events.append(Event.model_validate_json(row.event))
        except ValidationError:
            unreadable.append(row.event_id)
    return events, unreadable
