"""The tables ``incidents`` and ``incident_updates``."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.models import as_text
from shared.models.values import MAX_ID
from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.refusals import IncidentNotFound

_ADD = """
    INSERT INTO incidents (title, state, monitors, created_at, resolved_at)
    VALUES (:title, :state, :monitors, :at, :resolved_at) RETURNING *"""
_SAVE = """
    UPDATE incidents SET title = :title, state = :state, monitors = :monitors, resolved_at = :resolved_at
    WHERE id = :id RETURNING *"""
_ADD_UPDATE = "INSERT INTO incident_updates (incident_id, at, state, text) VALUES (:incident_id, :at, :state, :text)"


def add(transaction: Transaction, title: str, state: str, monitors: Sequence[str], at: datetime) -> Row:
    """A new incident; its row."""
    named = json.dumps(list(monitors), ensure_ascii=False)
    written = as_text(at)
    ended = written if state == "resolved" else None
    return transaction.rows(_ADD, title=title, state=state, monitors=named, at=written, resolved_at=ended)[0]


def save(transaction: Transaction, row: Row, **changed: Any) -> Row:
    """Write what changed of an incident; its row."""
    columns = {name: row[name] for name in ("id", "title", "state", "monitors", "resolved_at")}
    return transaction.rows(_SAVE, **{**columns, **changed})[0]


def add_update(transaction: Transaction, incident_id: int, at: datetime, state: str, text: str) -> None:
    """A new update of an incident."""
    transaction.rows(_ADD_UPDATE, incident_id=incident_id, at=as_text(at), state=state, text=text)


def remove(transaction: Transaction, incident_id: int) -> None:
    """Delete an incident with its updates."""
    transaction.rows("DELETE FROM incident_updates WHERE incident_id = :id", id=incident_id)
    transaction.rows("DELETE FROM incidents WHERE id = :id", id=incident_id)


def find(transaction: Transaction, incident_id: int) -> Row | None:
    """The incident with this id, if there is one."""
    sql = "SELECT * FROM incidents WHERE id = :id"
    return transaction.row(sql, id=incident_id) if incident_id <= MAX_ID else None


def get(transaction: Transaction, incident_id: int) -> Row:
    """The incident with this id. Raises IncidentNotFound."""
    row = find(transaction, incident_id)
    if row is None:
        raise IncidentNotFound(incident_id)
    return row


def page(transaction: Transaction, *, limit: int, before: int) -> list[Row]:
    """The newest incidents first, beginning below ``before``."""
    sql = "SELECT * FROM incidents WHERE id < :before ORDER BY id DESC LIMIT :limit"
    return transaction.rows(sql, before=before, limit=limit)


def lately(transaction: Transaction, *, past: int) -> list[Row]:
    """The incidents that go on, and the newest ``past`` of those that are over; the newest first."""
    sql = """SELECT * FROM incidents WHERE resolved_at IS NULL
        OR id IN (SELECT id FROM incidents WHERE resolved_at IS NOT NULL ORDER BY id DESC LIMIT :past)
        ORDER BY id DESC"""
    return transaction.rows(sql, past=past)


def since(transaction: Transaction, at: str, most: int) -> list[Row]:
    """The newest incidents that are open, or ended at or after a time."""
    sql = """SELECT * FROM incidents WHERE resolved_at IS NULL OR resolved_at >= :at ORDER BY id DESC LIMIT :most"""
    return transaction.rows(sql, at=at, most=most)


def updates_of(transaction: Transaction, incident_ids: Sequence[int]) -> dict[int, list[Row]]:
    """The updates of some incidents, each one's oldest first."""
    found: dict[int, list[Row]] = {incident_id: [] for incident_id in incident_ids}
    for ids, named in in_parts(incident_ids):
        sql = f"SELECT * FROM incident_updates WHERE incident_id IN ({ids}) ORDER BY id"  # noqa: S608  # our own text
        for row in transaction.rows(sql, **named):
            found[row["incident_id"]].append(row)
    return found
