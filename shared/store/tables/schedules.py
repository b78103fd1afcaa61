"""The tables ``drill_schedules`` and ``summary_schedules``: what recurs as the file says, and when each is due next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from shared.models import as_text
from shared.store.engines.database import Row, Transaction

Table = Literal["drill_schedules", "summary_schedules"]


def every(transaction: Transaction, table: Table) -> Sequence[Row]:
    """All of them."""
    return transaction.rows(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608  # our own names, here and below


def due(transaction: Transaction, table: Table, now: datetime) -> Row | None:
    """The one that has been due for longest."""
    sql = f"SELECT * FROM {table} WHERE next_at <= :now ORDER BY next_at, id LIMIT 1"  # noqa: S608
    return transaction.row(sql, now=as_text(now))


def add(transaction: Transaction, table: Table, body: str, next_at: datetime | None) -> None:
    """A new one."""
    sql = f"INSERT INTO {table} (body, next_at) VALUES (:body, :next_at)"  # noqa: S608
    transaction.rows(sql, body=body, next_at=as_text(next_at) if next_at else None)


def put_off(transaction: Transaction, table: Table, row: Row, next_at: datetime | None) -> bool:
    """Write when it is due next; whether it was still due as ``row`` says, and nobody else did."""
    sql = f"UPDATE {table} SET next_at = :next_at WHERE id = :id AND next_at = :due_at RETURNING id"  # noqa: S608
    later = as_text(next_at) if next_at else None
    return bool(transaction.rows(sql, id=row["id"], due_at=row["next_at"], next_at=later))


def remove(transaction: Transaction, table: Table, schedule_id: int) -> None:
    """Delete one."""
    transaction.rows(f"DELETE FROM {table} WHERE id = :id", id=schedule_id)  # noqa: S608
