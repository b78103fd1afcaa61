"""A person's move of an alert, saved with its meaning for the monitor or the agent that it is about."""

from collections.abc import Mapping
from datetime import datetime

from shared.alerting import (
    STATE_WITHOUT_AGENT,
    Reason,
    agent_after_move,
    count_move,
    has_news,
    monitor_after_move,
    move,
)
from shared.alerting.heartbeats import after_resolution
from shared.history.facts import What
from shared.models import Agent, Alert, AlertKind, AlertStatus, Change, ChangeKind, Monitor
from shared.models.channel import Channels, Route
from shared.models.monitor import SEVERAL
from shared.models.notification import Details
from shared.store.changes import acknowledge, channels_for_recovery, channels_of, owe
from shared.store.engines.database import Transaction
from shared.store.judging.coverage import Coverage
from shared.store.refusals import NotAMonitors
from shared.store.tables import (
    agents,
    alerts,
    heartbeats,
    message_edits,
    monitor_locations,
    monitors,
    notifications,
    progress,
    replay_facts,
    state_changes,
)

_OF_DRILLS = (AlertKind.DRILL, AlertKind.DRILL_MISSED)


def move_by_hand(
    transaction: Transaction, alert: Alert, to: AlertStatus, by: str | None, at: datetime, channels: Channels
) -> Change:
    """Move an alert, and owe that to those who hear of its subject. Raises as ``store.alerts.move`` does."""
    other = alerts.active(transaction, alert.kind, alert.subject)
    moved = move(alert, to, by=by, at=at, other_active=other)
    if moved == alert:
        return Change(alert, None)
    alerts.save_moves(transaction, alert.id, count_move(alert, alerts.moves(transaction, alert.id), at))
    if has_news(alert, moved):
        # Imported here: an acknowledgement does not need it, and it costs a cold start.
        from shared.store.judging import dependencies

        is_over = moved.status is AlertStatus.RESOLVED
        moved = (dependencies.ending if is_over else dependencies.reopening)(transaction, moved)
    alerts.save(transaction, moved)
    if moved.status is AlertStatus.OPEN:
        progress.restart(transaction, alert.id, at)
    _sync_subject(transaction, moved, at)
    if moved.status is AlertStatus.ACK:
        acknowledge(transaction, moved, channels, at)
    details = Details(at, is_manual=True, actor=by)
    edits: tuple[int, ...] = ()
    if not (moved.status is AlertStatus.OPEN and has_news(alert, moved)):  # otherwise a new message says it
        edits = message_edits.owe_edits(transaction, moved, channels, now=at, details=details)
    if not has_news(alert, moved):
        return Change(moved, ChangeKind.MOVED, edits)
    monitor = monitors.named(transaction, moved.subject) if moved.kind.is_of_monitor else None
    if monitor is not None and moved.kind is AlertKind.OUTAGE:
        replay_facts.add(transaction, monitor.id, What.MOVED, at, alert=moved.id, status=moved.status)
    recipients = _channels_about(transaction, moved, monitor, channels)
    hold = Coverage(transaction, at).hold(monitor, at)
    owed = owe(transaction, moved, recipients, now=at, hold=hold, details=details)
    return Change(moved, ChangeKind.MOVED, owed + edits)


def silence(
    transaction: Transaction, alert: Alert, seconds: float, by: str | None, at: datetime, *, keeps: bool = False
) -> int | None:
    """Hold messages about the alert's monitor for so long; the window's id. Raises NotAMonitors.

    ``keeps``: a silence of it that lasts about as long is enough; None if there is one.
    """
    if not alert.kind.is_of_monitor:
        raise NotAMonitors(alert.id)
    # Imported here: a window's model costs a cold start, and few requests ask for a silence.
    from shared.store.judging.windows import add_silence, silence_of

    if keeps and silence_of(transaction, alert.subject, seconds, at) is not None:
        return None
    return add_silence(transaction, alert.subject, seconds, by=by, now=at)


def save_agents_silence(transaction: Transaction, agent: Agent, at: datetime) -> None:
    """Save an agent that has fallen silent: nothing is known any more of the monitors that no other one checks."""
    # Imported here, and below: votes cost a cold start, and most requests are about an outage.
    from shared.store.judging.lapses import lose_votes

    agents.save(transaction, agent)
    replay_facts.add_of_agent(transaction, agent.name, STATE_WITHOUT_AGENT, at)
    state_changes.add_of_agent(transaction, agent.name, STATE_WITHOUT_AGENT, at, Reason.AGENT_SILENT)
    monitors.set_state_of_agent(transaction, agent.name, STATE_WITHOUT_AGENT, at)
    lose_votes(transaction, agent, at)


def _channels_about(
    transaction: Transaction, alert: Alert, monitor: Monitor | None, configured: Channels
) -> Mapping[str, Route]:
    """Those of the ``configured`` channels that hear of an alert: its monitor's policy may name some."""
    if alert.kind in _OF_DRILLS:
        notified = {each.channel for each in notifications.of_alert(transaction, alert.id)}
        if notified:  # nobody else has to know of its end
            return {name: route for name, route in configured.items() if name in notified}
    if monitor is None:
        return configured
    if alert.status is AlertStatus.RESOLVED:
        return channels_for_recovery(transaction, monitor, alert, configured)
    return channels_of(monitor, configured)


def _sync_subject(transaction: Transaction, alert: Alert, at: datetime) -> None:
    """Save what a person's move of an alert says about the monitor or the agent that it is about."""
    if alert.kind is AlertKind.OUTAGE:
        monitor = monitors.named(transaction, alert.subject)
        if monitor is not None and alert.status is AlertStatus.RESOLVED:
            _expect_ping(transaction, monitor.id, at)
        if monitor is not None and (moved := monitor_after_move(monitor, alert, at)) is not monitor:
            monitors.save(transaction, moved)
            if moved.location == SEVERAL:
                monitor_locations.forget_failures(transaction, moved.id)
            states = monitor.state, moved.state
            state_changes.add(transaction, monitor.id, *states, at, Reason.MOVED_BY_HAND, alert_id=alert.id)
    elif alert.kind is AlertKind.DEGRADED and alert.status is AlertStatus.RESOLVED:
        # Otherwise the next slow check would open it again, whatever the threshold.
        monitors.forget_speed(transaction, alert.subject)
    elif alert.kind in (AlertKind.AGENT_SILENT, AlertKind.LOCATION_OFFLINE):
        if alert.kind is AlertKind.AGENT_SILENT and not alert.status.is_active:
            from shared.store.judging.lapses import give_up

            give_up(transaction, alert.subject, at)
        agent = agents.named(transaction, alert.subject)
        if agent is None or (moved_agent := agent_after_move(agent, alert)) is agent:
            return
        if alert.kind is AlertKind.AGENT_SILENT:
            save_agents_silence(transaction, moved_agent, at)
        else:
            agents.save(transaction, moved_agent)


def _expect_ping(transaction: Transaction, monitor_id: int, at: datetime) -> None:
    """Expect the next ping of a heartbeat. Otherwise nobody would notice that the job is still dead."""
    row = heartbeats.watched(transaction, monitor_id)
    within = heartbeats.within_of(row) if row is not None else None
    if row is None or within is None:
        return
    beat = heartbeats.beat_of(row)
    if (expected := after_resolution(beat, at, within)) != beat:
        heartbeats.save(transaction, monitor_id, expected)
