"""The SQLite engine: one connection of one process behind a lock, and what differs from other engines.

One connection behind a lock, because many writers to one SQLite file starve each other; between processes SQLite's
own lock decides, which ``BEGIN IMMEDIATE`` takes before anything is read.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IDENTITY = "INTEGER PRIMARY KEY"
MAX_ID = 2**63 - 1
BUSY_SECONDS = 5.0

Row = Mapping[str, Any]


class StoreUnavailable(Exception):
    """The store cannot be used at present. ``is_busy``: only because others use it, so waiting helps."""

    def __init__(self, reason: str, *, is_busy: bool = False) -> None:
        super().__init__(reason)
        self.is_busy = is_busy


class Transaction:
    """An open transaction; ``rows`` runs one statement with ``:name`` parameters in it."""

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

    Raises (from every method):
        StoreUnavailable: locked for longer than BUSY_SECONDS, or the file cannot be opened, read or written.
    """

    identity = IDENTITY

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that holds the write lock from its start; committed unless an exception leaves it."""
        with self._locked() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """A transaction that only reads, and sees one state of the store throughout."""
        with self._locked() as connection:
            connection.execute("BEGIN")
            try:
                yield Transaction(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    @contextmanager
    def _locked(self) -> Iterator[sqlite3.Connection]:
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable("the database is busy", is_busy=True)
        try:
            if self._connection is None:
                self._connection = _connect(self.path)
            yield self._connection
        except sqlite3.OperationalError as error:
            raise _unavailable(self.path, error) from error
        except sqlite3.DatabaseError as error:
            # What our own statements got wrong is a defect and stays one; a damaged file is trouble of the store.
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
                raise
            raise _unavailable(self.path, error) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL: an accepted event and a "sent" survive a power cut too, which is how small machines die. NORMAL would
        # survive a killed process only, and could tell an outage twice under two numbers after the cut.
        connection.execute("PRAGMA synchronous = FULL")
        _use_wal(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    # The switch to WAL needs the file for itself and, unlike a statement, does not wait for it: when several
    # processes open a new file at once, all but one are told "locked" at once.
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)


def _is_busy(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _unavailable(path: Path, error: sqlite3.Error) -> StoreUnavailable:
    if _is_busy(error):
        return StoreUnavailable("the database is busy", is_busy=True)
    return StoreUnavailable(f"the database {path.name} cannot be used: {error}")
