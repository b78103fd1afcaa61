"""The table ``alert_notes``: what people wrote when they moved an alert by hand."""

from collections.abc import Sequence
from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Row, Transaction, in_parts

_ADD = """
    INSERT INTO alert_notes (alert_id, status, author, text, at) VALUES (:alert_id, :status, :author, :text, :at)"""


def add(transaction: Transaction, alert_id: int, *, status: str, by: str | None, text: str, at: datetime) -> None:
    """A new note. ``status``: of the alert, once it was moved."""
    transaction.rows(_ADD, alert_id=alert_id, status=status, author=by, text=text, at=as_text(at))


def of_alerts(transaction: Transaction, alert_ids: Sequence[int]) -> list[Row]:
    """The notes of these alerts, oldest first."""
    found: list[Row] = []
    for ids, named in in_parts(list(alert_ids)):
        sql = f"SELECT * FROM alert_notes WHERE alert_id IN ({ids}) ORDER BY id"  # noqa: S608  # our own text
        found += transaction.rows(sql, **named)
    return found
