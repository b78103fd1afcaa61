"""Group commit: requests that come while another is being committed share the next commit.

A commit that survives a power cut waits for the disk, and one waits as long for many requests as for one.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from shared.store.engines.database import Database, StoreBusy, StoreUnavailable, Transaction

# When nothing has gone on for this long, of those that wait for the next transaction only a few go on waiting, and the
# others are told to come back: a store in trouble must not hold every thread of a server.
CROWDED_SECONDS = 1.0
WAITING = 4
LOOK_AGAIN_SECONDS = 0.1

Result = TypeVar("Result")


class _Entry(Generic[Result]):
    """One request's work, and what came of it once its transaction was committed, or was not."""

    def __init__(self, work: Callable[[Transaction], Result]) -> None:
        self.work = work
        self.is_done = False
        self.result: Result | None = None
        self.error: BaseException | None = None
        # Taken until it is done, or its turn to do the work of all that wait.
        self.sleeps = threading.Lock()
        self.sleeps.acquire()


class Group:
    """Runs work in transactions that concurrent callers share: one of them does the work of all that wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._is_taken = False
        self._went_on_at = 0.0
        self._waiting: deque[_Entry[Any]] = deque()

    def run(self, work: Callable[[Transaction], Result]) -> Result:
        """What ``work`` gives, once it is committed. Where it raises, nothing of it is, and the others' work is.

        Raises:
            StoreUnavailable: the transaction could not be begun or committed.
        """
        entry = _Entry(work)
        with self._lock:
            self._waiting.append(entry)
            is_its_turn = not self._is_taken
            if is_its_turn:
                self._begin()
        if not is_its_turn:
            self._sleep(entry)
        if not entry.is_done:
            self._run_all()
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]  # it is done

    def _begin(self) -> None:
        # Not once its thread runs: who comes until then would take it for one that lasts since the last one.
        self._is_taken, self._went_on_at = True, time.monotonic()

    def _sleep(self, entry: _Entry[Any]) -> None:
        while not entry.sleeps.acquire(timeout=max(LOOK_AGAIN_SECONDS, self._crowded_at() - time.monotonic())):
            with self._lock:
                if entry.sleeps.acquire(blocking=False):
                    return  # woken just now
                is_stuck = time.monotonic() > self._crowded_at()
                if is_stuck and entry in self._waiting and len(self._waiting) > WAITING:
                    self._waiting.remove(entry)
                    raise StoreBusy

    def _crowded_at(self) -> float:
        return self._went_on_at + CROWDED_SECONDS

    def _run_all(self) -> None:
        with self._lock:
            entries = list(self._waiting)
            self._waiting.clear()
        try:
            if not self._run_together(entries):
                # One of them is at fault: apart, it is the only one that fails.
                for entry in entries:
                    self._run_together([entry])
        finally:
            with self._lock:
                self._is_taken = False
                if self._waiting:
                    self._begin()
                    self._waiting[0].sleeps.release()
            for entry in entries:
                entry.is_done = True
                entry.sleeps.release()

    def _run_together(self, entries: list[_Entry[Any]]) -> bool:
        """Whether their transaction was committed, or could not be whoever was in it."""
        try:
            with self._database.transaction() as transaction:
                results = []
                for entry in entries:
                    results.append(entry.work(transaction))
                    self._went_on_at = time.monotonic()
        except BaseException as error:
            for entry in entries:
                entry.error = error
            if not isinstance(error, Exception):
                raise
            return isinstance(error, StoreUnavailable)
        for entry, result in zip(entries, results, strict=True):
            entry.result, entry.error = result, None
        return True
