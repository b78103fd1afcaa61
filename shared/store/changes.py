"""A change of an alert, saved together with what it owes. All inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from shared.alerting import resolve
from shared.logs import step
from shared.models import Alert, AlertKind, Cause, Change, ChangeKind, Monitor, NotificationKind, NotificationStatus
from shared.models.channel_names import is_among
from shared.store.engines.database import Transaction
from shared.store.tables import alerts, message_edits, notification_logs, notifications
from shared.words import cause_text

CONSOLE = "console"


def open_alert(
    transaction: Transaction,
    kind: AlertKind,
    subject: str,
    *,
    cause: Cause | None,
    failed_at: datetime,
    opened_at: datetime,
    channels: Iterable[str],
    now: datetime,
    reported: str | None = None,
    target_url: str | None = None,
    hold: str | None = None,
    message: NotificationKind | None = None,
    **about: Any,
) -> Change:
    """A new alert, owed to ``channels``.

    ``reported`` is the cause as a reporter or a channel wrote it. ``hold``: the rule that holds the messages back.
    ``message``: a message of this kind is sent in place of the alert's own. ``about``: see ``alerts.add``.
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
        **about,
    )
    return Change(alert, ChangeKind.OPENED, owe(transaction, alert, channels, now=now, hold=hold, kind=message))


def resolve_alert(
    transaction: Transaction,
    alert: Alert,
    at: datetime,
    *,
    channels: Iterable[str],
    now: datetime,
    reason: str | None = None,
    hold: str | None = None,
) -> Change:
    """The alert once what it is about has ended by itself, owed to ``channels``.

    ``reason``: see Notification. ``hold``: the rule that holds the messages back.
    """
    resolved = resolve(alert, at)
    alerts.save(transaction, resolved)
    owed = owe(transaction, resolved, channels, now=now, reason=reason, hold=hold)
    edits = message_edits.owe_edits(transaction, resolved, tuple(channels), now=now)
    return Change(resolved, ChangeKind.RESOLVED, owed + edits)


def owe(
    transaction: Transaction,
    alert: Alert,
    channels: Iterable[str],
    *,
    now: datetime,
    hold: str | None = None,
    reason: str | None = None,
    **said: Any,
) -> tuple[int, ...]:
    """Owe the alert's newest change to ``channels``; the ids of those messages that can be sent now.

    ``hold``: the rule that holds them back. An end is kept from a channel that still waits for the beginning: both
    would come at once, and nobody could do anything any more. ``reason`` and ``said``: see ``notifications.owe``.
    """
    untold = {} if alert.status.is_active else _suppress_held(transaction, alert, now)
    ready: list[int] = []
    for channel in channels:
        status, rule = NotificationStatus.PENDING, None
        if channel in untold:
            status, rule = NotificationStatus.SUPPRESSED, untold[channel]
        elif hold is not None:
            status, rule = NotificationStatus.HELD, hold
        owed = notifications.owe(transaction, alert, [channel], now=now, status=status, reason=reason or rule, **said)
        if status is NotificationStatus.PENDING:
            ready += [each.id for each in owed]
            continue
        for each in owed:
            notification_logs.add_decision(transaction, each, now)
    return tuple(ready)


def keep_back(
    transaction: Transaction,
    alert: Alert,
    channels: Iterable[str],
    kind: NotificationKind,
    rule: str,
    *,
    now: datetime,
    **said: Any,
) -> None:
    """Write that a message about the alert is not sent to ``channels``, and by which rule."""
    status = NotificationStatus.SUPPRESSED
    for each in notifications.owe(transaction, alert, channels, now=now, status=status, kind=kind, reason=rule, **said):
        notification_logs.add_decision(transaction, each, now)


def _suppress_held(transaction: Transaction, alert: Alert, now: datetime) -> dict[str, str | None]:
    """Send nothing any more of what is held back about the alert.

    The channels that heard nothing of it for that reason, each with the rule that held it.
    """
    held = notifications.held(transaction, alert.id)
    if not held:
        return {}
    for each in held:
        notification_logs.add_decision(transaction, notifications.suppress(transaction, each), now)
    not_told = (NotificationStatus.HELD, NotificationStatus.SUPPRESSED)
    told = {each.channel for each in notifications.of_alert(transaction, alert.id) if each.status not in not_told}
    return {each.channel: each.reason for each in held if each.channel not in told}


def channels_of(monitor: Monitor, configured: Sequence[str]) -> Sequence[str]:
    """Those of the ``configured`` channels that hear of a monitor. The console prints everything.

    All of them if the monitor names none that is configured: nobody would hear of its outage otherwise.
    """
    if monitor.channels is None:
        return configured
    named = [channel for channel in configured if is_among(channel, monitor.channels)]
    return [channel for channel in configured if channel in named or channel == CONSOLE] if named else configured


def channels_for_recovery(
    transaction: Transaction, monitor: Monitor, alert: Alert, configured: Sequence[str]
) -> Sequence[str]:
    """Those that hear of an outage's end: also a channel that was told of the outage, and was taken away since."""
    named = channels_of(monitor, configured)
    if len(named) == len(configured):
        return configured
    told = {
        notification.channel
        for notification in notifications.of_alert(transaction, alert.id)
        if notification.status is not NotificationStatus.SUPPRESSED
    }
    return [channel for channel in configured if channel in named or channel in told]


def log_move(change: Change, by: str | None) -> None:
    """Write the lines of what a person did with an alert; to be called once the change is committed."""
    alert = change.alert
    if change.kind:
        step("server", "alert_moved", alert_id=alert.id, target_url=alert.target_url, status=alert.status, by=by)
    if change.window_id is not None:
        step("server", "window_created", window_id=change.window_id, kind="silence", by=by)


def log_change(change: Change) -> None:
    """Write the line of an alert that opened, or that ended by itself; to be called once the change is committed."""
    alert = change.alert
    step(
        "server",
        "alert_opened" if change.kind is ChangeKind.OPENED else "alert_resolved",
        alert_id=alert.id,
        kind=alert.kind,
        subject=alert.subject,
        target_url=alert.target_url,
        cause=alert.cause,
    )
