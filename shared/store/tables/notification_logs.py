"""The table ``notification_logs``: one row for each attempt, for each notification that expired or was held back."""

from datetime import datetime
from typing import Any

from shared.models import Attempt, AttemptStatus, Notification, NotificationLog, as_text
from shared.models.values import MAX_ID
from shared.store.engines.database import Row, Transaction
from shared.store.tables.scope import KINDS_OF_MONITORS

_ADD = """
    INSERT INTO notification_logs
        (notification_id, alert_id, kind, channel, status, attempted_at, duration_ms, answer, reason)
    VALUES (:notification_id, :alert_id, :kind, :channel, :status, :attempted_at, :duration_ms, :answer, :reason)"""

# No two attempts share all of this.
_HAS = """
    SELECT id FROM notification_logs
    WHERE alert_id = :alert_id AND notification_id = :notification_id AND status = :status
      AND attempted_at = :attempted_at AND duration_ms = :duration_ms"""


_EARLIER = """FROM notification_logs earlier
    WHERE earlier.alert_id = logs.alert_id AND earlier.notification_id = logs.notification_id
      AND earlier.id < logs.id AND earlier.status = 'RETRY'"""
# Begins with the alerts: they are few, and both tables have an index for what follows.
_ABOUT_MONITOR = f"""
    SELECT logs.*, owed.created_at, (SELECT count(*) {_EARLIER}) AS earlier,
        (SELECT earlier.answer {_EARLIER} ORDER BY earlier.id DESC LIMIT 1) AS earlier_answer
    FROM alerts JOIN notification_logs logs ON logs.alert_id = alerts.id
        JOIN notifications owed ON owed.id = logs.notification_id
    WHERE alerts.subject = :subject AND alerts.kind IN ({KINDS_OF_MONITORS}) AND alerts.opened_at < :until
      AND logs.attempted_at >= :at AND logs.attempted_at < :until
      AND (logs.attempted_at > :at OR logs.id > :after)
    ORDER BY logs.attempted_at, logs.id LIMIT :most"""  # noqa: S608  # our own text
# A channel without an attempt among so many rows is not known. No index leads to a channel's last one.
_LATEST_ROWS = 50
_LAST_ATTEMPTS = f"""
    SELECT channel, duration_ms FROM notification_logs WHERE id IN (
        SELECT max(id) FROM notification_logs
        WHERE id > (SELECT max(id) FROM notification_logs) - {_LATEST_ROWS} AND status IN ('SENT', 'RETRY', 'FAILED')
        GROUP BY channel)"""  # noqa: S608  # our own text


def add(transaction: Transaction, attempt: Attempt) -> None:
    """The row of an attempt."""
    transaction.run(_ADD, **_columns(attempt))


def add_expiry(transaction: Transaction, notification: Notification, at: datetime) -> None:
    """The row of a notification that expired."""
    attempts = "1 attempt" if notification.attempts == 1 else f"{notification.attempts} attempts"
    answer = f"not delivered after {attempts} since {as_text(notification.created_at)}"
    add(transaction, Attempt(notification, AttemptStatus.EXPIRED, at, 0.0, answer))


def add_decision(transaction: Transaction, notification: Notification, at: datetime) -> None:
    """The row of a notification that a rule holds back (HELD) or away (SUPPRESSED), as its status says."""
    add(transaction, Attempt(notification, AttemptStatus(notification.status), at, 0.0, None))


def has(transaction: Transaction, attempt: Attempt) -> bool:
    """Whether the attempt has its row already."""
    return transaction.row(_HAS, **_columns(attempt)) is not None


def last_durations(transaction: Transaction) -> dict[str, float]:
    """How many milliseconds the last attempt took, whatever became of it, by the channel."""
    return {row["channel"]: row["duration_ms"] for row in transaction.rows(_LAST_ATTEMPTS)}


def page(transaction: Transaction, *, limit: int, before: int | None, alert_id: int | None) -> list[NotificationLog]:
    """The newest attempts first; ``before``: only those with a smaller id."""
    about = "alert_id = :alert_id AND" if alert_id is not None else ""
    return transaction.values(
        NotificationLog,
        f"SELECT * FROM notification_logs WHERE {about} id < :before ORDER BY id DESC LIMIT :limit",  # noqa: S608  # ours
        before=MAX_ID if before is None else before,
        limit=limit,
        **({"alert_id": alert_id} if alert_id is not None else {}),
    )


def _columns(attempt: Attempt) -> dict[str, Any]:
    notification = attempt.notification
    return {
        "notification_id": notification.id,
        "alert_id": notification.alert_id,
        "kind": notification.kind,
        "channel": notification.channel,
        "status": attempt.status,
        "attempted_at": as_text(attempt.attempted_at),
        "duration_ms": round(attempt.duration_ms, 3),
        "answer": attempt.answer,
        "reason": attempt.notification.reason,
    }


def about_monitor(transaction: Transaction, monitor: str, place: tuple[str, int], until: str, most: int) -> list[Row]:
    """The rows about a monitor's alerts, oldest first, behind a time and an id and before ``until``, at most so many.

    Each also has the notification's ``created_at``, how many attempts failed ``earlier``, and what the last of them was
    answered (``earlier_answer``).
    """
    return transaction.rows(_ABOUT_MONITOR, subject=monitor, at=place[0], after=place[1], until=until, most=most)
