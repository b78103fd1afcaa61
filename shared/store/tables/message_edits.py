"""The table ``notifications``, as far as it is about messages that were sent and are edited: the kind UPDATE."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.models import Alert, Attempt, AttemptStatus, Notification, NotificationKind, as_text
from shared.models.notification import NO_DETAILS, Details
from shared.store.engines.database import Transaction
from shared.store.tables.notifications import IS_DUE, LEASE, Claim, owe, salvage

if TYPE_CHECKING:
    from shared.models.channel import Pace

# A RECOVERY says how it ended, and an UPDATE has no message of its own.
_EDITABLE = """
    SELECT min(id) AS first, max(id) AS last, channel FROM notifications
    WHERE alert_id = :alert_id AND message_id IS NOT NULL AND kind NOT IN ('RECOVERY', 'UPDATE')
    GROUP BY channel ORDER BY channel"""

_RECOVERY = """
    SELECT 1 FROM notifications
    WHERE alert_id = :alert_id AND channel = :channel AND kind = 'RECOVERY' AND status <> 'SUPPRESSED' LIMIT 1"""

# Edits of one alert's messages go in the order of its changes. They wait for nothing but each other, and nothing waits
# for them: an edit that fails holds no message up.
_CLAIM = f"""{LEASE}
    WHERE id = (
        SELECT due.id FROM notifications due
        WHERE due.channel = :channel AND due.kind = 'UPDATE' AND due.status IN ('PENDING', 'SENDING') AND {IS_DUE}
          AND +due.id BETWEEN :first AND :last
          AND NOT EXISTS (
            SELECT 1 FROM notifications earlier WHERE earlier.channel = due.channel
              AND earlier.alert_id = due.alert_id AND earlier.kind = 'UPDATE' AND earlier.edits = due.edits
              AND earlier.status IN ('PENDING', 'SENDING') AND earlier.id < due.id)
          %s
        ORDER BY due.due_at, due.id LIMIT 1)
    RETURNING *"""  # noqa: S608  # our own text
_LEAVES_ROOM = """
          AND (SELECT count(*) FROM (SELECT 1 FROM notifications recent WHERE recent.channel = :channel
            AND recent.claimed_at > :pace_since AND recent.claimed_at <= :clock_was_set_back
            LIMIT :most) few) < :most"""


def owe_edits(
    transaction: Transaction,
    alert: Alert,
    channels: Collection[str],
    *,
    now: datetime,
    details: Details = NO_DETAILS,
) -> tuple[int, ...]:
    """Owe an edit of what was sent about the alert to each of ``channels`` that can edit it; the notifications' ids.

    On each channel that is the first message and the last one: in between there may be hundreds of reminders.
    """
    owed: list[Notification] = []
    for row in transaction.rows(_EDITABLE, alert_id=alert.id):
        if row["channel"] in channels:
            for edits in sorted({row["first"], row["last"]}):
                owed += _owe(transaction, alert, row["channel"], edits, now, details)
    return tuple(each.id for each in owed)


def catch_up(transaction: Transaction, attempt: Attempt, alert: Alert) -> None:
    """Owe an edit of a message that has just been sent, if the message does not say what has become of the alert.

    The alert has changed since the message was composed; or it had ended before, and no RECOVERY will say so.
    """
    sent = attempt.notification
    is_editable = attempt.status is AttemptStatus.SENT and attempt.message_id is not None and not attempt.listed
    if not is_editable or sent.kind is NotificationKind.RECOVERY:
        return
    if alert.status is not attempt.said or _has_silent_end(transaction, alert, sent.channel):
        _owe(transaction, alert, sent.channel, sent.id, attempt.attempted_at)


def claim(transaction: Transaction, asked: Claim) -> Notification | None:
    """Lease the channel's next edit that is due. Half of the pace is left to messages."""
    room, sent = ("", {}) if asked.pace is None else (_LEAVES_ROOM, _room(asked.pace, asked.now))
    row = transaction.row(_CLAIM % room, **asked.values(), **sent)
    return None if row is None else salvage(row, asked.now)


def edited(transaction: Transaction, edit: Notification) -> Notification | None:
    """The notification whose message an UPDATE edits."""
    found = transaction.values(Notification, "SELECT * FROM notifications WHERE id = :id", id=edit.edits or 0)
    return found[0] if found else None


def _has_silent_end(transaction: Transaction, alert: Alert, channel: str) -> bool:
    """Whether the alert is over, and the channel gets no message that says so."""
    if alert.status.is_active:
        return False
    return transaction.row(_RECOVERY, alert_id=alert.id, channel=channel) is None


def _owe(
    transaction: Transaction, alert: Alert, channel: str, edits: int, now: datetime, details: Details = NO_DETAILS
) -> list[Notification]:
    details = details._replace(occurred_at=details.occurred_at or now)
    return owe(transaction, alert, [channel], now=now, kind=NotificationKind.UPDATE, edits=edits, details=details)


def _room(pace: "Pace", now: datetime) -> dict[str, Any]:
    return {"pace_since": as_text(now - timedelta(seconds=pace.seconds)), "most": max(1, pace.messages // 2)}
