"""Events in: what happened, saved in one transaction with what it means and what is owed for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.alerting import Decision, Reason, Situation, decide, observe_agent
from shared.alerting.situation import counts_from, location_of
from shared.alerting.votes import INTERVAL_SECONDS
from shared.history.uptime import KNOWN, known_until
from shared.models import (
    Agent,
    Alert,
    AlertKind,
    Cause,
    Change,
    ChangeKind,
    Event,
    Monitor,
    MonitorState,
)
from shared.models.cause import OF_THE_AGENT
from shared.models.monitor import FlappingLimits
from shared.store.engines.database import Transaction
from shared.store.intake.reports import Arrival, Report, arrivals
from shared.store.judging.active_alerts import ActiveAlerts
from shared.store.judging.coverage import Coverage, Occasion
from shared.store.judging.places import Places
from shared.store.tables import agents, alerts, configuration, judgements, monitors, state_changes
from shared.store.tables import events as table

OFFLINE = Cause.of("location_offline")
# Events that count for nothing, or under maintenance, when nothing opens.
_SAYS_NO_MORE = frozenset(
    {Reason.LATE, Reason.NOT_WATCHED, Reason.DOES_NOT_VOTE, Reason.INCONCLUSIVE, Reason.MAINTENANCE}
)


class Ingested(NamedTuple):
    """The result of one event: its row, what it means, and the alert that it concerns.

    ``alert`` is the monitor's active alert, also if the event did not change it. ``changes`` are all that the event
    made: first that of the monitor's alert, then those of the alerts about its agent.
    """

    event: Event
    id: int
    is_duplicate: bool
    decision: Decision | None = None
    alert: Alert | None = None
    changes: Sequence[Change] = ()

    @property
    def change(self) -> ChangeKind | None:
        """How the event changed its monitor's alert."""
        return self.decision.change if self.decision else None

    @property
    def reason(self) -> Reason | None:
        """Why the event changed that, or nothing."""
        return self.decision.reason if self.decision else None

    @property
    def notification_ids(self) -> list[int]:
        """The notifications that the event newly owes."""
        return [notification_id for change in self.changes for notification_id in change.notification_ids]


def ingest(
    transaction: Transaction,
    reports: Sequence[Report],
    *,
    limits: FlappingLimits,
    are_pings_missed: bool = False,
) -> list[list[Ingested]]:
    """Save the events of reports that have the same channels; what became of each one's, in the order given.

    ``are_pings_missed``: they are our own notes that pings did not come in time.
    """
    intake = _Intake(transaction, reports, arrivals(reports), are_pings_missed=are_pings_missed, limits=limits)
    done = {arrival.position: intake.judge(arrival, stored) for arrival, stored in intake.store()}
    intake.save()
    return [[done[number, index] for index in range(len(report.events))] for number, report in enumerate(reports)]


class _Intake:
    """One transaction's intake: each monitor, agent and active alert is read once, and what changed is saved once.

    All that the usual events need is asked for at first, since the database may be far away.
    """

    def __init__(
        self,
        transaction: Transaction,
        reports: Sequence[Report],
        arrived: Sequence[Arrival],
        *,
        are_pings_missed: bool,
        limits: FlappingLimits,
    ) -> None:
        self.transaction, self._arrived = transaction, arrived
        self._are_pings_missed, self._limits = are_pings_missed, limits
        self.now = max(report.received_at for report in reports)
        self._coverage = Coverage(transaction, min((arrival.at for arrival in arrived), default=self.now))
        names = {arrival.event.monitor for arrival in arrived}
        known = monitors.ask_named(transaction, names)
        seen = agents.ask_named(transaction, {each.event.agent for each in arrived if each.event.agent is not None})
        self._places = Places(transaction, names)
        self._rows = table.Adding(transaction, [(arrival.event, arrival.received_at) for arrival in arrived])
        active = alerts.ask_active(transaction, names)
        # All of that is asked together, and read from here on.
        self._monitors = {monitor.name: monitor for monitor in known()}
        self._agents = {agent.name: agent for agent in seen()}
        occasion = Occasion(transaction, self._coverage, reports[0].channels, self.now, self._monitors)
        self._alerts = ActiveAlerts(occasion, names, active)
        # As they are stored, of those that have changed since.
        self._stored_monitors: dict[str, Monitor] = {}
        self._seen_agents: dict[str, Agent] = {}
        self._judged: list[judgements.Judgement] = []

    def store(self) -> list[tuple[Arrival, table.Stored]]:
        """Save the events, and make the monitors that are new; each event with its row."""
        monitor_ids: dict[str, int | None] = {}
        for event, at, *_ in self._arrived:
            if event.event_id not in monitor_ids:
                monitor = self._monitor(event, at)
                monitor_ids[event.event_id] = monitor.id if monitor else None
        rows = self._rows.add([monitor_ids[arrival.event.event_id] for arrival in self._arrived])
        return list(zip(self._arrived, rows, strict=True))

    def judge(self, arrival: Arrival, stored: table.Stored) -> Ingested:
        """Judge one stored event."""
        row_id, (event, at, *_) = stored.id, arrival
        if stored.is_duplicate:
            return Ingested(event, row_id, is_duplicate=True)
        known = self._monitors[event.monitor]
        monitor = self._lapsed(known, event, at, row_id)
        active = self._alerts.active(AlertKind.OUTAGE, monitor.name)
        decision = decide(self._situation(monitor, active, arrival, row_id), event)
        if decision.monitor is not known:
            self._change(known, decision.monitor)
        if decision.place is not None:
            self._places.save(monitor, decision.place, has_outage=active is not None)
        changes = self._alerts.follow(decision, event, at)
        alert = changes[0].alert if changes else active
        self._note_state(monitor, decision, event, at, alert)
        if (judged := judgements.of_decision(row_id, event, decision)) is not None:
            self._judged.append(judged)
        if decision.reason not in _SAYS_NO_MORE and has_conditions(monitor):
            changes += self._judge_conditions(decision.monitor, event, at)
        if event.agent is not None:
            changes += self._observe_agent(event.agent, arrival)
        return Ingested(event, row_id, False, decision, alert, changes)

    def save(self) -> None:
        """Write what changed of monitors and agents, and how events were judged."""
        monitors.save_all(
            self.transaction, [(before, self._monitors[name]) for name, before in self._stored_monitors.items()]
        )
        for agent in self._seen_agents.values():
            agents.save(self.transaction, agent)
        self._places.write()
        judgements.add(self.transaction, self._judged)

    def _situation(self, monitor: Monitor, active: Alert | None, arrival: Arrival, row_id: int) -> Situation:
        is_in_maintenance = self._coverage.is_in_maintenance(monitor, arrival.at)
        place, others = self._places.of(monitor, location_of(arrival.event), has_outage=active is not None)
        return Situation(
            monitor,
            active,
            at=arrival.at,
            received_at=arrival.received_at,
            event_id=row_id,
            is_ping_missed=self._are_pings_missed,
            is_in_maintenance=is_in_maintenance,
            place=place,
            others=others,
            limits=self._limits,
        )

    def _lapsed(self, monitor: Monitor, event: Event, at: datetime, row_id: int) -> Monitor:
        """The monitor when its event comes: UNKNOWN if nobody had checked it for long, which is noted."""
        interval = monitor.interval_seconds or (event.interval_seconds if event.agent else None)
        if interval is None or monitor.last_checked_at is None or monitor.state not in KNOWN:
            return monitor
        if at <= known_until(monitor.last_checked_at, interval, monitor.timeout_seconds):
            return monitor  # the usual case
        from shared.store.judging.lapses import lapse

        active = self._alerts.active(AlertKind.OUTAGE, monitor.name)
        return lapse(self.transaction, monitor, interval, active, at, before_event=row_id)

    def _note_state(self, before: Monitor, decision: Decision, event: Event, at: datetime, alert: Alert | None) -> None:
        if decision.monitor.state is before.state:
            return  # the usual case
        if decision.monitor.state is MonitorState.MAINTENANCE:
            at = self._coverage.began_at(before, at)
        state_changes.add(
            self.transaction,
            before.id,
            before.state,
            decision.monitor.state,
            at,
            decision.reason,
            location=event.location,
            event_id=decision.monitor.last_event_id,
            alert_id=alert.id if alert else None,
            counts_from=counts_from(decision.monitor, alert),
        )

    def _judge_conditions(self, monitor: Monitor, event: Event, at: datetime) -> list[Change]:
        # Imported here: most monitors have no such policy.
        from shared.store.judging.conditions import judge

        judged, changes = judge(self._alerts, monitor, event, at)
        if judged is not monitor:
            self._change(monitor, judged)
        return changes

    def _change(self, known: Monitor, changed: Monitor) -> None:
        self._stored_monitors.setdefault(known.name, known)
        self._monitors[known.name] = changed

    def _observe_agent(self, name: str, arrival: Arrival) -> list[Change]:
        """Change the alerts about the event's agent."""
        event, at, received_at, _, clock_ahead_seconds = arrival
        known = self._agent(name, event, at, received_at)
        observation = observe_agent(known, event, at, received_at, clock_ahead_seconds)
        self._agents[name] = self._seen_agents[name] = observation.agent
        changes: list[Change] = []
        cause = event.cause if event.cause and event.cause.code in OF_THE_AGENT else OFFLINE
        for kind, change in observation.changes:
            # The arrival of an event ends a silence, however old the event is.
            changed_at = received_at if kind is AlertKind.AGENT_SILENT else at
            changes += self._alerts.change(change, kind, name, changed_at, failed_at=at, cause=cause)
        return changes

    def _monitor(self, event: Event, at: datetime) -> Monitor | None:
        """The event's monitor, made if it is new; None if a known event names a monitor that is not."""
        monitor = self._monitors.get(event.monitor)
        if monitor is None:
            if self._is_stored(event):
                return None
            monitor = monitors.add(self.transaction, event.monitor, event.target_url)
        elif (
            monitor.removed_at is not None
            and not self._is_stored(event)
            and self._is_reported_again(monitor, event, at)
        ):
            monitor = monitors.bring_back(self.transaction, monitor)
            configuration.count_up(self.transaction)
            self._note_policy(monitor)
        self._monitors[event.monitor] = monitor
        return monitor

    def _is_stored(self, event: Event) -> bool:
        return table.id_of(self.transaction, event.event_id) is not None

    def _is_reported_again(self, monitor: Monitor, event: Event, at: datetime) -> bool:
        from shared.store.intake.reported_again import is_reported_again

        return is_reported_again(self.transaction, monitor, event, at, self._agents.get(event.agent or ""))

    def _note_policy(self, monitor: Monitor) -> None:
        from shared.store.tables import replay_facts

        replay_facts.add_policy(self.transaction, monitor.id, self.now)

    def _agent(self, name: str, event: Event, at: datetime, received_at: datetime) -> Agent:
        if name not in self._agents:
            self._agents[name] = agents.add(
                self.transaction,
                name,
                event.interval_seconds or INTERVAL_SECONDS,
                last_seen_at=received_at,
                last_checked_at=at,
            )
        return self._agents[name]


def has_conditions(monitor: Monitor) -> bool:
    """Whether its policy says how slow is too slow, or when a certificate is too old; or said so, and that is open."""
    asks = monitor.max_response_ms is not None or monitor.certificate_limits is not None
    return asks or monitor.slow_checks != 0 or monitor.certificate_notice is not None
