"""What the engines have in common: what a database does for the store, and what it says when it cannot."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

MAX_ID = 2**63 - 1

Row = Mapping[str, Any]


class StoreUnavailable(Exception):
    """The store cannot be used at present. ``is_transient``: it may be so later without another program or database."""

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


class StoreBusy(StoreUnavailable):
    """Another process, or too many others of this one, use it: it is free again soon."""

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

    Raises (from every method but ``close`` and ``in_its_words``):
        StoreUnavailable: it is locked for long, or cannot be reached, read or written.
    """

    # A statement that gives a row where there is the table ``:name``.
    table_named: str

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[Transaction]:
        """A transaction that holds the write lock from its start; committed unless an exception leaves it.

        ``is_durable``: its commit waits for the disk. Without, everybody sees it as soon, a killed process leaves it
        as it is, and a power cut may undo it; but nothing that is committed durably after it stands without it.
        """

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads, and sees one state of the store throughout."""

    def open(self) -> None:
        """Open and prepare it now, where it is not open."""

    def check(self) -> None:
        """Raise StoreUnavailable where nothing could be saved now."""

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""

    def in_its_words(self, migration: str) -> str:
        """The text of a migration with this engine's names of types."""
