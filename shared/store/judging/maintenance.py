"""Monitors enter and leave maintenance as its windows open and close, without waiting for another check."""

from datetime import datetime

from shared.alerting import Reason
from shared.alerting.rules import maintenance
from shared.alerting.situation import counts_from
from shared.history.facts import What
from shared.models import Alert, AlertKind, Cause, Change, ChangeKind, Monitor, MonitorState
from shared.models.channel import Channels
from shared.models.monitor import SEVERAL
from shared.store.engines.database import Database, Transaction
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
        is_known = monitor.last_checked_at is not None and not _is_agent_silent(transaction, monitor)
        places = monitor_locations.of_monitors(transaction, [monitor.id]) if monitor.location == SEVERAL else []
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
                failed_at=monitor.failing_since or now,
                opened_at=now,
                voters=decision.voters,
            )
            changes.append(opened)
            active = opened.alert
    monitors.save(transaction, moved)
    _note(transaction, monitor, moved, active, at)
    return changes


def _is_agent_silent(transaction: Transaction, monitor: Monitor) -> bool:
    agent = agents.named(transaction, monitor.agent) if monitor.agent else None
    return agent is not None and agent.is_silent


def _note(transaction: Transaction, before: Monitor, after: Monitor, active: Alert | None, at: datetime) -> None:
    alert_id = active.id if active else None
    states = before.state, after.state
    since = counts_from(after, active)
    state_changes.add(transaction, before.id, *states, at, Reason.MAINTENANCE, alert_id=alert_id, counts_from=since)
