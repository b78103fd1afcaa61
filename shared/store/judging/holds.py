"""The messages that a rule holds back, until it does not any more."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.alerting.dependencies import Judged, Standing
from shared.alerting.routing.routes import DELAY, NOT_SENT, QUIET_HOURS, Matter, waits
from shared.models import Alert, Monitor, Notification
from shared.models.channel import Channels, Route
from shared.store.engines.database import Transaction
from shared.store.judging import dependencies
from shared.store.judging.coverage import Coverage, Hold
from shared.store.tables import alerts, monitors, notification_logs, notifications

# The rules that hold a message. One that is held may have another reason: its monitor was paused or removed.
_RULES = (*Hold, DELAY, QUIET_HOURS)


class Review(NamedTuple):
    """How messages that are held stand now.

    ``free``: nothing holds these any more. ``renamed``: another rule than the stored one holds these, which has ended.
    ``moved``: the outages that stand otherwise to what they depend on.
    """

    free: list[Notification]
    renamed: list[tuple[Notification, str]]
    moved: list[tuple[Alert, Judged]]


def review(transaction: Transaction, now: datetime, channels: Channels) -> Review:
    """The rules that hold messages back now, compared with the stored ones. ``channels``: the configured ones."""
    held = notifications.held(transaction)
    if not held:
        return Review([], [], [])
    coverage = Coverage(transaction, now)
    about = alerts.of_notifications(transaction, held)
    # An agent, or this program, may have the name of a monitor.
    watched = {alert.id: alert.subject for alert in about.values() if alert.kind.is_of_monitor}
    by_subject = {each.name: each for each in monitors.all_named(transaction, set(watched.values()))}
    known = {alert_id: by_subject[name] for alert_id, name in watched.items() if name in by_subject}
    blocked, moved = _judge(transaction, held, about, known, now)

    found = Review([], [], moved)
    for each in held:
        alert = about[each.alert_id]
        wait = waits(Matter(each.kind, alert.opened_at), channels.get(each.channel, Route()), now)
        dependency = Hold.DEPENDENCY if alert.id in blocked else None
        rules = (dependency, coverage.hold(known.get(alert.id), now), wait.rule if wait else None)
        first = next((rule for rule in rules if rule is not None), None)
        if first is None:
            found.free.append(each)
        elif each.reason in _RULES and each.reason not in rules:
            found.renamed.append((each, first))
    return found


def release(transaction: Transaction, now: datetime, channels: Channels) -> list[int]:
    """Let what is free be due now; the ids. For the rest, write the rule that holds it."""
    found = review(transaction, now, channels)
    for alert, judged in found.moved:
        dependencies.save(transaction, alert, judged)
    for each in found.free:
        notifications.release(transaction, each.id, now)
    for each, rule in found.renamed:
        notification_logs.add_decision(transaction, notifications.hold(transaction, each, rule), now)
    return [each.id for each in found.free]


def _judge(
    transaction: Transaction,
    held: Sequence[Notification],
    about: Mapping[int, Alert],
    known: Mapping[int, Monitor],
    now: datetime,
) -> tuple[set[int], list[tuple[Alert, Judged]]]:
    """The ids of the alerts that what they depend on holds back; and ``moved``, see Review.

    ``about``: the alerts that ``held`` is about, ``known``: their monitors, both by the alert's id.
    """
    judged: dict[int, bool] = {}
    moved = []
    for first in held:
        alert, monitor = about[first.alert_id], known.get(first.alert_id)
        if alert.id in judged or monitor is None or not alert.status.is_active:
            continue
        if not monitor.depends_on:
            if alert.suppressed_by is not None:
                judged[alert.id] = False
                moved.append((alert, Judged(False, Standing())))  # it depended on something when the alert opened
            continue
        said = notifications.of_alert(transaction, alert.id)
        if _was_judged(first, said):
            continue
        if _is_any_sent(said):
            # People know of the alert. A further message about it waits for what is down alone.
            judged[alert.id] = dependencies.is_blocked(transaction, monitor)
            continue
        found, before = dependencies.judge_again(transaction, monitor, alert, first.created_at, now)
        judged[alert.id] = found.is_held
        if dependencies.is_news(transaction, alert, found, before):
            moved.append((alert, found))
    return {alert_id for alert_id, is_held in judged.items() if is_held}, moved


def _was_judged(held: Notification, said: Sequence[Notification]) -> bool:
    """Whether a message was free of what its monitor depends on: its channel holds it, or others have heard of it."""
    if held.reason == Hold.DEPENDENCY:
        return False
    return held.reason in (DELAY, QUIET_HOURS) or _is_any_sent(each for each in said if each.kind is held.kind)


def _is_any_sent(said: Iterable[Notification]) -> bool:
    return any(each.status not in NOT_SENT for each in said)
