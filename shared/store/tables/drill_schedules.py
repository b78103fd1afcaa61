"""The table ``drill_schedules``: the drills of the file, and when each is due next."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.models import as_text
from shared.store.engines.database import Row, Transaction


def body_of(fields: Mapping[str, Any]) -> str:
    """How a schedule is stored, and by what it is recognised."""
    return json.dumps(fields, ensure_ascii=False, sort_keys=True)


def every(transaction: Transaction) -> Sequence[Row]:
    """All of them."""
    return transaction.rows("SELECT * FROM drill_schedules ORDER BY id")


def due(transaction: Transaction, now: datetime) -> Row | None:
    """The one that has been due for longest."""
    sql = "SELECT * FROM drill_schedules WHERE next_at <= :now ORDER BY next_at, id LIMIT 1"
    return transaction.row(sql, now=as_text(now))


def add(transaction: Transaction, body: str, next_at: datetime | None) -> None:
    """A new one."""
    sql = "INSERT INTO drill_schedules (body, next_at) VALUES (:body, :next_at)"
    transaction.rows(sql, body=body, next_at=as_text(next_at) if next_at else None)


def put_off(transaction: Transaction, schedule_id: int, next_at: datetime | None) -> None:
    """Write when it is due next."""
    sql = "UPDATE drill_schedules SET next_at = :next_at WHERE id = :id"
    transaction.rows(sql, id=schedule_id, next_at=as_text(next_at) if next_at else None)


def remove(transaction: Transaction, schedule_id: int) -> None:
    """Delete one."""
    transaction.rows("DELETE FROM drill_schedules WHERE id = :id", id=schedule_id)
