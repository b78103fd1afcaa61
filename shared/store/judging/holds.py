"""The messages that a rule holds back, until it does not any more."""

from datetime import datetime

from shared.models import Notification
from shared.store.engines.database import Transaction
from shared.store.judging.coverage import Coverage
from shared.store.tables import alerts, monitors, notifications


def releasable(transaction: Transaction, now: datetime) -> list[Notification]:
    """The messages that are held although no silence covers their monitors any more."""
    held = notifications.held(transaction)
    if not held:
        return []
    coverage = Coverage(transaction, now)
    about = {each.alert_id: alerts.of_notification(transaction, each) for each in held}
    known = {each.name: each for each in monitors.all_named(transaction, {alert.subject for alert in about.values()})}
    return [each for each in held if coverage.hold(known.get(about[each.alert_id].subject), now) is None]


def release(transaction: Transaction, now: datetime) -> list[int]:
    """Let those be due now; their ids."""
    released = [each.id for each in releasable(transaction, now)]
    for notification_id in released:
        notifications.release(transaction, notification_id, now)
    return released
