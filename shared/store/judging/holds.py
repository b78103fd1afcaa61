"""The messages that a rule holds back, until it does not any more."""

from datetime import datetime
from typing import NamedTuple

from shared.alerting.dependencies import Judged
from shared.models import Alert, Notification
from shared.store.engines.database import Transaction
from shared.store.judging import dependencies
from shared.store.judging.coverage import Coverage
from shared.store.tables import alerts, monitors, notifications


class Review(NamedTuple):
    """What is no longer held: the notifications; and the outages that stand otherwise to what they depend on."""

    free: list[Notification]
    moved: list[tuple[Alert, Judged]]


def review(transaction: Transaction, now: datetime) -> Review:
    """What holds messages back now, as compared with what is stored."""
    held = notifications.held(transaction)
    if not held:
        return Review([], [])
    coverage = Coverage(transaction, now)
    about = {each.alert_id: alerts.of_notification(transaction, each) for each in held}
    known = {each.name: each for each in monitors.all_named(transaction, {alert.subject for alert in about.values()})}
    judged: dict[int, bool] = {}
    moved = []
    for first in held:
        alert = about[first.alert_id]
        monitor = known.get(alert.subject)
        if alert.id in judged or monitor is None or not monitor.depends_on or not alert.status.is_active:
            continue
        found, before = dependencies.judge_again(transaction, monitor, alert, first.created_at, now)
        judged[alert.id] = found.is_held
        if dependencies.is_news(transaction, alert, found, before):
            moved.append((alert, found))
    free = [
        each
        for each in held
        if not judged.get(each.alert_id) and coverage.hold(known.get(about[each.alert_id].subject), now) is None
    ]
    return Review(free, moved)


def release(transaction: Transaction, now: datetime) -> list[int]:
    """Let what is free be due now; the ids."""
    found = review(transaction, now)
    for alert, judged in found.moved:
        dependencies.save(transaction, alert, judged)
    for each in found.free:
        notifications.release(transaction, each.id, now)
    return [each.id for each in found.free]
