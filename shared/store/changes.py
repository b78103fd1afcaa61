"""A change of an alert, saved together with what it owes. All inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.alerting import resolve
from shared.alerting.routing.routes import (
    ACKNOWLEDGED,
    CHANNEL_GONE,
    Matter,
    begun,
    decide,
    ends_with_acknowledgement,
    is_orphaned,
    select,
    untold,
)
from shared.models import (
    Alert,
    AlertKind,
    Cause,
    Change,
    ChangeKind,
    Monitor,
    Notification,
    NotificationKind,
    NotificationStatus,
)
from shared.models.alert import SeenFrom
from shared.models.channel import CONSOLE, Channels, Route
from shared.models.notification import NO_DETAILS, Details
from shared.store.engines.database import Row, Transaction
from shared.store.tables import alerts, message_edits, notification_logs, notifications
from shared.words import cause_text


class Held(NamedTuple):
    """Why a new alert's messages are held back, if they are: by this rule; and the alert's fields of these names."""

    rule: str | None = None
    suppressed_by: int | None = None
    blocked_by: str | None = None


NOT_HELD = Held()


def open_alert(
    transaction: Transaction,
    kind: AlertKind,
    subject: str,
    *,
    cause: Cause | None,
    failed_at: datetime,
    opened_at: datetime,
    channels: Channels,
    now: datetime,
    reported: str | None = None,
    target_url: str | None = None,
    held: Held = NOT_HELD,
    message: NotificationKind | None = None,
    locations: Sequence[SeenFrom] = (),
    dependents: Sequence[str] = (),
) -> Change:
    """A new alert, owed to ``channels``.

    ``reported`` is the cause as a reporter or a channel wrote it. ``message``: a message of this kind is sent in place
    of the alert's own.
    """
    alert = alerts.add(
        transaction,
        kind,
        subject,
        target_url=target_url,
        cause=cause_text("en", cause) or None if reported is None else reported,
        cause_data=cause,
        failed_at=failed_at,
        opened_at=opened_at,
        now=now,
        locations=locations,
        dependents=dependents,
        suppressed_by=held.suppressed_by,
        blocked_by=held.blocked_by,
    )
    return Change(alert, ChangeKind.OPENED, owe(transaction, alert, channels, now=now, hold=held.rule, kind=message))


def resolve_alert(
    transaction: Transaction,
    alert: Alert,
    at: datetime,
    *,
    channels: Channels,
    now: datetime,
    reason: str | None = None,
    hold: str | None = None,
    is_quiet: bool = False,
) -> Change:
    """The alert once what it is about has ended by itself, owed to ``channels``.

    ``reason``: see Notification. ``hold``: the rule that holds the messages back. ``is_quiet``: no message says so, but
    what was sent is edited. Otherwise PagerDuty's incident would stay open for ever.
    """
    resolved = resolve(alert, at)
    alerts.save(transaction, resolved)
    if is_quiet:
        _suppress_held(transaction, resolved, now)
        owed: tuple[int, ...] = ()
    else:
        owed = owe(transaction, resolved, channels, now=now, reason=reason, hold=hold)
    edits = message_edits.owe_edits(transaction, resolved, tuple(channels), now=now)
    return Change(resolved, ChangeKind.RESOLVED, owed + edits)


def owe(
    transaction: Transaction,
    alert: Alert,
    channels: Channels,
    *,
    now: datetime,
    hold: str | None = None,
    reason: str | None = None,
    kind: NotificationKind | None = None,
    details: Details = NO_DETAILS,
) -> tuple[int, ...]:
    """Owe the alert's newest change to ``channels``, as their routes say; the ids of what can be sent now.

    ``hold``: the rule that holds the messages back. An end is kept from a channel that still waits for the beginning:
    both would come at once, and nobody could do anything any more. One that joined since gets no end, unless all that
    people were told on are gone. ``kind`` and ``reason``: see ``notifications.owe``.
    """
    said_before = [] if alert.status.is_active else _suppress_held(transaction, alert, now)
    kept_from = untold(said_before)
    matter = Matter(kind or notifications.kind_of(alert), alert.opened_at)
    if matter.kind is NotificationKind.RECOVERY:
        told_on = begun(said_before)
        gone = sorted(told_on - kept_from.keys() - channels.keys())
        keep_back(transaction, alert, gone, matter.kind, CHANNEL_GONE, now=now, details=details)
        if not is_orphaned(told_on - kept_from.keys(), channels):
            channels = {channel: route for channel, route in channels.items() if channel in told_on}
    ready: list[int] = []
    for channel, route in channels.items():
        verdict = decide(matter, route, now, held_by=hold, untold=kept_from.get(channel))
        status, why = verdict.status, reason or verdict.rule
        owed = notifications.owe(
            transaction, alert, [channel], now=now, status=status, kind=matter.kind, reason=why, details=details
        )
        if status is NotificationStatus.PENDING:
            ready += [each.id for each in owed]
            continue
        for each in owed:
            notification_logs.add_decision(transaction, each, now)
    return tuple(ready)


def acknowledge(transaction: Transaction, alert: Alert, channels: Channels, now: datetime) -> None:
    """Send nothing any more of what waits to see whether somebody acknowledges the alert."""
    for each in notifications.held(transaction, alert.id):
        matter, route = Matter(each.kind, alert.opened_at), channels.get(each.channel, Route())
        if ends_with_acknowledgement(matter, each.reason, route, now):
            suppress(transaction, each, now, reason=ACKNOWLEDGED)


def suppress(transaction: Transaction, held: Notification, now: datetime, *, reason: str | None = None) -> None:
    """Never send a notification that is held. ``reason``: why, if not for the rule that holds it."""
    notification_logs.add_decision(transaction, notifications.suppress(transaction, held, reason), now)


def keep_back(
    transaction: Transaction,
    alert: Alert,
    channels: Iterable[str],
    kind: NotificationKind,
    rule: str,
    *,
    now: datetime,
    details: Details = NO_DETAILS,
) -> None:
    """Write that a message about the alert is not sent to ``channels``, and by which rule."""
    status = NotificationStatus.SUPPRESSED
    for each in notifications.owe(
        transaction, alert, channels, now=now, status=status, kind=kind, reason=rule, details=details
    ):
        notification_logs.add_decision(transaction, each, now)


def _suppress_held(transaction: Transaction, alert: Alert, now: datetime) -> list[Row]:
    """Send nothing any more of what is held back about the alert; all its notifications, as they were before."""
    said = notifications.rows_of_alert(transaction, alert.id)
    for row in said:
        if row["status"] == NotificationStatus.HELD:
            suppress(transaction, notifications.salvage(row, now), now)
    return said


def channels_of(monitor: Monitor, configured: Channels) -> Mapping[str, Route]:
    """Those of the ``configured`` channels that hear of a monitor. The console prints everything.

    All of them if the monitor names none that is configured: nobody would hear of its outage otherwise. One whose list
    is empty notifies nobody.
    """
    if monitor.channels is None:
        return configured
    named = select(monitor.channels, configured)
    if monitor.channels and not named:
        return configured
    return {name: route for name, route in configured.items() if name in named or name == CONSOLE}


def channels_for_recovery(
    transaction: Transaction, monitor: Monitor, alert: Alert, configured: Channels
) -> Mapping[str, Route]:
    """Those that hear of an outage's end: also a channel that was told of the outage, and was taken away since."""
    named = channels_of(monitor, configured)
    if len(named) == len(configured):
        return configured
    told = {
        notification.channel
        for notification in notifications.of_alert(transaction, alert.id)
        if notification.status is not NotificationStatus.SUPPRESSED
    }
    return {channel: route for channel, route in configured.items() if channel in named or channel in told}
