"""Events in: what happened, saved together with what it means and what is owed for it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.alerting import Change, Decision, Reason, decide, hear, place_in_time
from shared.models import Agent, Alert, AlertKind, Event, Monitor, as_text
from shared.store.engines.database import Transaction
from shared.store.tables.alerts import active_alert, active_outages, named_in, open_alert, owe, resolve_alert

_COLUMNS = """event_id, location, target_url, timestamp, is_success, status_code, response_time_ms, dns_ms, connect_ms,
    tls_ms, first_byte_ms, error_message, is_inconclusive"""

_ADD_EVENT = f"""
    INSERT INTO events ({_COLUMNS}, monitor_id, received_at)
    VALUES ({", ".join(f":{name.strip()}" for name in _COLUMNS.split(","))}, :monitor_id, :received_at)
    ON CONFLICT (event_id) DO NOTHING RETURNING id"""  # noqa: S608  # our own text

_SAVE_MONITOR = """
    UPDATE monitors SET target_url = :target_url, agent = :agent, state = :state,
        consecutive_failures = :consecutive_failures, failing_since = :failing_since,
        last_checked_at = :last_checked_at
    WHERE id = :id"""

_SAVE_AGENT = """
    UPDATE agents SET interval_seconds = :interval_seconds, last_seen_at = :last_seen_at,
        last_checked_at = :last_checked_at, is_silent = :is_silent, is_offline = :is_offline
    WHERE id = :id"""

# How often an agent looks that does not say so.
INTERVAL_SECONDS = 30.0
OFFLINE = "every check failed, and so did the connectivity check"


class Ingested(NamedTuple):
    """What became of one event: its row, the alert that it concerns, and the notifications that it newly owes.

    ``beside``: the alerts about its agent that it changed, and how.
    """

    event: Event
    id: int
    is_duplicate: bool
    decision: Decision | None = None
    alert: Alert | None = None
    notification_ids: Sequence[int] = ()
    beside: Sequence[tuple[Change, Alert]] = ()

    @property
    def change(self) -> Change | None:
        """What the event changed."""
        return self.decision.change if self.decision else None

    @property
    def reason(self) -> Reason | None:
        """Why it changed that, or nothing."""
        return self.decision.reason if self.decision else None


def take_in(
    transaction: Transaction,
    events: Sequence[Event],
    *,
    received_at: datetime,
    sent_at: datetime | None,
    channels: Sequence[str],
) -> list[Ingested]:
    """Save events, judged in the order of their place in time; what became of each, in the order given."""
    intake = _Intake(transaction, received_at, channels, {event.monitor for event in events})
    places = [place_in_time(event, received_at, sent_at) for event in events]
    in_order = sorted(range(len(events)), key=places.__getitem__)
    telling = _telling(events, in_order)
    done = {index: intake.add(events[index], places[index], is_telling=index in telling) for index in in_order}
    intake.save()
    return [done[index] for index in range(len(events))]


def _telling(events: Sequence[Event], in_order: Sequence[int]) -> set[int]:
    """Which events say something new of their agent: of those that say the same in a row, the first and the last."""
    last: dict[str, tuple[int, bool]] = {}
    telling: set[int] = set()
    for index in in_order:
        event = events[index]
        if event.agent is not None:
            says = event.is_inconclusive and not event.is_success
            before = last.get(event.agent)
            if before is None or before[1] is not says:
                telling.add(index)
                if before is not None:
                    telling.add(before[0])
            last[event.agent] = index, says
    return telling | {index for index, _ in last.values()}


def save_monitor(transaction: Transaction, monitor: Monitor) -> None:
    """Write what an event, or a person, can change of a monitor."""
    transaction.rows(_SAVE_MONITOR, **monitor.model_dump(mode="json"))


class _Intake:
    """One transaction's intake: each monitor, agent and active alert is read once, and what changed is saved once."""

    def __init__(
        self, transaction: Transaction, received_at: datetime, channels: Iterable[str], monitors: Iterable[str]
    ) -> None:
        self.transaction, self.received_at, self.channels = transaction, received_at, tuple(channels)
        self._received_text = as_text(received_at)
        self._monitors: dict[str, Monitor] = {}
        self._agents: dict[str, Agent] = {}
        self._active: dict[tuple[AlertKind, str], Alert | None] = {}
        self._changed: dict[str, Monitor] = {}
        self._heard: dict[str, Agent] = {}
        for monitor in named_in(transaction, "SELECT * FROM monitors WHERE name IN", monitors):
            self._monitors[monitor["name"]] = Monitor.model_validate(dict(monitor))
        self._active |= dict.fromkeys((AlertKind.OUTAGE, name) for name in monitors)
        for alert in active_outages(transaction, monitors):
            self._active[alert.kind, alert.subject] = alert

    def add(self, event: Event, at: datetime, *, is_telling: bool) -> Ingested:
        """Save one event whose place in time is ``at``. ``is_telling``: it says something new of its agent."""
        monitor = self._monitor(event)
        row_id = self._add_event(event, monitor) if monitor else None
        if monitor is None or row_id is None:
            stored = self.transaction.row("SELECT id FROM events WHERE event_id = :event_id", event_id=event.event_id)
            return Ingested(event, stored["id"] if stored else 0, is_duplicate=True)
        active = self._active_alert(AlertKind.OUTAGE, monitor.name)
        decision = decide(monitor, active, event, at, self.received_at)
        if decision.monitor is not monitor:
            self._monitors[monitor.name] = self._changed[monitor.name] = decision.monitor
        alert = active
        owed: list[int] = []
        if decision.change is Change.OPENED:
            failed_at = decision.monitor.failing_since or at
            alert, owed = self._open(
                AlertKind.OUTAGE, monitor.name, at, failed_at, event.error_message, event.target_url
            )
        elif decision.change is Change.RESOLVED and active is not None:
            alert, owed = self._resolve(active, at)
        beside = self._hear(event, at) if is_telling else []
        owed_beside = [notification_id for _, _, ids in beside for notification_id in ids]
        changes = [(change, about) for change, about, _ in beside]
        return Ingested(event, row_id, False, decision, alert, [*owed, *owed_beside], changes)

    def save(self) -> None:
        """Write what changed of monitors and agents."""
        for monitor in self._changed.values():
            save_monitor(self.transaction, monitor)
        for agent in self._heard.values():
            self.transaction.rows(_SAVE_AGENT, **agent.model_dump(mode="json"))

    def _hear(self, event: Event, at: datetime) -> list[tuple[Change, Alert, list[int]]]:
        """What the event changes of the alerts about its agent: how, which, and the notifications newly owed."""
        agent = self._agent(event, at)
        heard = hear(agent, event, at, self.received_at)
        self._agents[agent.name] = self._heard[agent.name] = heard.agent
        changed: list[tuple[Change, Alert, list[int]]] = []
        for kind, change in heard.changes:
            active = self._active_alert(kind, agent.name)
            if change is Change.OPENED and active is None:
                changed.append((change, *self._open(kind, agent.name, at, at, OFFLINE)))
            elif change is Change.RESOLVED and active is not None:
                # What ends a silence is that an event arrives, however old that one is.
                ended_at = self.received_at if kind is AlertKind.AGENT_SILENT else at
                changed.append((change, *self._resolve(active, ended_at)))
        return changed

    def _open(
        self,
        kind: AlertKind,
        subject: str,
        at: datetime,
        failed_at: datetime,
        cause: str | None,
        target_url: str | None = None,
    ) -> tuple[Alert, list[int]]:
        alert = open_alert(
            self.transaction, kind, subject, target_url=target_url, cause=cause, failed_at=failed_at, opened_at=at
        )
        self._active[kind, subject] = alert
        return alert, owe(self.transaction, alert, self.channels, now=self.received_at)

    def _resolve(self, active: Alert, at: datetime) -> tuple[Alert, list[int]]:
        alert = resolve_alert(self.transaction, active, at)
        self._active[active.kind, active.subject] = None
        return alert, owe(self.transaction, alert, self.channels, now=self.received_at)

    def _add_event(self, event: Event, monitor: Monitor) -> int | None:
        """The new row's id, or None where the ``event_id`` is stored already."""
        values = event.model_dump(exclude={"monitor", "agent", "interval_seconds", "timestamp"})
        values["timestamp"] = as_text(event.timestamp)
        values["monitor_id"] = monitor.id
        values["received_at"] = self._received_text
        row = self.transaction.row(_ADD_EVENT, **values)
        return row["id"] if row else None

    def _monitor(self, event: Event) -> Monitor | None:
        """The event's monitor, made where it is new; None where only the event is not."""
        monitor = self._monitors.get(event.monitor)
        if monitor is None:
            known = self.transaction.row("SELECT 1 FROM events WHERE event_id = :id", id=event.event_id)
            if known is not None:
                return None
            row = self.transaction.row(
                "INSERT INTO monitors (name, target_url) VALUES (:name, :target_url) RETURNING *",
                name=event.monitor,
                target_url=event.target_url,
            )
            monitor = self._monitors[event.monitor] = Monitor.model_validate(dict(row or {}))
        return monitor

    def _agent(self, event: Event, at: datetime) -> Agent:
        name = event.agent or ""
        agent = self._agents.get(name)
        if agent is None:
            row = self.transaction.row("SELECT * FROM agents WHERE name = :name", name=name)
            if row is None:
                row = self.transaction.row(
                    """INSERT INTO agents (name, interval_seconds, last_seen_at, last_checked_at)
                       VALUES (:name, :interval_seconds, :last_seen_at, :last_checked_at) RETURNING *""",
                    name=name,
                    interval_seconds=event.interval_seconds or INTERVAL_SECONDS,
                    last_seen_at=self._received_text,
                    last_checked_at=as_text(at),
                )
            agent = self._agents[name] = Agent.model_validate(dict(row or {}))
        return agent

    def _active_alert(self, kind: AlertKind, subject: str) -> Alert | None:
        key = kind, subject
        if key not in self._active:
            self._active[key] = active_alert(self.transaction, kind, subject)
        return self._active[key]
