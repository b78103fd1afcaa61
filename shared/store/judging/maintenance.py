"""Monitors enter and leave maintenance as its windows open and close, without waiting for another check."""

from collections.abc import Sequence
from datetime import datetime

from shared.alerting import Reason
from shared.alerting.rules import maintenance
from shared.alerting.situation import counts_from
from shared.history.facts import What
from shared.history.uptime import known_until
from shared.models import Alert, AlertKind, Cause, Change, ChangeKind, Monitor, MonitorState
from shared.models.channel import Channels
from shared.models.monitor import SEVERAL, MonitorLocation
from shared.store.engines.database import Database, Row, Transaction
from shared.store.judging import holds
from shared.store.judging.coverage import NOTICED_WITHIN, Coverage, Occasion
from shared.store.judging.outages import open_outage
from shared.store.tables import agents, alerts, events, monitor_locations, monitors, replay_facts, state_changes


class Maintenance:
    """The windows of one store, as they open and close."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def review(self, *, now: datetime, channels: Channels) -> list[Change]:
        """Let monitors enter and leave maintenance, and send what nothing holds any more; the alerts that open.

        To be called at least once a minute.
        """
        with self._database.snapshot() as snapshot:
            is_moving = bool(_moving(snapshot, Coverage(snapshot, now), now))
            is_anything = is_moving or any(holds.review(snapshot, now, channels))
        if not is_anything:
            return []
        with self._database.transaction() as transaction:
            coverage = Coverage(transaction, now)
            changes = [
                change
                for monitor in _moving(transaction, coverage, now)
                for change in _move(transaction, monitor, coverage, now, channels)
            ]
            holds.release(transaction, now, channels)
        return changes


def _moving(transaction: Transaction, coverage: Coverage, now: datetime) -> list[Monitor]:
    """The monitors that enter or leave maintenance now."""
    # Usually no window is open, and few monitors are to be looked at.
    state = None if coverage.is_any_open(now) else MonitorState.MAINTENANCE
    return [
        monitor
        for monitor in monitors.watched(transaction, state)
        if coverage.is_in_maintenance(monitor, now) is not (monitor.state is MonitorState.MAINTENANCE)
    ]


def _move(
    transaction: Transaction, monitor: Monitor, coverage: Coverage, now: datetime, channels: Channels
) -> list[Change]:
    active = alerts.active(transaction, AlertKind.OUTAGE, monitor.name)
    changes: list[Change] = []
    if monitor.state is not MonitorState.MAINTENANCE:
        at = coverage.began_at(monitor, now)
        moved = maintenance.begin(monitor, at)
        replay_facts.add(transaction, monitor.id, What.STATE, now, state=moved.state, since=at)
    else:
        last = events.with_ids(transaction, [monitor.last_event_id]).get(monitor.last_event_id or 0)
        cause = Cause.model_validate_json(last["cause"]) if last and last["cause"] else None
        is_missed = cause is not None and cause.code == "no_ping_since"
        places = monitor_locations.of_monitors(transaction, [monitor.id]) if monitor.location == SEVERAL else []
        is_known = _is_known(transaction, monitor, last, places, now)
        at = Coverage(transaction, now - NOTICED_WITHIN).ended_at(monitor, now)
        decision = maintenance.end(monitor, active, at, is_known=is_known, is_ping_missed=is_missed, places=places)
        moved = decision.monitor
        replay_facts.add(transaction, monitor.id, What.WINDOW_ENDED, now, ended_at=at, is_known=is_known)
        if decision.change is ChangeKind.OPENED:
            opened = open_outage(
                Occasion(transaction, coverage, channels, now),
                moved,
                cause=cause,
                reported=last["error_message"] if last else None,
                target_url=monitor.target_url,
                failing_since=monitor.failing_since or now,
                opened_at=now,
                voters=decision.voters,
            )
            changes.append(opened)
            active = opened.alert
    monitors.save(transaction, moved)
    _note(transaction, monitor, moved, active, at)
    return changes


def _is_known(
    transaction: Transaction, monitor: Monitor, last: Row | None, places: Sequence[MonitorLocation], now: datetime
) -> bool:
    """Whether the last checks say how the monitor is. ``last``: its newest event; ``places``: see maintenance.end."""
    if monitor.last_checked_at is None or monitor.location is None:
        return False  # nobody has checked it since it was made, or since it is watched again
    agent = agents.named(transaction, monitor.agent) if monitor.agent else None
    if agent is not None and agent.is_silent and not places:
        return False
    interval = monitor.interval_seconds or (agent.interval_seconds if agent else None)
    if interval and known_until(monitor.last_checked_at, interval, monitor.timeout_seconds) < now:
        return False
    if places:
        return any(place.state is not MonitorState.UNKNOWN for place in places)
    return last is None or not last["is_inconclusive"]


def _note(transaction: Transaction, before: Monitor, after: Monitor, active: Alert | None, at: datetime) -> None:
    alert_id = active.id if active else None
    states = before.state, after.state
    since = counts_from(after, active)
    state_changes.add(transaction, before.id, *states, at, Reason.MAINTENANCE, alert_id=alert_id, counts_from=since)
