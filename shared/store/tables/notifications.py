"""The table ``notifications``: the outbox. Messages that are owed, leased, and in the end sent or given up."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.models import (
    Alert,
    AlertKind,
    Attempt,
    AttemptStatus,
    Notification,
    NotificationKind,
    NotificationStatus,
    as_text,
    value_of,
)
from shared.models.notification import NO_DETAILS, UPDATE_SECONDS, Details
from shared.store.engines.database import Row, Transaction, salvaged

if TYPE_CHECKING:
    from shared.models.channel import Pace

_ADD = """
    INSERT INTO notifications
        (alert_id, channel, kind, status, occurred_at, is_manual, actor, reason, number, edits,
        created_at, due_at, scheduled_at)
    VALUES (:alert_id, :channel, :kind, :status, :occurred_at, :is_manual, :actor, :reason, :number, :edits,
        :now, :now, :now)
    RETURNING *"""

# On a channel the messages about one subject go out in the order of their changes: a notification waits for every
# earlier one there that is still owed, or held. A RECOVERY therefore never overtakes its OUTAGE, nor a newer alert an
# older one. Two questions, since each has an index of its own. Edits (see ``message_edits``) hold nothing up.
_IS_NEXT = " AND ".join(
    f"""NOT EXISTS (
    SELECT 1 FROM notifications earlier JOIN alerts same ON same.id = earlier.alert_id
    WHERE earlier.channel = due.channel AND earlier.{status} AND earlier.kind <> 'UPDATE'
      AND earlier.id < due.id AND same.subject = about.subject AND same.kind = about.kind)"""  # noqa: S608  # our own text
    for status in ("status IN ('PENDING', 'SENDING')", "status = 'HELD'")
)

# A row that can be claimed: it is due, and no other sender has it.
IS_DUE = """
          (due.due_at <= :now OR due.scheduled_at > :clock_was_set_back)
          AND (due.leased_until IS NULL OR due.leased_until <= :now OR due.leased_until > :longest_lease)"""

# The beginning of every claim.
LEASE = """
    UPDATE notifications SET status = 'SENDING', leased_until = :leased_until, attempts = attempts + 1,
        claimed_at = :now"""

# The plus keeps SQLite from going by the ids: by due_at, the first row that it looks at is usually the right one.
_CLAIM = f"""{LEASE}
    WHERE id = (
        SELECT due.id FROM notifications due JOIN alerts about ON about.id = due.alert_id
        WHERE due.channel = :channel AND due.status IN ('PENDING', 'SENDING') AND due.listed_with IS NULL
          AND due.kind <> 'UPDATE'
          AND {IS_DUE}
          AND +due.id BETWEEN :first AND :last
          AND {_IS_NEXT}
          %s
        ORDER BY due.due_at, due.id LIMIT 1)
    RETURNING *"""  # noqa: S608  # our own text

# Whether one more message may go at once, see alerting.storms: there is no storm, nothing waits for a list, and the
# channel's pace is kept.
_IS_CALM = """
          AND (SELECT count(*) FROM (SELECT 1 FROM notifications recent WHERE recent.channel = :channel
            AND recent.kind <> 'UPDATE'
            AND recent.claimed_at > :storm_since AND recent.claimed_at <= :clock_was_set_back
            LIMIT :at_once) few) < :at_once
          AND (SELECT count(*) FROM (SELECT 1 FROM notifications waiting WHERE waiting.channel = :channel
            AND waiting.status IN ('PENDING', 'SENDING') AND waiting.claimed_at IS NULL AND waiting.kind <> 'UPDATE'
            AND waiting.due_at <= :waiting_since LIMIT :at_once + 1) many) <= :at_once"""
_KEEPS_PACE = """
          AND (SELECT count(DISTINCT coalesce(recent.listed_with, recent.id)) FROM notifications recent
            WHERE recent.channel = :channel AND recent.claimed_at > :pace_since
            AND recent.claimed_at <= :clock_was_set_back) < :pace_messages"""
_CLAIM_UNPACED, _CLAIM_CALM, _CLAIM_PACED = (_CLAIM % more for more in ("", _IS_CALM, _IS_CALM + _KEEPS_PACE))

_SETTLE = """
    UPDATE notifications SET status = :status, due_at = :due_at, scheduled_at = :attempted_at, leased_until = NULL,
        message_id = coalesce(:message_id, message_id)
    WHERE id = :id AND status IN ('PENDING', 'SENDING') AND (attempts = :attempts OR :status = 'SENT')"""

_TOO_OLD = """
    status IN ('PENDING', 'SENDING')
    AND (coalesce(released_at, created_at) < :created_before OR (kind = 'UPDATE' AND created_at < :update_before))
    AND (leased_until IS NULL OR leased_until <= :now)"""


def owe(
    transaction: Transaction,
    alert: Alert,
    channels: Iterable[str],
    *,
    now: datetime,
    status: NotificationStatus = NotificationStatus.PENDING,
    kind: NotificationKind | None = None,
    reason: str | None = None,
    edits: int | None = None,
    details: Details = NO_DETAILS,
) -> list[Notification]:
    """Add one notification of the alert's newest change for each channel.

    ``status``: PENDING, or HELD or SUPPRESSED by a rule. ``kind``: if it is not about that change. ``reason``,
    ``edits``: see Notification. A channel that refuses messages is not asked to carry one about itself.
    """
    about_itself = alert.subject if alert.kind is AlertKind.CHANNEL_REFUSED else None
    return [
        transaction.added(
            Notification,
            _ADD,
            alert_id=alert.id,
            channel=channel,
            kind=kind or kind_of(alert),
            status=status,
            occurred_at=as_text(details.occurred_at or alert.resolved_at or alert.opened_at),
            is_manual=int(details.is_manual),
            actor=details.actor,
            reason=reason,
            number=details.number,
            edits=edits,
            now=as_text(now),
        )
        for channel in channels
        if channel != about_itself
    ]


def kind_of(alert: Alert) -> NotificationKind:
    """The kind of a message about the alert's newest change."""
    return NotificationKind(alert.kind.value) if alert.status.is_active else NotificationKind.RECOVERY


def held(transaction: Transaction, alert_id: int | None = None) -> list[Notification]:
    """The notifications that are held back, oldest first; ``alert_id``: of this alert alone."""
    about = "AND alert_id = :alert_id" if alert_id is not None else ""
    sql = f"SELECT * FROM notifications WHERE status = 'HELD' {about} ORDER BY id"  # noqa: S608  # our own text
    return transaction.values(Notification, sql, **({"alert_id": alert_id} if alert_id is not None else {}))


def hold(transaction: Transaction, notification: Notification, rule: str) -> Notification:
    """Write that another rule holds a notification now; as it is then."""
    transaction.run("UPDATE notifications SET reason = :rule WHERE id = :id", id=notification.id, rule=rule)
    return notification._replace(reason=rule)


def suppress(transaction: Transaction, notification: Notification, reason: str | None = None) -> Notification:
    """A notification that is held will never be sent; as it is then. ``reason``: why, if not for what holds it."""
    reason = reason or notification.reason
    sql = "UPDATE notifications SET status = 'SUPPRESSED', reason = :reason WHERE id = :id"
    transaction.run(sql, id=notification.id, reason=reason)
    return notification._replace(status=NotificationStatus.SUPPRESSED, reason=reason)


def release(transaction: Transaction, notification_id: int, now: datetime) -> None:
    """Let a notification that is held be due now. It expires as if it had been created now."""
    sql = """UPDATE notifications SET status = 'PENDING', due_at = :now, scheduled_at = :now, released_at = :now
        WHERE id = :id AND status = 'HELD'"""
    transaction.run(sql, id=notification_id, now=as_text(now))


class Claim(NamedTuple):
    """A sender asks for the channel's next message.

    ``ids``: the least and the greatest id to consider. ``skew``: what lies further ahead than the clock's tolerance was
    decided before the clock was set back, and holds nothing up. ``pace``: only if that keeps this pace, and there is no
    storm on the channel.
    """

    channel: str
    ids: tuple[int, int]
    now: datetime
    leased_until: datetime
    skew: timedelta
    pace: "Pace | None" = None

    def values(self) -> dict[str, Any]:
        """The parameters of the statement of a claim, for LEASE and IS_DUE too."""
        return {
            "channel": self.channel,
            "first": self.ids[0],
            "last": self.ids[1],
            "now": as_text(self.now),
            "clock_was_set_back": as_text(self.now + self.skew),
            "leased_until": as_text(self.leased_until),
            "longest_lease": as_text(self.leased_until + self.skew),
        }


def claim(transaction: Transaction, asked: Claim) -> Notification | None:
    """Lease the channel's next due notification, if there is one; the longest due goes first."""
    sql, sent = (_CLAIM_UNPACED, {}) if asked.pace is None else _paced(asked.pace, asked.now)
    row = transaction.row(sql, **asked.values(), **sent)
    return None if row is None else salvage(row, asked.now)


def _paced(pace: "Pace", now: datetime) -> tuple[str, dict[str, Any]]:
    """The claim of what may go at once, and what it asks."""
    # Imported here: most functions send nothing, or to channels without a pace.
    from shared.alerting.storms import AT_ONCE, WAIT_SECONDS, WITHIN_SECONDS, at_once

    calm = {
        "at_once": AT_ONCE,
        "storm_since": as_text(now - timedelta(seconds=WITHIN_SECONDS)),
        "waiting_since": as_text(now - timedelta(seconds=WAIT_SECONDS)),
    }
    single = at_once(pace)
    if single.messages > AT_ONCE and single.seconds <= WITHIN_SECONDS:
        return _CLAIM_CALM, calm  # without a storm it keeps this pace anyhow
    since = as_text(now - timedelta(seconds=single.seconds))
    return _CLAIM_PACED, {**calm, "pace_since": since, "pace_messages": single.messages}


def settle(transaction: Transaction, attempt: Attempt) -> None:
    """Give the notification the status that the attempt means.

    If its lease was taken over meanwhile, the new holder decides, except that a message that was sent is sent.
    """
    is_retry = attempt.status is AttemptStatus.RETRY
    transaction.run(
        _SETTLE,
        id=attempt.notification.id,
        attempts=attempt.notification.attempts,
        status=NotificationStatus.PENDING if is_retry else NotificationStatus(attempt.status),
        due_at=as_text(attempt.due_at or attempt.notification.due_at),
        attempted_at=as_text(attempt.attempted_at),
        message_id=attempt.message_id,
    )


def has_too_old(transaction: Transaction, *, now: datetime, created_before: datetime) -> bool:
    """Whether there is anything for ``expire``."""
    sql = f"SELECT 1 FROM notifications WHERE {_TOO_OLD}"  # noqa: S608  # our own text
    return transaction.row(sql, **_ages(now, created_before)) is not None


def expire(transaction: Transaction, *, now: datetime, created_before: datetime) -> list[Notification]:
    """Give up every notification that was created before then and that nobody is sending now."""
    expired = transaction.rows(
        f"UPDATE notifications SET status = 'EXPIRED', leased_until = NULL WHERE {_TOO_OLD} RETURNING *",  # noqa: S608
        **_ages(now, created_before),
    )
    # No engine promises an order of what it returns.
    return sorted((salvage(row, now) for row in expired), key=lambda notification: notification.id)


def put_off(transaction: Transaction, *, now: datetime, created_before: datetime, until: datetime) -> None:
    """Let every notification that ``expire`` would give up wait until then, or until the clock is set back."""
    transaction.rows(
        f"UPDATE notifications SET due_at = :until, scheduled_at = :now WHERE {_TOO_OLD} AND due_at < :until",  # noqa: S608
        until=as_text(until),
        **_ages(now, created_before),
    )


def _ages(now: datetime, created_before: datetime) -> dict[str, str]:
    times = {"now": now, "created_before": created_before, "update_before": now - timedelta(seconds=UPDATE_SECONDS)}
    return {name: as_text(time) for name, time in times.items()}


def alert_of(transaction: Transaction, notification_id: int) -> int | None:
    """The id of the alert that a notification is about, if there is such a notification."""
    row = transaction.row("SELECT alert_id FROM notifications WHERE id = :id", id=notification_id)
    return int(row["alert_id"]) if row else None


def of_alert(transaction: Transaction, alert_id: int) -> list[Notification]:
    """The notifications of an alert, oldest first."""
    return [value_of(Notification, row) for row in rows_of_alert(transaction, alert_id)]


def rows_of_alert(transaction: Transaction, alert_id: int) -> list[Row]:
    """The same, whatever the rows hold."""
    return transaction.rows("SELECT * FROM notifications WHERE alert_id = :id ORDER BY id", id=alert_id)


def salvage(row: Row, now: datetime) -> Notification:
    """The notification of a row, whatever the row holds."""
    times = dict.fromkeys(("occurred_at", "created_at", "due_at"), now)
    return salvaged(Notification, row, kind=NotificationKind.OUTAGE, is_manual=False, **times)
