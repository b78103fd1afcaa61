"""The SQLite engine: one connection of one process behind a lock, and what differs from other engines.

One connection behind a lock, because many writers to one SQLite file starve each other; between processes SQLite's
own lock decides, which ``BEGIN IMMEDIATE`` takes before anything is read. Who waits for that one lets the others of
this process go on meanwhile.
"""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from shared.logs import step
from shared.store.engines.database import Row, StoreBusy, StoreUnavailable
from shared.store.engines.sqlite.file import Files, connect, let_go, which
from shared.store.engines.sqlite.lock_wait import Patience

BUSY_SECONDS = 5.0
CHECK_SECONDS = 2.0
PROOF_SECONDS = 10.0

_READ, _WRITE = "BEGIN", "BEGIN IMMEDIATE"
# FULL: an accepted event and a "sent" survive a power cut too, which is how small machines die. NORMAL survives a
# killed process only, and could tell an outage twice under two numbers after the cut.
_DURABLE, _QUICK = "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
# What the surroundings can end, while the program and what it has stored stay as they are.
_TRANSIENT = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
_WORDS = {
    sqlite3.SQLITE_FULL: "has no room left on its disk",
    sqlite3.SQLITE_READONLY: "is read-only: it and its folder must be writable",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: its folder must be there and writable",
    sqlite3.SQLITE_IOERR: "cannot be read or written",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore a backup, or move it away for a new one",
    sqlite3.SQLITE_NOTADB: "is damaged: restore a backup, or move it away for a new one",
}
# What our own statements got wrong is a defect and stays one.
_DEFECTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)


class SqliteTransaction:
    """See engine.Transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """The rows that the statement returns."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, **values: Any) -> Row | None:
        """The first row that the statement returns, if any."""
        rows = self.rows(sql, **values)
        return rows[0] if rows else None


class SqliteDatabase:
    """A SQLite file. Opened on first use, so that nothing is open when a server forks.

    ``prepare`` is called with it whenever its tables may be others than before: on opening, on opening anew where the
    file was deleted or replaced, and when another process has changed them.

    Raises (from every method):
        StoreUnavailable: locked for longer than BUSY_SECONDS, or the file cannot be opened, read or written.
    """

    table_named = "SELECT 1 FROM sqlite_master WHERE name = :name"

    def __init__(self, path: Path, prepare: Callable[["SqliteDatabase"], object] = lambda _: None) -> None:
        self.path = path
        self._file = str(path)
        self._prepare = prepare
        # Taken again by ``prepare``, which uses this database while it is about to be used.
        self._lock = threading.RLock()
        self._patience = {_READ: Patience(), _WRITE: Patience()}
        self._connection: sqlite3.Connection | None = None
        self._opened = Files((0, 0), None, None)
        self._prepared: int | None = None
        self._is_preparing = False
        self._level = ""
        self._proven_at = -PROOF_SECONDS

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[SqliteTransaction]:
        """See engine.Database."""
        return self._begun(_WRITE, level=_DURABLE if is_durable else _QUICK)

    def snapshot(self) -> AbstractContextManager[SqliteTransaction]:
        """A transaction that only reads, and sees one state of the store throughout."""
        return self._begun(_READ)

    def open(self) -> None:
        """Open and prepare it now, where it is not open."""
        if self._connection is None:
            with self.snapshot():
                pass

    def check(self) -> None:
        """Raise StoreUnavailable where nothing could be saved now; waits for CHECK_SECONDS at most.

        That the disk takes something is tried out where the last time is PROOF_SECONDS ago, or something failed since.
        """
        with self._begun(_WRITE, CHECK_SECONDS, _QUICK) as transaction:
            is_proven = time.monotonic() < self._proven_at + PROOF_SECONDS
            if not is_proven:
                # A number that nobody uses: SQLite writes it although it is the same.
                transaction.rows("PRAGMA user_version = 0")
        if not is_proven:
            self._proven_at = time.monotonic()

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def in_its_words(self, migration: str) -> str:
        """The text of a migration with this engine's names of types."""
        return migration.replace("{identity}", "INTEGER PRIMARY KEY")

    @contextmanager
    def _begun(self, begin: str, seconds: float | None = None, level: str = _DURABLE) -> Iterator[SqliteTransaction]:
        connection = self._begin(begin, BUSY_SECONDS if seconds is None else seconds, level)
        try:
            yield SqliteTransaction(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            trouble = self._undo(error)
            if trouble is None:
                raise
            raise trouble from error
        finally:
            self._lock.release()

    def _begin(self, begin: str, seconds: float, level: str) -> sqlite3.Connection:
        """Begin, and wait for other processes where that takes it. The lock is held afterwards."""
        patience = self._patience[begin]
        connection = self._try(begin, seconds, level)
        if connection is None:
            for pause in patience.pauses(seconds):
                time.sleep(pause)
                connection = self._try(begin, seconds, level)
                if connection is not None:
                    break
            else:
                raise StoreBusy
        patience.renew()
        return connection

    def _try(self, begin: str, seconds: float, level: str) -> sqlite3.Connection | None:
        """Begin and keep the lock; None, and no lock, where another process is in the way."""
        if not self._lock.acquire(timeout=seconds):
            raise StoreBusy
        try:
            return self._begun_on_prepared(begin, level)
        except BaseException as error:
            trouble = self._undo(error)
            self._lock.release()
            if isinstance(trouble, StoreBusy):
                return None
            if trouble is None:
                raise
            raise trouble from error

    def _begun_on_prepared(self, begin: str, level: str) -> sqlite3.Connection:
        while True:
            connection = self._connected()
            if level != self._level:
                # Before it begins: inside a transaction SQLite does nothing with it, and says nothing.
                connection.execute(level)
                self._level = level
            connection.execute(begin)
            # Counts the changes to the tables, whoever makes them.
            found = connection.execute("PRAGMA schema_version").fetchone()[0]
            if found == self._prepared or self._is_preparing:
                return connection
            connection.execute("ROLLBACK")
            self._is_preparing = True
            try:
                self._prepare(self)
            finally:
                self._is_preparing = False
            # What it found, and not what it made of it: so whatever changed meanwhile is looked at again.
            self._prepared = found

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None:
            if which(self._file) == self._opened.database:
                return self._connection
            step("server", "database_replaced", level=logging.WARNING, reason="its file was deleted, moved or replaced")
            let_go(self._connection)
            self._connection = None
        self._prepared, self._level = None, ""
        self._connection, self._opened = connect(self._file, self._opened)
        return self._connection

    def _undo(self, error: BaseException) -> StoreUnavailable | None:
        """Roll back; the trouble that the error means, or None where the error is not the store's."""
        with contextlib.suppress(sqlite3.Error):
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, _DEFECTS):
            return None
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BUSY:
            return StoreBusy()
        self._proven_at = -PROOF_SECONDS
        if code != sqlite3.SQLITE_FULL and self._connection is not None:
            # Full, it still reads. Else what is mended or restored meanwhile is opened anew.
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        return StoreUnavailable(
            f"the database {self.path.name} {_WORDS.get(code, 'cannot be used')} ({error})",
            is_transient=code in _TRANSIENT,
        )
