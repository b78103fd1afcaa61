"""Monitors that nobody checks any more become UNKNOWN. An open alert stays: nobody knows that it is over."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.alerting import Reason
from shared.alerting.agents import SILENT_AFTER_INTERVALS
from shared.alerting.votes import voters_of, without_vote
from shared.history.facts import What
from shared.history.uptime import known_until
from shared.models import Agent, Alert, AlertKind, Monitor, MonitorState, value_of
from shared.models.monitor import MonitorLocation
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import alerts, monitor_locations, monitors, replay_facts, state_changes


class Lapses:
    """The monitors of one store whose last checks are too old to say how they are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def review(self, *, now: datetime) -> list[str]:
        """Let monitors become UNKNOWN whose next check is overdue for long; their names."""
        with self._database.snapshot() as snapshot:
            if not _overdue(snapshot, now):
                return []
        with self._database.transaction() as transaction:
            names = []
            for row in _overdue(transaction, now):
                monitor = value_of(Monitor, row)
                active = alerts.active(transaction, AlertKind.OUTAGE, monitor.name)
                monitors.save(transaction, lapse(transaction, monitor, row["of_agent"], active, now))
                names.append(monitor.name)
        return names


def lapse(
    transaction: Transaction,
    monitor: Monitor,
    interval_seconds: float,
    active: Alert | None,
    now: datetime,
    *,
    before_event: int | None = None,
) -> Monitor:
    """The monitor once its state has held for too long, which is noted; the caller saves it.

    ``before_event``: the id of the event that came so late.
    """
    at = known_until(monitor.last_checked_at or now, interval_seconds, monitor.timeout_seconds)
    # It may have come into its state later, by a person's hand or at the end of a window.
    at = min(max(at, monitor.since or at), now)
    alert_id = active.id if active else None
    unknown = MonitorState.UNKNOWN
    state_changes.add(transaction, monitor.id, monitor.state, unknown, at, Reason.UNCHECKED, alert_id=alert_id)
    after = None if before_event is None else before_event - 1
    replay_facts.add(transaction, monitor.id, What.STATE, now, after_event=after, state=unknown, since=at)
    return monitor._replace(state=unknown, since=at)


def give_up(transaction: Transaction, agent: str, at: datetime) -> None:
    """A person expects a silent agent no more: its locations do not count as DOWN any longer."""
    _without_votes(transaction, agent, at, is_given_up=True)


def lose_votes(transaction: Transaction, agent: Agent, at: datetime) -> None:
    """An agent is silent. Its locations have no vote from then on, where several report a monitor.

    A monitor becomes UNKNOWN if no other location says how it is.
    """
    places = _without_votes(transaction, agent.name, at, is_given_up=False)
    unknown = MonitorState.UNKNOWN
    for monitor in monitors.of_several(transaction, agent.name) if places else ():
        voters = voters_of(monitor, places[monitor.id], at, agent.interval_seconds)
        if voters or monitor.state is unknown:
            continue
        monitors.save(transaction, monitor._replace(state=unknown, since=at))
        replay_facts.add(transaction, monitor.id, What.STATE, at, state=unknown, since=at)
        if monitor.is_watched:
            state_changes.add(transaction, monitor.id, monitor.state, unknown, at, Reason.AGENT_SILENT)


def _without_votes(
    transaction: Transaction, agent: str, at: datetime, *, is_given_up: bool
) -> Mapping[int, Sequence[MonitorLocation]]:
    """Let the locations of a silent agent have no vote; all locations of their monitors, by the monitor's id."""
    seen: dict[int, list[MonitorLocation]] = {}
    lost = []
    for place in monitor_locations.of_agents_monitors(transaction, agent):
        if place.agent == agent:
            lost.append(without_vote(place, at, is_given_up=is_given_up))
        seen.setdefault(place.monitor_id, []).append(lost[-1] if place.agent == agent else place)
    monitor_locations.save(transaction, lost)
    for place in lost:
        about = transaction, place.monitor_id, What.LOCATION_LOST, at
        replay_facts.add(*about, location=place.location, is_given_up=is_given_up)
    return seen


def _overdue(transaction: Transaction, now: datetime) -> list[Row]:
    shortest = monitors.shortest_interval(transaction)
    if shortest is None:
        return []
    # A monitor among these whose checks may take long is known for longer.
    found = monitors.checked_before(transaction, now - timedelta(seconds=SILENT_AFTER_INTERVALS * shortest))
    return [row for row in found if row["of_agent"] is not None and _known_until(row) < now]


def _known_until(row: Row) -> datetime:
    return known_until(datetime.fromisoformat(row["last_checked_at"]), row["of_agent"], row["timeout_seconds"])
