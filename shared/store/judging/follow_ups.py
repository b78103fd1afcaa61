"""Reminders and escalations: owed once for each time at which they are due, however many runs notice it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.alerting.follow_ups import Progress, Step, escalate, remind
from shared.alerting.routing.routes import FOLLOW_UPS, select
from shared.alerting.situation import Reason
from shared.logs import step
from shared.models import Alert, Monitor, Notification, NotificationKind, value_of
from shared.models.channel import Channels, Route
from shared.models.notification import Details
from shared.monitors.durations import seconds_of
from shared.monitors.parts import one_or_more
from shared.store.changes import channels_of, keep_back, owe, suppress
from shared.store.engines.database import Database, Transaction
from shared.store.judging import dependencies
from shared.store.judging.coverage import Coverage, Hold
from shared.store.tables import configuration, monitors, notifications, progress


class FollowUp(NamedTuple):
    """The message that is owed for an alert: which reminder or which step, counted from 1, to which channels."""

    alert: Alert
    kind: NotificationKind
    number: int
    channels: Mapping[str, Route]


class FollowUps:
    """The follow-ups in one store while outages stay open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def review(self, *, now: datetime, channels: Channels) -> list[FollowUp]:
        """Owe every reminder, and every step of an escalation, that is newly due.

        Under maintenance and in a silence each is SUPPRESSED, and its row says so; while the monitor flaps, the
        reminders are. In a channel's quiet hours the last one is held. To be called at least once a minute.
        """
        damaged: set[str] = set()
        with self._database.snapshot() as snapshot:
            if not any(_due(snapshot, now, channels, damaged)):
                return []
        with self._database.transaction() as transaction:
            coverage = Coverage(transaction, now)
            found = []
            for monitor, reached, due in list(_due(transaction, now, channels, damaged)):
                held = notifications.held(transaction, due[0].alert.id)
                rule = _kept_back_by(transaction, coverage, monitor, due[0].alert, held, now)
                for each in due:
                    _owe(transaction, each, rule or _flaps(monitor, each.kind), held, now)
                progress.save(transaction, due[0].alert.id, reached)
                found += due
        return found


def _due(
    transaction: Transaction, now: datetime, configured: Channels, damaged: set[str]
) -> Iterator[tuple[Monitor, Progress, list[FollowUp]]]:
    """The follow-ups that are due for each alert, and its progress then. ``damaged``: see ``_steps``."""
    followed = progress.followed(transaction)
    if not followed:
        return
    known = {each.name: each for each in monitors.all_named(transaction, {row["subject"] for row in followed})}
    escalations = configuration.escalations(configuration.body(transaction))
    for row in followed:
        alert, due = value_of(Alert, row), []
        monitor = known[alert.subject]
        steps = _steps(monitor.escalation or "", escalations, damaged)
        reached = progress.progress_of(row, steps)
        if monitor.reminder_seconds is not None and (after := remind(reached, monitor.reminder_seconds, now)):
            reached = after
            recipients = channels_of(monitor, configured)
            due.append(FollowUp(alert, NotificationKind.REMINDER, reached.reminders, recipients))
        reached, taken = escalate(reached, steps, now)
        for number in (number for number in taken if steps[number].channels):
            recipients = select(steps[number].channels, configured)
            due.append(FollowUp(alert, NotificationKind.ESCALATION, number + 1, recipients))
        if due:
            yield monitor, reached, due


def _steps(name: str, escalations: Mapping[str, Any], damaged: set[str]) -> list[Step]:
    """The steps of an escalation. One that cannot be read is without channels, so that the others keep their numbers.

    ``damaged``: the escalations that the log has named already.
    """
    stored = escalations.get(name, [])
    steps = []
    for each in stored if isinstance(stored, list) else [stored]:
        try:
            steps.append(_stored_step(name, each))
        except (ValueError, TypeError, KeyError, AttributeError):
            steps.append(Step(name, 0.0, ()))
            if name not in damaged:
                damaged.add(name)
                step("server", "escalation_damaged", level=logging.WARNING, escalation=name)
    return steps


def _stored_step(name: str, stored: Mapping[str, Any]) -> Step:
    # Former versions took more than parts.Step does, such as a duration of 0 or other fields beside these.
    channels = tuple(one_or_more(stored["channels"]))
    if not all(isinstance(channel, str) for channel in channels):
        raise TypeError("channels: expected names")
    repeat = stored.get("repeat")
    # A repetition without a pause is said once.
    return Step(name, seconds_of(stored["after"]), channels, None if repeat is None else seconds_of(repeat) or None)


def _owe(
    transaction: Transaction, due: FollowUp, rule: str | None, held: Sequence[Notification], now: datetime
) -> None:
    details = Details(occurred_at=now, number=due.number)
    # These channels were not notified of the outage itself.
    untold = {each.channel: each.reason for each in held if each.kind not in FOLLOW_UPS}
    for channel, route in due.channels.items():
        if kept_back_by := rule or untold.get(channel):
            keep_back(transaction, due.alert, [channel], due.kind, kept_back_by, now=now, details=details)
            continue
        for former in held:
            if former.channel == channel and _is_same(former, due):
                suppress(transaction, former, now)
        owe(transaction, due.alert, {channel: route}, now=now, kind=due.kind, details=details)


def _is_same(former: Notification, due: FollowUp) -> bool:
    """Whether the new message says what a former one says, and more. After quiet hours one is enough."""
    is_reminder = due.kind is NotificationKind.REMINDER
    return former.kind is due.kind and (is_reminder or former.number == due.number)


def _kept_back_by(
    transaction: Transaction,
    coverage: Coverage,
    monitor: Monitor,
    alert: Alert,
    held: Sequence[Notification],
    now: datetime,
) -> str | None:
    """The rule by which nobody is reminded now. ``held``: what is held back about the alert."""
    if rule := coverage.keeps_back(monitor, now):
        return rule
    if dependencies.is_blocked(transaction, monitor):
        return Hold.DEPENDENCY
    if first := next((each for each in held if each.reason == Hold.DEPENDENCY), None):
        # Nobody has heard of the outage itself, unless it is held for something else by now.
        judged, _ = dependencies.judge_again(transaction, monitor, alert, first.created_at, now)
        return Hold.DEPENDENCY if judged.is_held else None
    return None


def _flaps(monitor: Monitor, kind: NotificationKind) -> str | None:
    """A reminder says "still down", which the next check may deny. A step's channels have heard nothing of it yet."""
    return Reason.FLAPPING if monitor.is_flapping and kind is NotificationKind.REMINDER else None
