"""The part of the store that delivery works with: what is owed, who sends it, and how that went."""

import logging
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.alerting import CLOCK_TOLERANCE, judge_channel
from shared.alerting.routing.routes import CHANNEL_GONE
from shared.logs import step
from shared.models import (
    Alert,
    AlertKind,
    Attempt,
    AttemptStatus,
    Change,
    ChangeKind,
    Notification,
    NotificationKind,
    NotificationLog,
    Unreadable,
)
from shared.models.channel import Channels, Pace
from shared.models.values import MAX_ID
from shared.store.changes import open_alert, resolve_alert
from shared.store.clock import uncertain_until
from shared.store.engines.database import Database, Transaction
from shared.store.tables import (
    alerts,
    configuration,
    delivery_times,
    message_edits,
    notification_logs,
    notifications,
    owed_notifications,
    pauses,
)

# The kinds of the messages that say first that there is an alert.
_FIRST = frozenset({*map(NotificationKind, AlertKind), NotificationKind.FLAPPING})


class Owed(NamedTuple):
    """A leased notification and the alert that it is about. ``edited``: of an UPDATE, whose message it edits."""

    notification: Notification
    alert: Alert
    edited: Notification | None = None


class Share(NamedTuple):
    """The ids of what is owed to one channel, and the seconds that its last attempt took; 0 if that is not known."""

    ids: set[int]
    lasted_seconds: float


class Claimed(NamedTuple):
    """The notifications that go as one message; if none do, the seconds until some may (None: nothing waits)."""

    owed: list[Owed]
    wait_seconds: float | None = None


class Outbox:
    """Notifications and their logs. The methods raise StoreUnavailable if the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def installation(self) -> str:
        """The random name of this store, which it keeps wherever it is moved."""
        with self._database.snapshot() as snapshot:
            found = configuration.installation(snapshot)
        if found is None:
            with self._database.transaction() as transaction:
                configuration.name_installation(transaction, secrets.token_hex(8))
                found = configuration.installation(transaction)
        return found or ""

    def claim(
        self,
        channel: str,
        *,
        now: datetime,
        leased_until: datetime,
        among: Sequence[int] | None = None,
        pace: Pace | None = None,
    ) -> Owed | None:
        """Lease the next due notification of ``channel``, or None. The longest due goes first.

        An expired lease is taken over. Times that lie in the future because the clock was set back hold nothing up.
        ``among``: only from the least to the greatest of these ids. ``pace``: only what may go at once on a channel of
        this pace; ``claim_list`` gives the rest.
        """
        if among is not None and not among:
            return None
        ids = (min(among), max(among)) if among else (0, MAX_ID)
        # A lease keeps other senders away, who see it at once. If a power cut undoes it, the message is due again.
        with self._database.transaction(is_durable=False) as transaction:
            asked = notifications.Claim(channel, ids, now, leased_until, CLOCK_TOLERANCE, pace)
            if (claimed := notifications.claim(transaction, asked)) is not None:
                return Owed(claimed, alerts.of_notification(transaction, claimed))
            if (edit := message_edits.claim(transaction, asked)) is not None:
                about = alerts.of_notification(transaction, edit)
                return Owed(edit, about, message_edits.edited(transaction, edit))
            return None

    def claim_list(self, channel: str, *, now: datetime, leased_until: datetime, pace: Pace) -> Claimed:
        """Lease together what may go on ``channel`` as one message, of what may not go at once: see alerting.storms.

        A list whose lease expired, or that failed, is leased again as the same list, so that its copies are alike.
        """
        # Imported here: it is only needed in a storm.
        from shared.alerting import storms
        from shared.store.tables import notification_lists

        with self._database.transaction(is_durable=False) as transaction:
            waiting = notification_lists.waiting(
                transaction, channel, now=now, leased_until=leased_until, skew=CLOCK_TOLERANCE
            )
            if not waiting:
                return Claimed([])
            seconds = max(each.seconds for each in (pace, *storms.LISTS))
            sent = notification_lists.sent(transaction, channel, now=now, seconds=seconds, skew=CLOCK_TOLERANCE)
            plan = storms.plan(waiting, sent, pace, now)
            if not plan.ids:
                return Claimed([], plan.wait_seconds)
            claimed = notification_lists.claim(
                transaction, plan.ids, plan.listed_with, now=now, leased_until=leased_until
            )
            about = alerts.of_notifications(transaction, claimed)
            return Claimed([Owed(each, about[each.alert_id]) for each in claimed])

    def due(self, channels: Collection[str], *, now: datetime) -> set[str]:
        """Those of ``channels`` that may have something to claim; a read, so that idle runs write nothing."""
        with self._database.snapshot() as snapshot:
            return owed_notifications.due_channels(snapshot, now=now, skew=CLOCK_TOLERANCE).intersection(channels)

    def shares(self, notification_ids: Sequence[int]) -> dict[str, Share]:
        """By the channel, those of these notifications that are still owed. A channel without any has no share."""
        with self._database.snapshot() as snapshot:
            owed = owed_notifications.ids_by_channel(snapshot, min(notification_ids), max(notification_ids))
            lasted = notification_logs.last_durations(snapshot)
        # Another request may have stored some at the same time, whose ids are between these.
        own = {channel: ids.intersection(notification_ids) for channel, ids in owed.items()}
        return {channel: Share(ids, lasted.get(channel, 0.0) / 1000) for channel, ids in own.items() if ids}

    def record(self, attempt: Attempt, *, channels: Channels) -> Change | None:
        """Record an attempt. If it changes the alert about its channel, that is owed to the others of ``channels``.

        That an edit failed says nothing of the channel, and changes none.

        An attempt whose lease was taken over meanwhile still has its row, and so has each notification of a list. If a
        late attempt was committed after all, nothing changes.
        """
        with self._database.transaction() as transaction:
            # Asked inside the transaction: a commit that is still under way holds the lock until it can be seen.
            if attempt.is_late and notification_logs.has(transaction, attempt):
                return None
            if attempt.listed:
                from shared.store.tables import notification_lists

                notification_lists.settle(transaction, attempt)
            else:
                notifications.settle(transaction, attempt)
                notification_logs.add(transaction, attempt)
            if attempt.pause is not None:
                pauses.pause(transaction, attempt, attempt.pause)
            if attempt.notification.kind is NotificationKind.UPDATE:
                return None  # the message stands there, and says what it said
            if attempt.message_id is not None:
                about = alerts.of_notification(transaction, attempt.notification)
                message_edits.catch_up(transaction, attempt, about)
            for notification in (attempt.notification, *attempt.listed):
                _note_time(transaction, attempt, notification)
            return _judge_channel(transaction, attempt, channels)

    def review_channels(self, *, now: datetime, channels: Channels) -> list[Change]:
        """End each CHANNEL_REFUSED whose channel is not configured any more: no message there can end it."""
        with self._database.snapshot() as snapshot:
            if not _gone(snapshot, channels):
                return []  # the usual case
        with self._database.transaction() as transaction:
            return [
                resolve_alert(transaction, alert, now, channels=channels, now=now, reason=CHANNEL_GONE)
                for alert in _gone(transaction, channels)
            ]

    def expire(self, *, now: datetime, created_before: datetime) -> list[Notification]:
        """Give up every notification that was created before then and that nobody is sending now, with a log row.

        As long as the clock is uncertain they wait: a system that was stopped for days sends nothing so old, and one
        whose clock was ahead for a moment has lost nothing.
        """
        with self._database.snapshot() as snapshot:
            if not notifications.has_too_old(snapshot, now=now, created_before=created_before):
                return []
        until = uncertain_until(self._database, now)
        with self._database.transaction() as transaction:
            if until is not None:
                notifications.put_off(transaction, now=now, created_before=created_before, until=until)
                return []
            expired = notifications.expire(transaction, now=now, created_before=created_before)
            for notification in expired:
                notification_logs.add_expiry(transaction, notification, now)
        return expired

    def logs(self, *, limit: int, before: int | None = None, alert_id: int | None = None) -> list[NotificationLog]:
        """The newest attempts first; ``before``: only those with a smaller id."""
        with self._database.snapshot() as snapshot:
            return notification_logs.page(snapshot, limit=limit, before=before, alert_id=alert_id)


def _note_time(transaction: Transaction, attempt: Attempt, notification: Notification) -> None:
    """Note how long a channel waited for the first message about an alert."""
    if attempt.status is not AttemptStatus.SENT or notification.kind not in _FIRST:
        return
    ended_at = attempt.attempted_at + timedelta(milliseconds=attempt.duration_ms)
    delivery_times.note(
        transaction,
        notification.alert_id,
        notification.channel,
        ended_at - notification.created_at,
        ended_at,
        # A message that a rule held back came late on purpose, and nobody waits for a summary.
        is_counted=notification.reason is None and notification.kind is not NotificationKind.SUMMARY,
    )


def _gone(transaction: Transaction, channels: Channels) -> list[Alert]:
    """The alerts about channels that are not configured any more."""
    return [
        alert
        for alert in alerts.active_of_kind(transaction, AlertKind.CHANNEL_REFUSED)
        if alert.subject not in channels
    ]


def _judge_channel(transaction: Transaction, attempt: Attempt, channels: Channels) -> Change | None:
    channel, at = attempt.notification.channel, attempt.attempted_at
    try:
        refused = alerts.active(transaction, AlertKind.CHANNEL_REFUSED, channel)
    except Unreadable:
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
