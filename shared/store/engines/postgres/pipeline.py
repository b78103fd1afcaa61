"""Several statements in one round trip. The server runs them in their order, and none behind one that fails."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from shared.store.engines.database import Row
from shared.store.engines.postgres.connection import Connection


class Statement:
    """A statement, with parameters or without any; or the same with each of several, which are a list."""

    def __init__(
        self, sql: bytes, parameters: Mapping[str, Any] | tuple[Any, ...] | list[dict[str, Any]] | None = None
    ) -> None:
        self.sql, self._parameters = sql, parameters
        self._cursor: psycopg.Cursor[Row] | None = None

    @property
    def is_sent(self) -> bool:
        """Whether ``send`` has had it."""
        return self._cursor is not None

    @property
    def status(self) -> str | None:
        """The server's response to it."""
        return self._cursor.statusmessage if self._cursor else None

    @functools.cached_property
    def rows(self) -> list[Row]:
        """The rows that it returned."""
        return list(self._cursor.fetchall()) if self._cursor and self._cursor.description else []

    def run(self, connection: Connection) -> None:
        """Send it. In a pipeline, this does not wait for the answer."""
        self._cursor = connection.cursor()
        if isinstance(self._parameters, list):
            self._cursor.executemany(self.sql, self._parameters)
        else:
            self._cursor.execute(self.sql, self._parameters)


def send(connection: Connection, statements: Sequence[Statement]) -> None:
    """Run the statements, and wait once. Raises psycopg.Error: that of the first that failed."""
    if len(statements) == 1:
        statements[0].run(connection)
        return
    failed: psycopg.Error | None = None
    try:
        with connection.pipeline():
            # Errors must not leave the pipeline, which would warn of all that follow from them.
            try:
                for each in statements:
                    each.run(connection)
            except psycopg.Error as error:
                failed = error
                if error.sqlstate is None:
                    connection.close()  # nothing answers: to wait for the rest would take as long again
    except psycopg.Error as error:
        failed = failed or _first(error)
    if failed is not None:
        raise failed


def _first(error: psycopg.Error) -> psycopg.Error:
    """The error that the others came of."""
    while isinstance(error.__context__, psycopg.Error):
        error = error.__context__
    return error
