"""What every table needs: rows as values, and lookups of several names at once."""

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel

from shared.store.engines.database import Row, Transaction

AValue = TypeVar("AValue", bound=BaseModel)


def value_of(kind: type[AValue], row: Row | None) -> AValue:
    """The row as a value. A statement with RETURNING gives a row, or it raises."""
    return kind.model_validate(dict(row or {}))


def found(kind: type[AValue], row: Row | None) -> AValue | None:
    """The row as a value, or None if there is none."""
    return None if row is None else value_of(kind, row)


def values_of(kind: type[AValue], rows: Iterable[Row]) -> list[AValue]:
    """The rows as values."""
    return [value_of(kind, row) for row in rows]


def named_in(transaction: Transaction, sql: str, names: Iterable[str]) -> list[Row]:
    """The rows of ``sql``, which ends with IN, for these names."""
    named = {f"name_{number}": name for number, name in enumerate(names)}
    return transaction.rows(f"{sql} ({', '.join(f':{key}' for key in named)})", **named) if named else []
