"""The part of the store that delivery works with: what is owed, who sends it, and how that went."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError

from shared.alerting import CLOCK_TOLERANCE, judge_channel
from shared.logs import step
from shared.models import (
    Alert,
    AlertKind,
    Attempt,
    AttemptStatus,
    Change,
    ChangeKind,
    Notification,
    NotificationLog,
)
from shared.store.changes import open_alert, resolve_alert
from shared.store.engines.database import MAX_ID, Database, Transaction
from shared.store.tables import alerts, delivery_times, notification_logs, notifications

# The kinds of the messages that say first that there is an alert.
_FIRST = frozenset(kind.value for kind in AlertKind)


class Owed(NamedTuple):
    """A leased notification and the alert that it is about."""

    notification: Notification
    alert: Alert


class Outbox:
    """Notifications and their logs. The methods raise StoreUnavailable if the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(
        self, channel: str, *, now: datetime, leased_until: datetime, among: Sequence[int] | None = None
    ) -> Owed | None:
        """Lease the next due notification of ``channel``, or None. The longest due goes first.

        An expired lease is taken over. Times that lie in the future because the clock was set back hold nothing up.
        ``among``: only from the least to the greatest of these ids.
        """
        if among is not None and not among:
            return None
        ids = (min(among), max(among)) if among else (0, MAX_ID)
        # A lease keeps other senders away, who see it at once. If a power cut undoes it, the message is due again.
        with self._database.transaction(is_durable=False) as transaction:
            claimed = notifications.claim(
                transaction, channel, now=now, leased_until=leased_until, ids=ids, skew=CLOCK_TOLERANCE
            )
            return Owed(claimed, alerts.of_notification(transaction, claimed)) if claimed else None

    def has_due(self, channels: Collection[str], *, now: datetime) -> bool:
        """Whether any of ``channels`` may have something to claim; a read, so that idle runs write nothing."""
        with self._database.snapshot() as snapshot:
            due = notifications.due_channels(snapshot, now=now, skew=CLOCK_TOLERANCE)
        return not due.isdisjoint(channels)

    def record(self, attempt: Attempt, *, channels: Collection[str]) -> Change | None:
        """Record an attempt. If it changes the alert about its channel, that is owed to the others of ``channels``.

        An attempt whose lease was taken over meanwhile still has its row. A late attempt that was committed after all
        changes nothing.
        """
        with self._database.transaction() as transaction:
            # Asked inside the transaction: a commit that is still under way holds the lock until it can be seen.
            if attempt.is_late and notification_logs.has(transaction, attempt):
                return None
            notifications.settle(transaction, attempt)
            notification_logs.add(transaction, attempt)
            _note_time(transaction, attempt)
            return _judge_channel(transaction, attempt, channels)

    def expire(self, *, now: datetime, created_before: datetime) -> list[Notification]:
        """Give up every notification that was created before then and that nobody is sending now, with a log row."""
        with self._database.snapshot() as snapshot:
            if not notifications.has_too_old(snapshot, now=now, created_before=created_before):
                return []
        with self._database.transaction() as transaction:
            expired = notifications.expire(transaction, now=now, created_before=created_before)
            for notification in expired:
                notification_logs.add_expiry(transaction, notification, now)
        return expired

    def logs(self, *, limit: int, before: int | None = None, alert_id: int | None = None) -> list[NotificationLog]:
        """The newest attempts first; ``before``: only those with a smaller id."""
        with self._database.snapshot() as snapshot:
            return notification_logs.page(snapshot, limit=limit, before=before, alert_id=alert_id)


def _note_time(transaction: Transaction, attempt: Attempt) -> None:
    """Note how long a channel waited for the first message about an alert."""
    notification = attempt.notification
    if attempt.status is not AttemptStatus.SENT or notification.kind.value not in _FIRST:
        return
    ended_at = attempt.attempted_at + timedelta(milliseconds=attempt.duration_ms)
    delivery_times.note(
        transaction,
        notification.alert_id,
        notification.channel,
        ended_at - notification.created_at,
        ended_at,
        # What a rule held back came late on purpose.
        is_counted=notification.reason is None,
    )


def _judge_channel(transaction: Transaction, attempt: Attempt, channels: Collection[str]) -> Change | None:
    channel, at = attempt.notification.channel, attempt.attempted_at
    try:
        refused = alerts.active(transaction, AlertKind.CHANNEL_REFUSED, channel)
    except ValidationError:
        # Its row is damaged. The attempt must be recorded all the same: otherwise the message would be sent again.
        step("server", "row_damaged", level=logging.ERROR, row=f"CHANNEL_REFUSED {channel}")
        return None
    change = judge_channel(attempt.status, refused)
    if change is ChangeKind.OPENED:
        return open_alert(
            transaction,
            AlertKind.CHANNEL_REFUSED,
            channel,
            cause=None,
            reported=attempt.answer,
            failed_at=at,
            opened_at=at,
            channels=channels,
            now=at,
        )
    if change is ChangeKind.RESOLVED and refused is not None:
        return resolve_alert(transaction, refused, at, channels=channels, now=at)
    return None
