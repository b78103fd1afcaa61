"""The outbox: notifications that are owed, leased, and written down attempt by attempt."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.alerting import CLOCK_TOLERANCE, Change, after_attempt
from shared.models import Alert, AlertKind, AttemptStatus, Notification, NotificationLog, NotificationStatus, as_text
from shared.store.engines.database import MAX_ID, Database, Transaction
from shared.store.tables.alerts import active_alert, open_alert, owe, resolve_alert

# On a channel the messages about one subject go out in the order of their changes: a notification waits for every
# earlier one there that is still owed. So a RECOVERY never overtakes its OUTAGE, nor an older alert a newer one.
_CLAIM = """
    UPDATE notifications SET status = 'SENDING', leased_until = :leased_until, attempts = attempts + 1
    WHERE id = (
        SELECT due.id FROM notifications due JOIN alerts about ON about.id = due.alert_id
        WHERE due.channel = :channel AND due.status IN ('PENDING', 'SENDING')
          AND (due.due_at <= :now OR due.scheduled_at > :clock_was_set_back)
          AND (due.leased_until IS NULL OR due.leased_until <= :now OR due.leased_until > :longest_lease)
          AND due.id BETWEEN :first AND :last
          AND NOT EXISTS (
              SELECT 1 FROM notifications earlier JOIN alerts same ON same.id = earlier.alert_id
              WHERE earlier.channel = due.channel AND earlier.status IN ('PENDING', 'SENDING')
                AND earlier.id < due.id AND same.subject = about.subject AND same.kind = about.kind)
        ORDER BY due.due_at, due.id LIMIT 1)
    RETURNING *"""

_SETTLE = """
    UPDATE notifications SET status = :status, due_at = :due_at, scheduled_at = :attempted_at, leased_until = NULL
    WHERE id = :id AND status IN ('PENDING', 'SENDING') AND (attempts = :attempts OR :status = 'SENT')"""

_GIVEN_UP = """
    status IN ('PENDING', 'SENDING') AND created_at < :created_before
    AND (leased_until IS NULL OR leased_until <= :now)"""

_ADD_LOG = """
    INSERT INTO notification_logs
        (notification_id, alert_id, kind, channel, status, attempted_at, duration_ms, answer)
    VALUES (:notification_id, :alert_id, :kind, :channel, :status, :attempted_at, :duration_ms, :answer)"""

# No two attempts share all of this.
_HAS_LOG = """
    SELECT id FROM notification_logs
    WHERE alert_id = :alert_id AND notification_id = :notification_id AND status = :status
      AND attempted_at = :attempted_at AND duration_ms = :duration_ms"""


class Owed(NamedTuple):
    """A leased notification and the alert that it is about."""

    notification: Notification
    alert: Alert


class Outbox:
    """The part of the store that delivery works with."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def claim_notification(
        self, channel: str, *, now: datetime, leased_until: datetime, among: Sequence[int] | None = None
    ) -> Owed | None:
        """Lease the next due notification of ``channel``, or None. The longest due goes first.

        A lease that ran out is taken over. Times that were decided in what is the future now, because the clock was
        set back since, hold nothing up. ``among``: only from the least to the greatest of these ids.
        """
        if among is not None and not among:
            return None
        bounds = (min(among), max(among)) if among else (0, MAX_ID)
        # A lease holds off other senders, who see it at once. Without it, after a power cut, the message is due again.
        with self.database.transaction(is_durable=False) as transaction:
            row = transaction.row(
                _CLAIM,
                channel=channel,
                now=as_text(now),
                clock_was_set_back=as_text(now + CLOCK_TOLERANCE),
                leased_until=as_text(leased_until),
                longest_lease=as_text(leased_until + CLOCK_TOLERANCE),
                first=bounds[0],
                last=bounds[1],
            )
            if row is None:
                return None
            alert = transaction.row("SELECT * FROM alerts WHERE id = :id", id=row["alert_id"])
            assert alert is not None  # noqa: S101  # the foreign key holds it
        return Owed(Notification.model_validate(dict(row)), Alert.model_validate(dict(alert)))

    def has_owed_notifications(self, channels: Iterable[str], *, now: datetime) -> bool:
        """Whether any of ``channels`` may have something to claim; a read, so that idle runs write nothing."""
        with self.database.snapshot() as snapshot:
            rows = snapshot.rows(
                "SELECT DISTINCT channel FROM notifications WHERE status IN ('PENDING', 'SENDING') "
                "AND (due_at <= :now OR scheduled_at > :clock_was_set_back)",
                now=as_text(now),
                clock_was_set_back=as_text(now + CLOCK_TOLERANCE),
            )
        return not {row["channel"] for row in rows}.isdisjoint(channels)

    def record_attempt(
        self,
        notification: Notification,
        status: AttemptStatus,
        *,
        attempted_at: datetime,
        duration_ms: float,
        answer: str | None,
        due_at: datetime | None = None,
        channels: Iterable[str] = (),
        is_late: bool = False,
    ) -> tuple[Change, Alert] | None:
        """Write down how an attempt went. RETRY makes the notification due again at ``due_at``.

        An attempt whose lease was taken over meanwhile still has its row, and "sent" is true whoever holds the lease;
        otherwise the new lease's holder decides. What that changes of the alert about the channel is told through the
        others of ``channels``, and returned. ``is_late``: it was tried before and seemed to fail; where that one was
        committed after all, this one changes nothing.
        """
        settled = NotificationStatus.PENDING if status is AttemptStatus.RETRY else NotificationStatus(status)
        log = _log_of(notification, status, attempted_at, duration_ms, answer)
        with self.database.transaction() as transaction:
            # Not before: a commit that is still under way holds the lock, and what it wrote is seen once it is over.
            if is_late and transaction.row(_HAS_LOG, **log) is not None:
                return None
            transaction.rows(
                _SETTLE,
                id=notification.id,
                attempts=notification.attempts,
                status=settled,
                due_at=as_text(due_at or notification.due_at),
                attempted_at=as_text(attempted_at),
            )
            transaction.rows(_ADD_LOG, **log)
            return _judge_channel(transaction, notification.channel, status, answer, attempted_at, channels)

    def expire_notifications(self, *, now: datetime, created_before: datetime) -> list[Notification]:
        """Give up every notification that was created before then and that nobody is sending now, with a log row."""
        times = {"now": as_text(now), "created_before": as_text(created_before)}
        with self.database.snapshot() as snapshot:
            if snapshot.row(f"SELECT 1 FROM notifications WHERE {_GIVEN_UP}", **times) is None:  # noqa: S608  # our text
                return []
        with self.database.transaction() as transaction:
            rows = transaction.rows(
                f"UPDATE notifications SET status = 'EXPIRED', leased_until = NULL WHERE {_GIVEN_UP} RETURNING *",  # noqa: S608
                **times,
            )
            # No engine promises an order of what it returns.
            expired = sorted((Notification.model_validate(dict(row)) for row in rows), key=lambda each: each.id)
            for each in expired:
                answer = f"not delivered after {each.attempts} attempts since {as_text(each.created_at)}"
                transaction.rows(_ADD_LOG, **_log_of(each, AttemptStatus.EXPIRED, now, 0.0, answer))
        return expired

    def notification_logs(
        self, *, limit: int, before: int | None = None, alert_id: int | None = None
    ) -> list[NotificationLog]:
        """The newest attempts first; ``before``: only those with a smaller id."""
        about = "alert_id = :alert_id AND" if alert_id is not None else ""
        with self.database.snapshot() as snapshot:
            rows = snapshot.rows(
                f"SELECT * FROM notification_logs WHERE {about} id < :before ORDER BY id DESC LIMIT :limit",  # noqa: S608
                before=MAX_ID if before is None else before,
                limit=limit,
                **({"alert_id": alert_id} if alert_id is not None else {}),
            )
        return [NotificationLog.model_validate(dict(row)) for row in rows]


def _log_of(
    notification: Notification, status: AttemptStatus, attempted_at: datetime, duration_ms: float, answer: str | None
) -> dict[str, Any]:
    return {
        "notification_id": notification.id,
        "alert_id": notification.alert_id,
        "kind": notification.kind,
        "channel": notification.channel,
        "status": status,
        "attempted_at": as_text(attempted_at),
        "duration_ms": round(duration_ms, 3),
        "answer": answer,
    }


def _judge_channel(
    transaction: Transaction,
    channel: str,
    status: AttemptStatus,
    answer: str | None,
    at: datetime,
    channels: Iterable[str],
) -> tuple[Change, Alert] | None:
    refused = active_alert(transaction, AlertKind.CHANNEL_REFUSED, channel)
    change = after_attempt(status, refused)
    if change is Change.OPENED:
        kind = AlertKind.CHANNEL_REFUSED
        alert = open_alert(transaction, kind, channel, cause=answer, failed_at=at, opened_at=at)
    elif change is Change.RESOLVED and refused is not None:
        alert = resolve_alert(transaction, refused, at)
    else:
        return None
    owe(transaction, alert, channels, now=at)
    return change, alert
