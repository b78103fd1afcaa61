"""The part that both engines share: the life of one connection of one process, behind a lock.

It is opened on first use, so that nothing is open when a server forks. Its tables are prepared before the first use and
again after every change. A failed transaction is rolled back and explained. An engine says how to do each of these.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, Protocol, TypeVar

from shared.store.engines.database import StoreBusy, StoreUnavailable, Transaction

BUSY_SECONDS = 5.0
CHECK_SECONDS = 2.0
WRITE_PROBE_EVERY_SECONDS = 10.0


class _Connection(Protocol):
    def execute(self, query: Any, /) -> Any: ...
    def close(self) -> None: ...


C = TypeVar("C", bound=_Connection)
T = TypeVar("T", bound=Transaction)
# How a transaction begins, as the engine says it.
Mode = TypeVar("Mode")


class Lifecycle(ABC, Generic[C, T, Mode]):
    """A database with one connection.

    ``prepare`` is called with it whenever its tables may have changed: on every new connection, and after another
    process changed them.

    Raises (from every method):
        StoreUnavailable: locked for longer than BUSY_SECONDS, or it cannot be reached, read or written.
    """

    READ: Mode
    WRITE: Mode
    # Its commit survives a killed process, and not a power cut.
    QUICK_WRITE: Mode
    # The mode in which ``check`` tries out a write.
    PROBE: Mode

    def __init__(self, prepare: Callable[[Any], object]) -> None:
        self._prepare = prepare
        # Reentrant, since ``prepare`` uses this database while it is being begun.
        self._lock = threading.RLock()
        self._connection: C | None = None
        self._prepared: tuple[C, object] | None = None
        self._is_preparing = False
        self._proven_at = -WRITE_PROBE_EVERY_SECONDS

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[T]:
        """See database.Database."""
        return self._begun(self.WRITE if is_durable else self.QUICK_WRITE, BUSY_SECONDS)

    def snapshot(self) -> AbstractContextManager[T]:
        """See database.Database."""
        return self._begun(self.READ, BUSY_SECONDS)

    def open(self) -> None:
        """Open and prepare it now, if it is not open."""
        if self._connection is None:
            with self.snapshot():
                pass

    def check(self) -> None:
        """Raise StoreUnavailable if nothing could be saved now; wait for CHECK_SECONDS at most.

        A write is tried out, unless one succeeded in the last WRITE_PROBE_EVERY_SECONDS and nothing failed since.
        """
        with self._begun(self.PROBE, CHECK_SECONDS) as transaction:
            is_due = time.monotonic() >= self._proven_at + WRITE_PROBE_EVERY_SECONDS
            self._probe(transaction, is_write_due=is_due)
        if is_due:
            self._proven_at = time.monotonic()

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        with self._lock:
            self._disconnect()

    @contextmanager
    def _begun(self, mode: Mode, seconds: float) -> Iterator[T]:
        connection = self._begin(mode, seconds)
        try:
            transaction = self._transaction(connection)
            yield transaction
            self._commit(transaction)
        except BaseException as error:
            trouble = self._recover(error)
            if trouble is None:
                raise
            raise trouble from error
        finally:
            self._lock.release()

    def _begin(self, mode: Mode, seconds: float) -> C:
        """Begin, and hold the lock afterwards."""
        connection = self._try(mode, seconds)
        if connection is None:
            raise StoreBusy
        return connection

    def _try(self, mode: Mode, seconds: float) -> C | None:
        """Begin, and hold the lock afterwards. None, without the lock, if another process is in the way."""
        if not self._lock.acquire(timeout=seconds):
            raise StoreBusy
        try:
            return self._begin_on_prepared(mode, seconds)
        except BaseException as error:
            try:
                trouble = self._recover(error)
            finally:
                self._lock.release()
            if isinstance(trouble, StoreBusy):
                return None
            if trouble is None:
                raise
            raise trouble from error

    def _begin_on_prepared(self, mode: Mode, seconds: float) -> C:
        while True:
            connection, schema = self._connect_and_begin(mode, seconds)
            if self._is_preparing or self._prepared == (connection, schema):
                return connection
            connection.execute("ROLLBACK")
            self._is_preparing = True
            try:
                self._prepare(self)
            finally:
                self._is_preparing = False
            # The schema that we saw before preparing, so that a concurrent change triggers another check.
            self._prepared = connection, schema

    def _recover(self, error: BaseException) -> StoreUnavailable | None:
        trouble = self._rollback_and_explain(error)
        if trouble is not None and not isinstance(trouble, StoreBusy):
            self._proven_at = -WRITE_PROBE_EVERY_SECONDS
        return trouble

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @abstractmethod
    def _connect_and_begin(self, mode: Mode, seconds: float) -> tuple[C, object]:
        """Connect if necessary, and begin: the connection, and the state of the tables, which changes with them."""

    @abstractmethod
    def _transaction(self, connection: C) -> T:
        """The transaction that was begun on the connection."""

    @abstractmethod
    def _commit(self, transaction: T) -> None:
        """Commit, or raise."""

    @abstractmethod
    def _rollback_and_explain(self, error: BaseException) -> StoreUnavailable | None:
        """Roll back, and say what the error means; None if it is not the store's."""

    @abstractmethod
    def _probe(self, transaction: T, *, is_write_due: bool) -> None:
        """Raise if nothing can be written; if it is due, write something that changes nothing."""
