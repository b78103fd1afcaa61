"""The database as the store sees it, whatever its engine, and the errors that it raises."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

MAX_ID = 2**63 - 1

Row = Mapping[str, Any]


class StoreUnavailable(Exception):
    """The store is unavailable. ``is_transient``: a later attempt may succeed unchanged."""

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


class StoreBusy(StoreUnavailable):
    """Another process, or too many threads of this one, use the store: it is free again soon."""

    def __init__(self) -> None:
        super().__init__("the database is busy: another process has locked it", is_transient=True)


class Transaction(Protocol):
    """An open transaction; ``rows`` runs one statement with ``:name`` parameters in it."""

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """The rows that the statement returns."""

    def row(self, sql: str, **values: Any) -> Row | None:
        """The first row that the statement returns, if any."""


class Database(Protocol):
    """A database, opened on first use, so that nothing is open when a server forks.

    Raises (from every method but ``close`` and ``dialect``):
        StoreUnavailable: it is locked for long, or cannot be reached, read or written.
    """

    # A statement that returns a row if there is a table ``:name``.
    TABLE_EXISTS: str

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[Transaction]:
        """A transaction that holds the write lock from its start; committed unless an exception leaves it.

        ``is_durable``: its commit waits for the disk. A commit that does not wait survives a killed process, but a
        power cut may undo it, until a durable commit follows.
        """

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads, and sees one state of the store throughout."""

    def open(self) -> None:
        """Open and prepare it now, if it is not open."""

    def check(self) -> None:
        """Raise StoreUnavailable if nothing could be saved now."""

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""

    def dialect(self, migration: str) -> str:
        """The text of a migration with this engine's type names."""
