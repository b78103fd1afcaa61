"""Drills: alerts that nothing is wrong with, sent the whole way, measured, and ended."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from shared.alerting import resolve
from shared.alerting.routing.drills import Outcome, Sent, judge
from shared.alerting.routing.routes import select
from shared.models import Alert, AlertKind, Cause, Change, Notification, NotificationKind, as_text
from shared.models.alert import OURSELVES
from shared.models.channel import CONSOLE, Channels, Route
from shared.store.changes import open_alert, resolve_alert
from shared.store.engines.database import Database, Transaction
from shared.store.recurring.reviewed import Reviewed
from shared.store.recurring.schedules import schedule_of, take
from shared.store.refusals import DrillUnderWay
from shared.store.tables import alerts, drills, notification_logs, notifications
from shared.store.tables.schedules import due as due_schedule

_LOGS = 1_000


def start(
    database: Database, channels: Channels, need_ack_seconds: float | None, now: datetime
) -> tuple[Change, list[Notification]]:
    """Begin a drill; see ``Drills.start``."""
    with database.transaction() as transaction:
        if (other := drills.under_way(transaction)) is not None:
            raise DrillUnderWay(other.alert_id)
        change = _begin(transaction, channels, need_ack_seconds, now)
        return change, notifications.of_alert(transaction, change.alert.id)


def review(database: Database, now: datetime, channels: Channels) -> Reviewed:
    """End the drill that is over, and begin the one that is due; see ``Drills.review``."""
    with database.snapshot() as snapshot:
        current = drills.under_way(snapshot)
        if current is not None and not _outcome(snapshot, current, now).is_over:
            return Reviewed()
    with database.transaction() as transaction:
        found = Reviewed()
        if (current := drills.under_way(transaction)) is not None:
            outcome = _outcome(transaction, current, now)
            if not outcome.is_over:
                return found
            found = _end(transaction, current, outcome, channels, now)
        due = due_schedule(transaction, "drill_schedules", now)
        if due is None or not take(transaction, "drill_schedules", due, now):
            return found
        wanted = schedule_of(due).fields
        routes = channels if wanted["channels"] is None else select(wanted["channels"], channels)
        begun = _begin(transaction, routes, wanted["need_ack_seconds"], now)
        return found._replace(begun=begun.alert, changes=(*found.changes, begun))


def _begin(transaction: Transaction, channels: Channels, need_ack_seconds: float | None, now: datetime) -> Change:
    if (left := alerts.active(transaction, AlertKind.DRILL, OURSELVES)) is not None:
        alerts.save(transaction, resolve(left, now))  # somebody reopened it after its end
    cause = Cause.of("drill")
    if need_ack_seconds is not None:
        cause = Cause.of("drill_to_acknowledge", until_at=as_text(now + timedelta(seconds=need_ack_seconds)))
    change = open_alert(
        transaction,
        AlertKind.DRILL,
        OURSELVES,
        cause=cause,
        failed_at=now,
        opened_at=now,
        channels=channels,
        now=now,
    )
    drills.add(transaction, change.alert.id, list(channels), need_ack_seconds)
    return change


def _outcome(transaction: Transaction, drill: drills.UnderWay, now: datetime) -> Outcome:
    alert = alerts.get(transaction, drill.alert_id)
    first: dict[str, Notification] = {}
    for each in notifications.of_alert(transaction, alert.id):
        if each.kind is NotificationKind.DRILL:
            first.setdefault(each.channel, each)
    answers = {
        log.notification_id: log.answer
        for log in reversed(notification_logs.page(transaction, limit=_LOGS, before=None, alert_id=alert.id))
    }
    sent = [Sent(each, answers.get(each.id)) for each in first.values()]
    return judge(alert, sent, drill.need_ack_seconds, now)


def _end(
    transaction: Transaction, drill: drills.UnderWay, outcome: Outcome, configured: Mapping[str, Route], now: datetime
) -> Reviewed:
    """Write how the drill went, end its alert, and tell those who did not get it what it found."""
    alert = alerts.get(transaction, drill.alert_id)
    changes = []
    if alert.status.is_active:
        told = {name: configured[name] for name in drill.channels if name in configured}
        changes.append(resolve_alert(transaction, alert, now, channels=told, now=now))
    changes += [
        _refused(transaction, channel, outcome.failed[channel], configured, now)
        for channel in outcome.refused
        if alerts.active(transaction, AlertKind.CHANNEL_REFUSED, channel) is None
    ]
    missed = alerts.active(transaction, AlertKind.DRILL_MISSED, OURSELVES)
    if outcome.is_missed and missed is None:
        changes.append(_missed(transaction, alert, drill, _others(configured, drill.channels), now))
    elif outcome.is_acknowledged and missed is not None:
        told = {name: configured[name] for name in _told_of(transaction, missed) if name in configured}
        changes.append(resolve_alert(transaction, missed, now, channels=told, now=now))
    result = {
        "at": as_text(alert.opened_at),
        "ok": outcome.is_ok,
        "delivered": dict(outcome.delivered),
        "failed": dict(outcome.failed),
        "acknowledged_by": outcome.acknowledged_by,
    }
    drills.finish(transaction, drill.id, result, now)
    return Reviewed(ended=result, changes=tuple(changes))


def _refused(transaction: Transaction, channel: str, why: str, configured: Channels, now: datetime) -> Change:
    return open_alert(
        transaction,
        AlertKind.CHANNEL_REFUSED,
        channel,
        cause=None,
        reported=why,
        failed_at=now,
        opened_at=now,
        channels=configured,
        now=now,
    )


def _missed(transaction: Transaction, alert: Alert, drill: drills.UnderWay, others: Channels, now: datetime) -> Change:
    until = alert.opened_at + timedelta(seconds=drill.need_ack_seconds or 0)
    return open_alert(
        transaction,
        AlertKind.DRILL_MISSED,
        OURSELVES,
        cause=Cause.of("drill_not_acknowledged", started_at=as_text(alert.opened_at), until_at=as_text(until)),
        failed_at=until,
        opened_at=now,
        channels=others,
        now=now,
    )


def _others(configured: Mapping[str, Route], drilled: Collection[str]) -> Mapping[str, Route]:
    """The channels that did not get the drill. If nobody else reads any of them, all: somebody has to hear of it."""
    others = {name: route for name, route in configured.items() if name not in drilled}
    return others if others.keys() - {CONSOLE} else configured


def _told_of(transaction: Transaction, alert: Alert) -> set[str]:
    return {each.channel for each in notifications.of_alert(transaction, alert.id)}
