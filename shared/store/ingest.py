"""Events in: what happened, saved in one transaction with what it means and what is owed for it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from shared.alerting import FIRST_TIME, Decision, Reason, Situation, decide, effective_time, observe_agent
from shared.models import Agent, Alert, AlertKind, Cause, Change, ChangeKind, Event, Monitor
from shared.store.changes import channels_for_recovery, channels_of, open_alert, owe, resolve_alert
from shared.store.engines.database import Transaction
from shared.store.judging.coverage import Coverage
from shared.store.renames import take_over
from shared.store.tables import agents, alerts, monitors, state_changes
from shared.store.tables import events as table

# How often an agent checks that does not say so.
INTERVAL_SECONDS = 30.0
_LAST_TIME = datetime(9999, 12, 30, tzinfo=UTC)
OFFLINE = Cause.of("location_offline")
# Events that count for nothing, or under maintenance, when nothing opens.
_SAYS_NO_MORE = (Reason.LATE, Reason.NOT_WATCHED, Reason.INCONCLUSIVE, Reason.MAINTENANCE)


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
    events: Sequence[Event],
    *,
    received_at: datetime,
    sent_at: datetime | None,
    channels: Sequence[str],
    are_pings_missed: bool = False,
) -> list[Ingested]:
    """Save events, judged in the order of their effective times; what became of each, in the order given.

    ``are_pings_missed``: they are our own notes that pings did not come in time.
    """
    names = {event.monitor for event in events}
    times = [effective_time(event, received_at, sent_at) for event in events]
    coverage = Coverage(transaction, min(times, default=received_at))
    intake = _Intake(transaction, received_at, channels, names, coverage, are_pings_missed=are_pings_missed)
    in_order = sorted(range(len(events)), key=times.__getitem__)
    stored = intake.store([_showable(events[index], times[index]) for index in in_order])
    done = {index: intake.judge(*row, times[index]) for index, row in zip(in_order, stored, strict=True)}
    intake.save()
    return [done[index] for index in range(len(events))]


def _showable(event: Event, at: datetime) -> Event:
    """The event, dated ``at`` if its own time has no date in some time zone."""
    return event if FIRST_TIME <= event.timestamp <= _LAST_TIME else event.model_copy(update={"timestamp": at})


class _Intake:
    """One transaction's intake: each monitor, agent and active alert is read once, and what changed is saved once."""

    def __init__(
        self,
        transaction: Transaction,
        received_at: datetime,
        channels: Sequence[str],
        names: Iterable[str],
        coverage: Coverage,
        *,
        are_pings_missed: bool,
    ) -> None:
        self.transaction, self.received_at, self.channels = transaction, received_at, channels
        self._coverage, self._are_pings_missed = coverage, are_pings_missed
        self._monitors = {monitor.name: monitor for monitor in monitors.all_named(transaction, names)}
        self._agents: dict[str, Agent] = {}
        self._active: dict[tuple[AlertKind, str], Alert | None] = dict.fromkeys(
            (AlertKind.OUTAGE, name) for name in names
        )
        self._active |= {(alert.kind, alert.subject): alert for alert in alerts.active_outages(transaction, names)}
        self._changed_monitors: dict[str, Monitor] = {}
        self._seen_agents: dict[str, Agent] = {}

    def store(self, events: Sequence[Event]) -> list[tuple[Event, table.Stored]]:
        """Save events, and make the monitors that are new; each event with its row."""
        monitor_ids: dict[str, int | None] = {}
        for event in events:
            if event.event_id not in monitor_ids:
                monitor = self._monitor(event)
                monitor_ids[event.event_id] = monitor.id if monitor else None
        new = [(event, monitor_id) for event in events if (monitor_id := monitor_ids[event.event_id]) is not None]
        rows = iter(table.add_all(self.transaction, new, self.received_at))
        return [(event, self._known(event) if monitor_ids[event.event_id] is None else next(rows)) for event in events]

    def _known(self, event: Event) -> table.Stored:
        return table.Stored(table.id_of(self.transaction, event.event_id) or 0, is_duplicate=True)

    def judge(self, event: Event, stored: table.Stored, at: datetime) -> Ingested:
        """Judge one stored event whose effective time is ``at``."""
        row_id = stored.id
        if stored.is_duplicate:
            return Ingested(event, row_id, is_duplicate=True)
        monitor = self._monitors[event.monitor]
        active = self.active_alert(AlertKind.OUTAGE, monitor.name)
        is_in_maintenance = self._coverage.is_in_maintenance(monitor, at)
        situation = Situation(monitor, active, at, self.received_at, row_id, self._are_pings_missed, is_in_maintenance)
        decision = decide(situation, event)
        if decision.monitor is not monitor:
            self._monitors[monitor.name] = self._changed_monitors[monitor.name] = decision.monitor
        changes = self._change_outage(decision, event, at)
        alert = changes[0].alert if changes else active
        self._note_state(monitor, decision, event, at, alert)
        if decision.reason not in _SAYS_NO_MORE and has_conditions(monitor):
            changes += self._judge_conditions(decision.monitor, event, at)
        if event.agent is not None:
            changes += self._observe_agent(event.agent, event, at)
        return Ingested(event, row_id, False, decision, alert, changes)

    def save(self) -> None:
        """Write what changed of monitors and agents."""
        monitors.save_all(self.transaction, self._changed_monitors.values())
        for agent in self._seen_agents.values():
            agents.save(self.transaction, agent)

    def _note_state(self, before: Monitor, decision: Decision, event: Event, at: datetime, alert: Alert | None) -> None:
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
        )

    def _judge_conditions(self, monitor: Monitor, event: Event, at: datetime) -> list[Change]:
        # Imported here: most monitors have no such policy.
        from shared.store.judging.conditions import judge

        judged, changes = judge(self, monitor, event, at)
        self._monitors[judged.name] = self._changed_monitors[judged.name] = judged
        return changes

    def end_quietly(self, alert: Alert, at: datetime) -> Change:
        """Resolve an alert without a message."""
        self._active[alert.kind, alert.subject] = None
        return resolve_alert(self.transaction, alert, at, channels=(), now=self.received_at)

    def say_again(self, alert: Alert, monitor: Monitor) -> Change:
        """Owe a message about an alert that goes on."""
        hold = self._coverage.hold(monitor, self.received_at)
        told = channels_of(monitor, self.channels)
        return Change(alert, None, owe(self.transaction, alert, told, now=self.received_at, hold=hold))

    def _change_outage(self, decision: Decision, event: Event, at: datetime) -> list[Change]:
        if decision.change is None:
            return []
        return self.change(
            decision.change,
            AlertKind.OUTAGE,
            decision.monitor.name,
            at,
            failed_at=decision.monitor.failing_since or at,
            cause=event.cause,
            reported=event.error_message,
            target_url=event.target_url,
            monitor=decision.monitor,
        )

    def _observe_agent(self, name: str, event: Event, at: datetime) -> list[Change]:
        """Change the alerts about the event's agent."""
        observation = observe_agent(self._agent(name, event, at), event, at, self.received_at)
        self._agents[name] = self._seen_agents[name] = observation.agent
        changes: list[Change] = []
        for kind, change in observation.changes:
            # The arrival of an event ends a silence, however old the event is.
            changed_at = self.received_at if kind is AlertKind.AGENT_SILENT else at
            changes += self.change(change, kind, name, changed_at, failed_at=at, cause=OFFLINE)
        return changes

    def change(
        self,
        change: ChangeKind,
        kind: AlertKind,
        subject: str,
        at: datetime,
        *,
        failed_at: datetime,
        cause: Cause | None,
        reported: str | None = None,
        target_url: str | None = None,
        monitor: Monitor | None = None,
    ) -> list[Change]:
        """Open an alert, or resolve the active one; nothing if there is one already, or none.

        The channels of ``monitor`` hear of it; all of them if there is none.
        """
        active = self.active_alert(kind, subject)
        hold = self._coverage.hold(monitor, self.received_at)
        if change is ChangeKind.OPENED and active is None:
            opened = open_alert(
                self.transaction,
                kind,
                subject,
                cause=cause,
                reported=reported,
                target_url=target_url,
                failed_at=failed_at,
                opened_at=at,
                channels=channels_of(monitor, self.channels) if monitor else self.channels,
                now=self.received_at,
                hold=hold,
            )
            self._active[kind, subject] = opened.alert
            return [opened]
        if change is ChangeKind.RESOLVED and active is not None:
            self._active[kind, subject] = None
            return [self._resolve(active, at, monitor, hold)]
        return []

    def _resolve(self, active: Alert, at: datetime, monitor: Monitor | None, hold: str | None) -> Change:
        told = self.channels
        if monitor:
            told = channels_for_recovery(self.transaction, monitor, active, self.channels)
        return resolve_alert(self.transaction, active, at, channels=told, now=self.received_at, hold=hold)

    def _monitor(self, event: Event) -> Monitor | None:
        """The event's monitor, made if it is new; None if a known event names a monitor that is not."""
        monitor = self._monitors.get(event.monitor)
        if monitor is None:
            if table.id_of(self.transaction, event.event_id) is not None:
                return None
            monitor = take_over(self.transaction, event.monitor)
            if monitor is not None:
                self._active.pop((AlertKind.OUTAGE, event.monitor), None)  # its alert has this name only now
            else:
                monitor = monitors.add(self.transaction, event.monitor, event.target_url)
        elif monitor.removed_at is not None and event.agent is None:
            # Somebody else reports it now. An agent of ours had its check under way when it was removed.
            monitor = monitors.bring_back(self.transaction, monitor)
        self._monitors[event.monitor] = monitor
        return monitor

    def _agent(self, name: str, event: Event, at: datetime) -> Agent:
        if name not in self._agents:
            self._agents[name] = agents.named(self.transaction, name) or agents.add(
                self.transaction,
                name,
                event.interval_seconds or INTERVAL_SECONDS,
                last_seen_at=self.received_at,
                last_checked_at=at,
            )
        return self._agents[name]

    def active_alert(self, kind: AlertKind, subject: str) -> Alert | None:
        """The alert of this kind and subject that is OPEN or ACK."""
        key = kind, subject
        if key not in self._active:
            self._active[key] = alerts.active(self.transaction, kind, subject)
        return self._active[key]


def has_conditions(monitor: Monitor) -> bool:
    """Whether its policy says how slow is too slow, or when a certificate is too old; or said so, and that is open."""
    asks = monitor.max_response_ms is not None or monitor.certificate_limits is not None
    return asks or monitor.slow_checks > 0 or monitor.certificate_notice is not None
