"""Reading the store of a system that is killed, without tidying what the kill left in it."""

import contextlib
import sqlite3
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row


class StoreReader:
    """Reads the store of a DATABASE_URL, read-only; a context manager."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        # A connection to PostgreSQL is kept, because a world reads its store all the time.
        if self._url.startswith("postgresql://"):
            self._connection = psycopg.connect(self._url, autocommit=True, row_factory=dict_row)
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._connection.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows that a statement returns; none while the tables do not exist."""
        if self._connection:
            with contextlib.suppress(psycopg.errors.UndefinedTable):
                return self._connection.execute(sql.encode()).fetchall()
            return []
        # An ordinary connection would write: it recovers a log that the kill left.
        path = self._url.removeprefix("sqlite:///")
        with contextlib.suppress(sqlite3.OperationalError):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
            with contextlib.closing(connection):
                connection.row_factory = sqlite3.Row
                return [dict(row) for row in connection.execute(sql)]
        return []
