"""Group commit: requests that arrive while another one is being committed share the next commit.

A commit that survives a power cut waits for the disk, and it waits as long for many requests as for one.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from shared.store.engines import crowd
from shared.store.engines.database import Database, StoreBusy, StoreUnavailable, Transaction

RECHECK_SECONDS = 0.1

Work = TypeVar("Work")
Result = TypeVar("Result")


class _Entry(Generic[Work, Result]):
    """One request's work, and what came of it after its transaction was committed or failed."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.result: Result | None = None
        self.error: BaseException | None = None
        # A leader commits the work of everybody who waits, its own among it. The others wait until a leader has.
        self.is_leader = False
        # Held until ``wake``. An Event would say it in one word, but costs a fifth of a commit that many share.
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def sleep(self, seconds: float) -> bool:
        """Wait for ``wake``, at most for ``seconds``. Whether it came."""
        return self._asleep.acquire(timeout=seconds)

    def wake(self) -> None:
        """The entry has become the leader, or its work is done."""
        self._asleep.release()


class Group(Generic[Work, Result]):
    """Does works in transactions that concurrent callers share: one of them, the leader, commits the work of all.

    ``do`` does several works in one transaction, and yields the result of each in turn.
    """

    def __init__(self, database: Database, do: Callable[[Transaction, Sequence[Work]], Iterable[Result]]) -> None:
        self._database, self._do = database, do
        self._lock = threading.Lock()
        self._has_leader = False
        self._progressed_at = 0.0
        self._waiting: deque[_Entry[Work, Result]] = deque()

    def run(self, work: Work) -> Result:
        """The result of ``work``, after its commit. If it raises, nothing of it is stored; the others' work is.

        Raises:
            StoreUnavailable: the transaction could not be begun or committed.
        """
        entry: _Entry[Work, Result] = _Entry(work)
        with self._lock:
            self._waiting.append(entry)
            if not self._has_leader:
                self._appoint(entry)
        if not entry.is_leader:
            self._wait(entry)
        if entry.is_leader:
            self._lead()
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]  # it is done

    def _appoint(self, entry: _Entry[Work, Result]) -> None:
        # The time is set here, not when the leader's thread runs: a caller that arrives in between would measure from
        # the previous commit and think that this one is stuck.
        self._has_leader, self._progressed_at = True, time.monotonic()
        entry.is_leader = True

    def _wait(self, entry: _Entry[Work, Result]) -> None:
        """Wait until the work is done, or it is this entry's turn to lead."""
        while not entry.sleep(max(RECHECK_SECONDS, crowd.CROWDED_SECONDS - self._stuck_seconds())):
            with self._lock:
                # An entry that a leader has collected must stay, since its work may be committed already.
                is_free = entry in self._waiting and not entry.is_leader
                if is_free and crowd.is_too_crowded(len(self._waiting), self._stuck_seconds()):
                    self._waiting.remove(entry)
                    raise StoreBusy

    def _stuck_seconds(self) -> float:
        return time.monotonic() - self._progressed_at

    def _lead(self) -> None:
        with self._lock:
            entries = list(self._waiting)
            self._waiting.clear()
        try:
            if not self._commit(entries):
                # One of them is at fault: alone, it is the only one that fails.
                for entry in entries:
                    self._commit([entry])
        finally:
            with self._lock:
                self._has_leader = False
                if self._waiting:
                    self._appoint(self._waiting[0])
                    self._waiting[0].wake()
            for entry in entries:
                entry.wake()

    def _commit(self, entries: list[_Entry[Work, Result]]) -> bool:
        """Run the works in one transaction. False if one of the works failed, and not the store."""
        try:
            with self._database.transaction() as transaction:
                results = []
                for result in self._do(transaction, [entry.work for entry in entries]):
                    results.append(result)
                    self._progressed_at = time.monotonic()
        except BaseException as error:
            for entry in entries:
                entry.error = error
            if not isinstance(error, Exception):
                raise
            return isinstance(error, StoreUnavailable)
        for entry, result in zip(entries, results, strict=True):
            entry.result, entry.error = result, None
        return True


def each_alone(transaction: Transaction, works: Sequence[Callable[[Transaction], Result]]) -> Iterable[Result]:
    """The result of each work that has nothing in common with the others."""
    return (work(transaction) for work in works)
