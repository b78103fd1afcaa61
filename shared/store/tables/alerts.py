"""Alerts as rows, and what is owed for each of their changes. All inside the transaction of what changes them."""

from collections.abc import Iterable
from datetime import datetime

from shared.models import Alert, AlertKind, AlertStatus, NotificationKind, as_text
from shared.store.engines.database import MAX_ID, Row, Transaction

_OPEN = """
    INSERT INTO alerts (kind, subject, target_url, status, cause, failed_at, opened_at)
    VALUES (:kind, :subject, :target_url, 'OPEN', :cause, :failed_at, :opened_at) RETURNING *"""

_SAVE = """
    UPDATE alerts SET status = :status, acknowledged_at = :acknowledged_at, acknowledged_by = :acknowledged_by,
        resolved_at = :resolved_at, resolved_by = :resolved_by
    WHERE id = :id"""

_OWE = """
    INSERT INTO notifications
        (alert_id, channel, kind, status, occurred_at, is_manual, actor, created_at, due_at, scheduled_at)
    VALUES (:alert_id, :channel, :kind, 'PENDING', :occurred_at, :is_manual, :actor, :now, :now, :now)
    RETURNING id"""


class AlertNotFound(Exception):
    """No alert has this id."""

    def __init__(self, alert_id: int) -> None:
        super().__init__(f"there is no alert {alert_id}")


def alert_of(transaction: Transaction, alert_id: int) -> Alert:
    """The alert with this id. Raises AlertNotFound."""
    row = transaction.row("SELECT * FROM alerts WHERE id = :id", id=alert_id) if alert_id <= MAX_ID else None
    if row is None:
        raise AlertNotFound(alert_id)
    return Alert.model_validate(dict(row))


def active_alert(transaction: Transaction, kind: AlertKind, subject: str) -> Alert | None:
    """The alert of this kind and subject that is OPEN or ACK: there is one at most."""
    row = transaction.row(
        "SELECT * FROM alerts WHERE kind = :kind AND subject = :subject AND status IN ('OPEN', 'ACK')",
        kind=kind,
        subject=subject,
    )
    return Alert.model_validate(dict(row)) if row else None


def active_outages(transaction: Transaction, monitors: Iterable[str]) -> list[Alert]:
    """The outages of these monitors that are OPEN or ACK."""
    sql = "SELECT * FROM alerts WHERE kind = 'OUTAGE' AND status IN ('OPEN', 'ACK') AND subject IN"
    return [Alert.model_validate(dict(row)) for row in named_in(transaction, sql, monitors)]


def named_in(transaction: Transaction, sql: str, names: Iterable[str]) -> list[Row]:
    """The rows of ``sql``, which ends with IN, for these names."""
    named = {f"name_{number}": name for number, name in enumerate(names)}
    return transaction.rows(f"{sql} ({', '.join(f':{key}' for key in named)})", **named) if named else []


def open_alert(
    transaction: Transaction,
    kind: AlertKind,
    subject: str,
    *,
    target_url: str | None = None,
    cause: str | None,
    failed_at: datetime,
    opened_at: datetime,
) -> Alert:
    """A new alert."""
    row = transaction.row(
        _OPEN,
        kind=kind,
        subject=subject,
        target_url=target_url,
        cause=cause,
        failed_at=as_text(failed_at),
        opened_at=as_text(opened_at),
    )
    return Alert.model_validate(dict(row or {}))


def resolve_alert(transaction: Transaction, alert: Alert, at: datetime) -> Alert:
    """The alert as it is once what it is about has ended by itself."""
    resolved = alert.model_copy(update={"status": AlertStatus.RESOLVED, "resolved_at": at})
    save_alert(transaction, resolved)
    return resolved


def save_alert(transaction: Transaction, alert: Alert) -> None:
    """Write what an alert can change."""
    transaction.rows(_SAVE, **alert.model_dump(mode="json"))


def owe(
    transaction: Transaction,
    alert: Alert,
    channels: Iterable[str],
    *,
    now: datetime,
    is_manual: bool = False,
    actor: str | None = None,
) -> list[int]:
    """Add one notification of the alert's newest change for each channel; their ids.

    A channel that refuses is not asked to tell about itself.
    """
    is_over = alert.status is AlertStatus.RESOLVED
    silent = {alert.subject} if alert.kind is AlertKind.CHANNEL_REFUSED else set()
    ids: list[int] = []
    for channel in channels:
        if channel not in silent:
            row = transaction.row(
                _OWE,
                alert_id=alert.id,
                channel=channel,
                kind=NotificationKind.RECOVERY if is_over else NotificationKind(alert.kind.value),
                occurred_at=as_text(alert.resolved_at or alert.opened_at),
                is_manual=int(is_manual),
                actor=actor,
                now=as_text(now),
            )
            ids.append(row["id"] if row else 0)
    return ids
