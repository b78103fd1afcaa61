"""Reminders and escalations: owed once for each time at which they are due, however many runs notice it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.alerting.follow_ups import Progress, Step, escalate, remind
from shared.models import Alert, Monitor, NotificationKind
from shared.models.channel_names import is_among
from shared.monitors.durations import seconds_of
from shared.store.changes import channels_of, keep_back
from shared.store.engines.database import Database, Transaction
from shared.store.judging import dependencies
from shared.store.judging.coverage import Coverage, Hold
from shared.store.tables import alerts, configuration, monitors, notifications


class FollowUp(NamedTuple):
    """What is owed for an alert: the how manieth reminder, or which step, counted from 1, to which channels."""

    alert: Alert
    kind: NotificationKind
    number: int
    channels: Sequence[str]


class FollowUps:
    """What follows in one store while outages stay open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def review(self, *, now: datetime, channels: Sequence[str]) -> list[FollowUp]:
        """Owe every reminder, and every step of an escalation, that is newly due.

        Under maintenance and in a silence each is SUPPRESSED, and its row says so. To be called at least once a minute.
        """
        with self._database.snapshot() as snapshot:
            if not any(_due(snapshot, now, channels)):
                return []
        with self._database.transaction() as transaction:
            coverage = Coverage(transaction, now)
            found = []
            for monitor, progress, due in list(_due(transaction, now, channels)):
                rule = _kept_back_by(transaction, coverage, monitor, due[0].alert, now)
                for each in due:
                    _owe(transaction, each, rule, now)
                alerts.save_progress(transaction, due[0].alert.id, progress)
                found += due
        return found


def _due(
    transaction: Transaction, now: datetime, configured: Sequence[str]
) -> Iterator[tuple[Monitor, Progress, list[FollowUp]]]:
    """What is due for each alert, and its progress then."""
    followed = alerts.followed(transaction)
    if not followed:
        return
    known = {each.name: each for each in monitors.all_named(transaction, {alert.subject for alert, _ in followed})}
    escalations = configuration.body(transaction).get("escalations", {})
    for alert, before in followed:
        monitor, due, progress = known[alert.subject], [], before
        if monitor.reminder_seconds is not None and (after := remind(progress, monitor.reminder_seconds, now)):
            progress = after
            told = channels_of(monitor, configured)
            due.append(FollowUp(alert, NotificationKind.REMINDER, progress.reminders, told))
        steps = _steps(escalations.get(monitor.escalation, []))
        progress, taken = escalate(progress, steps, now)
        for number in taken:
            told = [channel for channel in configured if is_among(channel, steps[number].channels)]
            due.append(FollowUp(alert, NotificationKind.ESCALATION, number + 1, told))
        if due:
            yield monitor, progress, due


def _steps(given: Sequence[Mapping[str, Any]]) -> list[Step]:
    return [Step(seconds_of(each["after"]), tuple(each["channels"]), _seconds(each.get("repeat"))) for each in given]


def _owe(transaction: Transaction, due: FollowUp, rule: str | None, now: datetime) -> None:
    said: dict[str, Any] = {"now": now, "number": due.number, "occurred_at": now}
    if rule is None:
        notifications.owe(transaction, due.alert, due.channels, kind=due.kind, **said)
    else:
        keep_back(transaction, due.alert, due.channels, due.kind, rule, **said)


def _kept_back_by(
    transaction: Transaction, coverage: Coverage, monitor: Monitor, alert: Alert, now: datetime
) -> str | None:
    """The rule by which nobody is reminded now."""
    rule: str | None = coverage.keeps_back(monitor, now)
    if rule is None and dependencies.is_blocked(transaction, monitor):
        rule = Hold.DEPENDENCY
    if rule is None and (held := notifications.held(transaction, alert.id)):
        # Nobody has heard of the outage itself.
        rule = held[0].reason
    return rule


def _seconds(text: str | None) -> float | None:
    return None if text is None else seconds_of(text)
