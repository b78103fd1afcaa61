"""The database as the store sees it, whatever its engine, and the errors that it raises."""

import functools
import itertools
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from shared.logs import step
from shared.models import Unreadable, value_of

# A statement of more names takes longer to read than to run.
IDS_AT_ONCE = 200

Row = Mapping[str, Any]
# Or a name.
Id = TypeVar("Id", int, str)
Value = TypeVar("Value", bound=tuple[Any, ...])


class StoreUnavailable(Exception):
    """The store is unavailable. ``is_transient``: a later attempt may succeed unchanged."""

    def __init__(self, reason: str, *, is_transient: bool) -> None:
        super().__init__(reason)
        self.is_transient = is_transient


class StoreUnsuitable(StoreUnavailable):
    """No later attempt can succeed, whatever becomes of the store: the setting or the program has to change."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, is_transient=False)


class StoreBusy(StoreUnavailable):
    """Another process, or too many threads of this one, use the store: it is free again soon."""

    def __init__(self) -> None:
        super().__init__("the database is busy: another process has locked it", is_transient=True)


class Transaction(ABC):
    """An open transaction. Each method runs one statement, with a parameter for each ``:name`` in it.

    The database may be far away, and is asked as seldom as possible: what ``ask``, ``run`` and ``run_each`` begin goes
    to it in their order, with the next statement whose rows somebody reads, or with the commit. Their errors are raised
    there.
    """

    # The placeholder of a parameter without a name.
    MARK: str

    @abstractmethod
    def rows(self, sql: str, /, **parameters: Any) -> list[Row]:
        """The rows that the statement returns."""

    @abstractmethod
    def ask(self, sql: str, /, **parameters: Any) -> Callable[[], list[Row]]:
        """Begin the statement. The result, once it is called, has its rows, as they are now; not after the commit."""

    @abstractmethod
    def ask_by_position(self, sql: str, values: Sequence[Any], /) -> Callable[[], list[Row]]:
        """As ``ask``, with a value for each MARK. An engine compares each of many names with all others."""

    def marks(self, count: int) -> str:
        """The placeholders between the brackets of ``IN (…)`` for ``count`` values."""
        return ", ".join([self.MARK] * count)

    def ask_to_add(self, sql: str, rows: Sequence[Sequence[Any]], then: str, /) -> Callable[[], list[Row]]:
        """As ``ask``: an INSERT of rows of equal length. ``sql`` stands before VALUES, and ``then`` behind the rows."""
        statement = _with_rows(sql, len(rows), len(rows[0]), then, self.MARK)
        return self.ask_by_position(statement, tuple(itertools.chain.from_iterable(rows)))

    @abstractmethod
    def run_each(self, sql: str, rows: Sequence[Mapping[str, Any]], /) -> None:
        """Run the statement with each of these parameters."""

    def run(self, sql: str, /, **parameters: Any) -> None:
        """Run a statement whose rows nobody reads."""
        self.run_each(sql, [parameters])

    def row(self, sql: str, /, **parameters: Any) -> Row | None:
        """The first row that the statement returns, if any."""
        rows = self.rows(sql, **parameters)
        return rows[0] if rows else None

    def values(self, kind: type[Value], sql: str, /, **parameters: Any) -> list[Value]:
        """The rows that the statement returns, as values."""
        return [value_of(kind, row) for row in self.rows(sql, **parameters)]

    def values_in(self, kind: type[Value], sql: str, names: Iterable[str], /) -> list[Value]:
        """The rows of ``sql``, which ends with IN, for these names, as values."""
        return self.ask_values_in(kind, sql, names)()

    def ask_values_in(
        self, kind: type[Value], sql: str, names: Iterable[str], then: str = "", /
    ) -> Callable[[], list[Value]]:
        """As ``values_in``, begun as ``ask`` does it. ``then`` stands behind the names."""
        values = tuple(names)
        if not values:
            return list
        answer = self.ask_by_position(f"{sql} ({self.marks(len(values))}) {then}", values)
        return lambda: [value_of(kind, row) for row in answer()]

    def value(self, kind: type[Value], sql: str, /, **parameters: Any) -> Value | None:
        """The first row that the statement returns, as a value, if any."""
        row = self.row(sql, **parameters)
        return None if row is None else value_of(kind, row)

    def added(self, kind: type[Value], sql: str, /, **parameters: Any) -> Value:
        """The row that an INSERT … RETURNING adds, as a value."""
        [row] = self.rows(sql, **parameters)
        return value_of(kind, row)


class Database(Protocol):
    """A database, opened on first use, so that nothing is open when a server forks.

    Raises (from every method but ``close`` and ``dialect``):
        StoreUnavailable: it is locked for long, or cannot be reached, read or written.
    """

    # A statement that returns the ``name`` of each column of ``:table``, and nothing if there is no such table.
    COLUMNS: str
    # A statement that returns the database's size as ``bytes``.
    SIZE: str

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


@functools.lru_cache(maxsize=256)
def _with_rows(sql: str, rows: int, columns: int, then: str, mark: str) -> str:
    row = f"({', '.join([mark] * columns)})"
    return f"{sql} VALUES {', '.join([row] * rows)} {then}"


def in_parts(ids: Sequence[Id]) -> Iterator[tuple[str, dict[str, Id]]]:
    """Many ids for statements of one text each: what stands between the brackets of ``IN (…)``, and the parameters."""
    for begin in range(0, len(ids), IDS_AT_ONCE):
        named = {f"id_{number}": each for number, each in enumerate(ids[begin : begin + IDS_AT_ONCE])}
        yield ", ".join(f":{name}" for name in named), named


def salvaged(kind: type[Value], row: Row, /, **instead: Any) -> Value:
    """The row as a value, whatever it holds, so that a row that somebody damaged costs only what cannot be read of it.

    A column that cannot be read has its value in ``instead``, or is None.
    """
    try:
        return value_of(kind, row)
    except Unreadable as unreadable:
        error = unreadable
    damaged = f"{kind.__name__} {row['id']}"
    step("server", "row_damaged", level=logging.ERROR, row=damaged, columns=" ".join(sorted(error.columns)))
    return value_of(kind, {**row, **{column: instead.get(column) for column in error.columns}})
