"""The messages that a rule holds back, until it does not any more."""

from datetime import datetime
from typing import NamedTuple

from shared.alerting.dependencies import Judged
from shared.alerting.routing.routes import DELAY, QUIET_HOURS, Message, waits
from shared.models import Alert, Notification
from shared.models.channel import Channels, Route, by_name
from shared.store.engines.database import Transaction
from shared.store.judging import dependencies
from shared.store.judging.coverage import Coverage
from shared.store.tables import alerts, monitors, notifications


class Review(NamedTuple):
    """What is no longer held: the notifications; and the outages that stand otherwise to what they depend on."""

    free: list[Notification]
    moved: list[tuple[Alert, Judged]]


def review(transaction: Transaction, now: datetime, channels: Channels) -> Review:
    """What holds messages back now, as compared with what is stored. ``channels``: those that are configured."""
    held = notifications.held(transaction)
    if not held:
        return Review([], [])
    coverage, routes = Coverage(transaction, now), by_name(channels)
    about = alerts.of_notifications(transaction, held)
    # An agent, or this program, may have the name of a monitor.
    watched = {alert.id: alert.subject for alert in about.values() if alert.kind.is_of_monitor}
    by_subject = {each.name: each for each in monitors.all_named(transaction, set(watched.values()))}
    known = {alert_id: by_subject[name] for alert_id, name in watched.items() if name in by_subject}
    judged: dict[int, bool] = {}
    moved = []
    for first in held:
        alert = about[first.alert_id]
        monitor = known.get(alert.id)
        if first.reason in (DELAY, QUIET_HOURS):
            continue  # what it depends on was judged when it opened, and its other channels have heard of it
        if alert.id in judged or monitor is None or not monitor.depends_on or not alert.status.is_active:
            continue
        found, before = dependencies.judge_again(transaction, monitor, alert, first.created_at, now)
        judged[alert.id] = found.is_held
        if dependencies.is_news(transaction, alert, found, before):
            moved.append((alert, found))

    def is_free(each: Notification) -> bool:
        alert = about[each.alert_id]
        message, route = Message(each.kind, alert.opened_at), routes.get(each.channel, Route())
        is_of_monitor_held = judged.get(alert.id) or coverage.hold(known.get(alert.id), now) is not None
        return not is_of_monitor_held and waits(message, route, now) is None

    return Review([each for each in held if is_free(each)], moved)


def release(transaction: Transaction, now: datetime, channels: Channels) -> list[int]:
    """Let what is free be due now; the ids."""
    found = review(transaction, now, channels)
    for alert, judged in found.moved:
        dependencies.save(transaction, alert, judged)
    for each in found.free:
        notifications.release(transaction, each.id, now)
    return [each.id for each in found.free]
