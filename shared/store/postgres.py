"""The PostgreSQL engine: one connection of one process behind a lock, and what differs from other engines.

Whoever writes holds one advisory lock of the database from its transaction's start, as with SQLite: so nothing is read
before a lock and written after it, transactions become visible in the order of their ids, and none deadlocks with
another. Everything holds for one transaction only (``SET LOCAL``, no prepared statements, no lock of a session), so
that a pooler may stand in between.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from pydantic import SecretStr

from shared.logs import step
from shared.store.engine import StoreBusy, StoreUnavailable
from shared.store.postgres_transaction import Connection, PostgresTransaction
from shared.store.postgres_trouble import meaning, unreachable

BUSY_SECONDS = 5.0
CHECK_SECONDS = 2.0
PROOF_SECONDS = 10.0
STATEMENT_SECONDS = 10.0
PREPARE_SECONDS = 600.0
# A server that could not be reached is asked again after this long: else each thread waits in turn until it gives up.
UNREACHABLE_SECONDS = 1.0
CONNECT = {
    "connect_timeout": 5,
    "application_name": "bonghwa",
    "client_encoding": "utf8",
    # A server that vanished without a word is noticed within seconds, and not after the system's quarter of an hour.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 30,
}
# Of our own; whoever else takes advisory locks in this database will hardly take it.
_LOCK = 0x626F6E67687761
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
_VERSION = "SELECT max(version) AS version FROM schema_migrations"
# What lies there while nothing is prepared; no version is that.
_UNPREPARED = -1


class PostgresDatabase:
    """A database of a PostgreSQL server. Connected on first use, and anew where the server has dropped it.

    ``prepare`` is called with it whenever its tables may be others than before: on every new connection, and when
    another process has dropped them or brought them to another version.

    Raises (from every method):
        StoreUnavailable: locked for longer than BUSY_SECONDS, or the server cannot be reached or does not do it.
    """

    table_named = "SELECT 1 AS found FROM pg_class WHERE oid = to_regclass(:name)"

    def __init__(self, url: SecretStr, prepare: Callable[["PostgresDatabase"], object] = lambda _: None) -> None:
        self._url = url
        self._prepare = prepare
        # Taken again by ``prepare``, which uses this database while it is about to be used.
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._prepared: int | None = _UNPREPARED
        self._is_preparing = False
        self._proven_at = -PROOF_SECONDS
        self._unreachable_for, self._unreachable_until = "", 0.0

    def transaction(self) -> AbstractContextManager[PostgresTransaction]:
        """A transaction that holds the write lock from its start; committed unless an exception leaves it."""
        return self._begun(_WRITE, BUSY_SECONDS)

    def snapshot(self) -> AbstractContextManager[PostgresTransaction]:
        """A transaction that only reads, and sees one state of the store throughout."""
        return self._begun(_READ, BUSY_SECONDS)

    def open(self) -> None:
        """Open and prepare it now, where it is not open."""
        if self._connection is None:
            with self.snapshot():
                pass

    def check(self) -> None:
        """Raise StoreUnavailable where nothing could be saved now; waits for CHECK_SECONDS at most.

        That the server writes something is tried out where the last time is PROOF_SECONDS ago, or something failed
        since.
        """
        with self._begun(_WRITE, CHECK_SECONDS) as transaction:
            state = transaction.row("SELECT current_setting('transaction_read_only') AS read_only")
            if state and state["read_only"] == "on":
                raise StoreUnavailable("the database is read-only: a replica, or its disk is full", is_passing=True)
            is_proven = time.monotonic() < self._proven_at + PROOF_SECONDS
            if not is_proven:
                # A transaction with a number is written to the log when it is committed, also where it did nothing.
                transaction.rows("SELECT pg_current_xact_id()::text AS number")
        if not is_proven:
            self._proven_at = time.monotonic()

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        with self._lock:
            self._let_go()

    def in_its_words(self, migration: str) -> str:
        """The text of a migration with this engine's names of types: numbers as large and exact as SQLite's."""
        wide = migration.replace(" INTEGER", " BIGINT").replace(" REAL", " DOUBLE PRECISION")
        return wide.replace("{identity}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")

    @contextmanager
    def _begun(self, begin: str, seconds: float) -> Iterator[PostgresTransaction]:
        if not self._lock.acquire(timeout=seconds):
            raise StoreBusy
        try:
            connection = self._begun_on_prepared(begin, seconds)
            yield PostgresTransaction(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            trouble = self._undo(error)
            if trouble is None:
                raise
            raise trouble from error
        finally:
            self._lock.release()

    def _begun_on_prepared(self, begin: str, seconds: float) -> Connection:
        while True:
            connection, found = self._begin(begin, seconds)
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

    def _begin(self, begin: str, seconds: float) -> tuple[Connection, int | None]:
        """Begin; the version of the tables, None where there are none. Connects anew where the server hung up."""
        was_open = self._connection is not None
        connection = self._connected()
        words = self._words(begin, seconds)
        try:
            return connection, _begin(connection, words)
        except psycopg.OperationalError:
            if not (was_open and connection.broken):
                raise
        # Dropped while nothing was under way, as poolers, restarts and idle hours do it.
        step("server", "database_reconnected", level=logging.WARNING, reason="the server had closed the connection")
        self._let_go()
        connection = self._connected()
        return connection, _begin(connection, words)

    def _words(self, begin: str, seconds: float) -> str:
        most = PREPARE_SECONDS if self._is_preparing else STATEMENT_SECONDS
        words = [
            begin,
            f"SET LOCAL lock_timeout = {round(seconds * 1000)}",
            f"SET LOCAL statement_timeout = {round(most * 1000)}",
            # A process that is stopped in the middle must not keep all others from writing.
            f"SET LOCAL idle_in_transaction_session_timeout = {round(STATEMENT_SECONDS * 1000)}",
        ]
        return "; ".join([*words, f"SELECT pg_advisory_xact_lock({_LOCK})"] if begin is _WRITE else words)

    def _connected(self) -> Connection:
        if self._connection is not None:
            return self._connection
        if time.monotonic() < self._unreachable_until:
            raise StoreUnavailable(self._unreachable_for, is_passing=True)
        try:
            self._connection = _connect(self._url)
        except psycopg.Error as error:
            # What the driver says can name the server and the user, and what it says of the URL more.
            trouble = unreachable(error)
            if trouble.is_passing:
                self._unreachable_for, self._unreachable_until = str(trouble), time.monotonic() + UNREACHABLE_SECONDS
            raise trouble from None
        self._prepared = _UNPREPARED
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _undo(self, error: BaseException) -> StoreUnavailable | None:
        """Roll back; the trouble that the error means, or None where the error is not the store's."""
        connection = self._connection
        if connection is not None:
            if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                with contextlib.suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
            if connection.info.transaction_status is not TransactionStatus.IDLE:
                self._let_go()
        trouble = meaning(error) if isinstance(error, psycopg.Error) else None
        if trouble is not None and not isinstance(trouble, StoreBusy):
            self._proven_at = -PROOF_SECONDS
        return trouble


def _connect(url: SecretStr) -> Connection:
    given = conninfo_to_dict(url.get_secret_value())
    return psycopg.Connection[dict[str, Any]].connect(
        **{**CONNECT, **given},  # type: ignore[arg-type]
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
    )


def _begin(connection: Connection, words: str) -> int | None:
    # Without parameters all goes to the server in one message.
    try:
        cursor = connection.execute(f"{words}; {_VERSION}".encode())
    except errors.UndefinedTable:
        connection.execute("ROLLBACK")
        connection.execute(words.encode())
        return None
    while cursor.nextset():
        pass
    row = cursor.fetchone()
    return row["version"] if row else None
