"""Group commit: requests that come while another is being committed share the next commit.

A commit that survives a power cut waits for the disk, and one waits as long for many requests as for one.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from shared.store.sqlite import SqliteDatabase, StoreBusy, Transaction, is_trouble

# Who has waited this long, and is not about to be served, is told to come back: a store in trouble must not hold every
# thread of a server.
TURN_SECONDS = 1.0

Result = TypeVar("Result")


class _Entry(Generic[Result]):
    """One request's work, and what came of it once its transaction was committed, or was not."""

    def __init__(self, work: Callable[[Transaction], Result]) -> None:
        self.work = work
        self.is_done = False
        self.result: Result | None = None
        self.error: BaseException | None = None


class Group:
    """Runs work in transactions that concurrent callers share."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._waiting: deque[_Entry[Any]] = deque()

    def run(self, work: Callable[[Transaction], Result]) -> Result:
        """What ``work`` gives, once it is committed. Where it raises, nothing of it is, and the others' work is.

        Raises:
            StoreUnavailable: the transaction could not be begun or committed.
        """
        entry = _Entry(work)
        self._waiting.append(entry)
        self._take_turn(entry)
        try:
            # Whoever had the turn before may have done it already.
            if not entry.is_done:
                self._run_all()
        finally:
            self._turn.release()
        if entry.error is not None:
            raise entry.error
        return entry.result  # type: ignore[return-value]  # it is done

    def _take_turn(self, entry: _Entry[Any]) -> None:
        if self._turn.acquire(timeout=TURN_SECONDS):
            return
        try:
            self._waiting.remove(entry)
        except ValueError:
            # Whoever has the turn is at it.
            self._turn.acquire()
        else:
            raise StoreBusy

    def _run_all(self) -> None:
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            with self._database.transaction() as transaction:
                for entry in entries:
                    if len(entries) == 1:
                        entry.result = entry.work(transaction)
                    else:
                        _run_apart(transaction, entry)
        except BaseException as error:
            for entry in entries:
                entry.error = entry.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            for entry in entries:
                entry.is_done = True


def _run_apart(transaction: Transaction, entry: _Entry[Any]) -> None:
    transaction.rows("SAVEPOINT one")
    try:
        entry.result = entry.work(transaction)
    except Exception as error:
        if is_trouble(error):
            raise
        entry.error = error
        transaction.rows("ROLLBACK TO one")
    transaction.rows("RELEASE one")
