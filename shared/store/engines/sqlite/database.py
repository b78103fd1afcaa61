"""The SQLite engine.

The process has one connection behind a lock, because many writers to one SQLite file starve each other. Between
processes SQLite's own lock decides, which ``BEGIN IMMEDIATE`` takes before anything is read. A thread that waits for
that lock does not hold the process's own, so that the others can read meanwhile.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shared.logs import step
from shared.store.engines.database import Row, StoreBusy, StoreUnavailable, Transaction
from shared.store.engines.lifecycle import Lifecycle
from shared.store.engines.sqlite.file import Files, checkpoint_and_close, connect, file_identity
from shared.store.engines.sqlite.lock_wait import LockWait

# FULL: an accepted event and a "sent" survive a power cut too, which is how small machines die. NORMAL survives only a
# killed process; after a power cut an outage could be notified twice, under two numbers.
_DURABLE, _QUICK = "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"
# After another program was seen to lock out even readers, everybody is told so for this long.
LOCKED_SECONDS = 1.0
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
# The machine can end these without another program or database.
_TRANSIENT = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
_WORDS = {
    sqlite3.SQLITE_FULL: "has no room left on its disk",
    sqlite3.SQLITE_READONLY: "is read-only: it and its folder must be writable",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: its folder must be there and writable",
    sqlite3.SQLITE_IOERR: "cannot be read or written",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore a backup, or move it away for a new one",
    sqlite3.SQLITE_NOTADB: "is damaged: restore a backup, or move it away for a new one",
}
# Mistakes in our own statements: defects, which waiting does not fix.
_DEFECTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)


class SqliteTransaction(Transaction):
    """See database.Transaction."""

    MARK = "?"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, /, **parameters: Any) -> list[Row]:
        """The rows that the statement returns."""
        return _mappings(self._connection.execute(sql, parameters))

    def ask(self, sql: str, /, **parameters: Any) -> Callable[[], list[Row]]:
        """See database.Transaction."""
        rows = self.rows(sql, **parameters)
        return lambda: rows

    def ask_by_position(self, sql: str, values: Sequence[Any], /) -> Callable[[], list[Row]]:
        """See database.Transaction."""
        rows = _mappings(self._connection.execute(sql, values))
        return lambda: rows

    def run_each(self, sql: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        """See database.Transaction."""
        if rows:
            self._connection.executemany(sql, rows)

    def commit(self) -> None:
        """Commit."""
        self._connection.execute("COMMIT")


def _mappings(cursor: sqlite3.Cursor) -> list[Row]:
    """The rows of the cursor. A ``sqlite3.Row`` would compare the names of its columns each time that it is read."""
    if cursor.description is None:
        return []
    names = [column[0] for column in cursor.description]
    # Each row has as many values as there are names; ``strict`` would cost a third more.
    return [dict(zip(names, row)) for row in cursor.fetchall()]  # noqa: B905


class Mode(NamedTuple):
    """How a transaction begins, and how durable its commit is."""

    begin: str
    level: str


class SqliteDatabase(Lifecycle[sqlite3.Connection, SqliteTransaction, Mode]):
    """A SQLite file. See Lifecycle; it is opened again if the file was deleted or replaced."""

    COLUMNS = "SELECT name FROM pragma_table_info(:table)"
    SIZE = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size"
    READ = Mode("BEGIN", _DURABLE)
    WRITE = Mode("BEGIN IMMEDIATE", _DURABLE)
    QUICK_WRITE = PROBE = Mode("BEGIN IMMEDIATE", _QUICK)

    def __init__(
        self,
        path: Path,
        prepare: Callable[["SqliteDatabase"], object] = lambda _: None,
        connects: Callable[[str, Files], tuple[sqlite3.Connection, Files]] = connect,
    ) -> None:
        super().__init__(prepare)
        self._connects = connects
        self.path = path
        self._file = str(path)
        self._opened = Files((0, 0), None, None)
        self._level = ""
        self._waits = {mode.begin: LockWait() for mode in (self.READ, self.WRITE)}
        self._locked_until = 0.0

    def dialect(self, migration: str) -> str:
        """The text of a migration with this engine's type names."""
        return migration.replace("{only_sqlite}", "").replace("{identity}", "INTEGER PRIMARY KEY")

    def _begin(self, mode: Mode, seconds: float) -> sqlite3.Connection:
        """Begin, and wait for other processes if necessary; the lock is held afterwards."""
        wait = self._waits[mode.begin]
        connection = self._try(mode, seconds)
        if connection is None:
            for pause in wait.pauses(seconds):
                time.sleep(pause)
                connection = self._try(mode, seconds)
                if connection is not None:
                    break
            else:
                raise StoreBusy
        wait.end()
        return connection

    def _connect_and_begin(self, mode: Mode, seconds: float) -> tuple[sqlite3.Connection, object]:  # noqa: ARG002
        if time.monotonic() < self._locked_until:
            raise StoreBusy
        connection = self._connected()
        if mode.level != self._level:
            # Before BEGIN: inside a transaction SQLite ignores it without an error.
            connection.execute(mode.level)
            self._level = mode.level
        connection.execute(mode.begin)
        # SQLite counts there how often any process changed the tables.
        return connection, connection.execute("PRAGMA schema_version").fetchone()[0]

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None:
            if file_identity(self._file) == self._opened.database:
                return self._connection
            step("server", "database_replaced", level=logging.WARNING, reason="its file was deleted, moved or replaced")
            checkpoint_and_close(self._connection)
            self._connection = None
        self._level = ""
        self._connection, self._opened = self._connects(self._file, self._opened)
        return self._connection

    def _transaction(self, connection: sqlite3.Connection) -> SqliteTransaction:
        return SqliteTransaction(connection)

    def _commit(self, transaction: SqliteTransaction) -> None:
        transaction.commit()

    def _rollback_and_explain(self, error: BaseException) -> StoreUnavailable | None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, _DEFECTS):
            return None
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_PROTOCOL:
            # SQLite itself has tried for ten seconds, while our other threads waited for the connection: neither we nor
            # they begin another ten seconds.
            self._locked_until = time.monotonic() + LOCKED_SECONDS
        if code in _BUSY:
            return StoreBusy()
        if code != sqlite3.SQLITE_FULL:
            # A full disk can still be read. After any other error, reconnect to pick up a repaired or restored file.
            with contextlib.suppress(sqlite3.Error):
                self._disconnect()
        reason = f"the database {self.path.name} {_WORDS.get(code, 'cannot be used')} ({error})"
        return StoreUnavailable(reason, is_transient=code in _TRANSIENT)

    def _probe(self, transaction: SqliteTransaction, *, is_write_due: bool) -> None:
        if is_write_due:
            # A number that nobody uses: SQLite writes it although it is the same.
            transaction.rows("PRAGMA user_version = 0")
