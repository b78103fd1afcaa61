"""An open transaction of PostgreSQL: our statements with its parameter style."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg.sql import SQL, Identifier

from shared.store.engines.database import Row, Transaction
from shared.store.engines.postgres.connection import Connection
from shared.store.engines.postgres.pipeline import Statement, send


class PostgresTransaction(Transaction):
    """See database.Transaction."""

    MARK = "%s"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begun: list[Statement] = []

    def rows(self, sql: str, /, **parameters: Any) -> list[Row]:
        """The rows that the statement returns."""
        return self._read(self._begin(sql, _stored(parameters)))

    def ask(self, sql: str, /, **parameters: Any) -> Callable[[], list[Row]]:
        """See database.Transaction."""
        return functools.partial(self._read, self._begin(sql, _stored(parameters)))

    def ask_by_position(self, sql: str, values: Sequence[Any], /) -> Callable[[], list[Row]]:
        """See database.Transaction."""
        stored = tuple(int(value) if isinstance(value, bool) else value for value in values)
        return functools.partial(self._read, self._add(Statement(sql.encode(), stored)))

    def run_each(self, sql: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        """See database.Transaction."""
        if rows:
            self._begin(sql, [_stored(parameters) for parameters in rows])

    def commit(self) -> str | None:
        """Commit; what the server says of it."""
        commit = Statement(b"COMMIT")
        self._begun.append(commit)
        self._send()
        return commit.status

    def copy_in(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows unchanged; all of them have the columns of the first."""
        self._send()
        columns = list(rows[0].keys())
        names = SQL(", ").join(map(Identifier, columns))
        into = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), names)
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row([row[name] for name in columns])

    def _begin(self, sql: str, parameters: dict[str, Any] | list[dict[str, Any]]) -> Statement:
        return self._add(Statement(_with_named_parameters(sql), parameters))

    def _add(self, statement: Statement) -> Statement:
        self._begun.append(statement)
        return statement

    def _read(self, statement: Statement) -> list[Row]:
        if not statement.is_sent:
            self._send()
        return statement.rows

    def _send(self) -> None:
        begun, self._begun = self._begun, []
        if begun:
            send(self._connection, begun)


def _stored(parameters: Mapping[str, Any]) -> dict[str, Any]:
    # A boolean is 0 or 1 in every table, as in SQLite.
    return {name: int(value) if isinstance(value, bool) else value for name, value in parameters.items()}


@functools.lru_cache(maxsize=256)
def _with_named_parameters(sql: str) -> bytes:
    return re.sub(r"(?<!:):([a-z_][a-z_0-9]*)", r"%(\1)s", sql.replace("%", "%%")).encode()
