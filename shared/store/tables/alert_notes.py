"""The table ``alert_notes``: how people moved alerts by hand, a row without a text each, and what they wrote."""

from collections.abc import Sequence
from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.scope import KINDS_OF_MONITORS

_ADD = """
    INSERT INTO alert_notes (alert_id, status, author, text, at) VALUES (:alert_id, :status, :author, :text, :at)"""

_MOVES = f"""
    SELECT alerts.*, at, author FROM alert_notes JOIN alerts ON alerts.id = alert_id
    WHERE subject = :subject AND alerts.kind IN ({KINDS_OF_MONITORS}) AND text = '' AND alert_notes.status = :status
      AND at >= :at AND at < :until AND (at > :at OR alert_id > :after)
    ORDER BY at, alert_id LIMIT :most"""  # noqa: S608  # our own text


def add(transaction: Transaction, alert_id: int, *, status: str, by: str | None, text: str, at: datetime) -> None:
    """A new note, or with an empty text a move. ``status``: of the alert, once it was moved."""
    transaction.rows(_ADD, alert_id=alert_id, status=status, author=by, text=text, at=as_text(at))


def of_alerts(transaction: Transaction, alert_ids: Sequence[int]) -> list[Row]:
    """The notes of these alerts, oldest first."""
    found: list[Row] = []
    for ids, named in in_parts(list(alert_ids)):
        sql = f"SELECT * FROM alert_notes WHERE alert_id IN ({ids}) AND text <> '' ORDER BY id"  # noqa: S608  # our own text
        found += transaction.rows(sql, **named)
    return found


def moves_about(
    transaction: Transaction, monitor: str, status: str, place: tuple[str, int], until: str, most: int
) -> list[Row]:
    """The moves to a status of the alerts about a monitor, behind a time (and an alert's id) and before ``until``.

    Each is the row of its alert, with the ``at`` and the ``author`` of the move.
    """
    at, after = place
    return transaction.rows(_MOVES, subject=monitor, status=status, at=at, after=after, until=until, most=most)
