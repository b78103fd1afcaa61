"""Judge an agent by its events, and by their absence. Pure."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared.alerting.ordering import CLOCK_TOLERANCE, is_late
from shared.models import Agent, AlertKind, ChangeKind, MonitorState

if TYPE_CHECKING:
    from shared.models import Event

# After so many intervals without a check an agent or a location is silent, and nobody knows how a monitor is.
SILENT_AFTER_INTERVALS = 3
SILENT_AFTER_AT_LEAST = timedelta(minutes=2)
# How long a check takes at most, with all its tries, if nobody says so.
TIMEOUT_SECONDS = 10.0
# Somebody looks for silent agents at least once a minute. After a longer gap the whole machine may have slept.
WATCH_GAP = timedelta(seconds=90)
# Nobody checks the monitors of an agent that is silent.
STATE_WITHOUT_AGENT = MonitorState.UNKNOWN


def tolerated_silence(interval_seconds: float) -> timedelta:
    """For how long something may be silent that is expected to speak every ``interval_seconds``."""
    return max(SILENT_AFTER_INTERVALS * timedelta(seconds=interval_seconds), SILENT_AFTER_AT_LEAST)


def known_for(interval_seconds: float, timeout_seconds: float | None) -> timedelta:
    """For how long a check tells how a monitor is. ``timeout_seconds``: how long a check may take, with all its tries.

    A check reports once it is over, and the next one waits for it. If a check may outlast the interval, its report may
    come that much later. Otherwise nobody would know of an outage in which every check waits for its timeout.
    """
    check_seconds = TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds
    return timedelta(seconds=SILENT_AFTER_INTERVALS * interval_seconds + _overrun(interval_seconds, check_seconds))


def report_interval(interval_seconds: float, check_seconds: float) -> float:
    """How often an agent reports a monitor, in seconds. ``check_seconds``: how long a check may take, with all tries.

    An agent says this of the monitor that it reports most often. It is then tolerated to be silent for as long as the
    monitor is known: by the interval alone it would be silent during each long check.
    """
    if check_seconds <= TIMEOUT_SECONDS:
        return interval_seconds  # every wait for a report has room for such a check
    return interval_seconds + _overrun(interval_seconds, check_seconds) / SILENT_AFTER_INTERVALS


def _overrun(interval_seconds: float, check_seconds: float) -> float:
    return max(0.0, check_seconds - interval_seconds)


class AgentObservation(NamedTuple):
    """An agent as it is once one of its events arrived, and how that changes the alerts about it."""

    agent: Agent
    changes: tuple[tuple[AlertKind, ChangeKind], ...]


def observe_agent(
    agent: Agent, event: "Event", at: datetime, received_at: datetime, clock_ahead_seconds: float = 0.0
) -> AgentObservation:
    """Judge the agent itself by one of its events. ``at`` is the event's ``effective_time``."""
    name, interval_seconds, _, checked_at, is_silent, is_offline, agent_id, _ = agent
    if not is_late(at, checked_at, received_at):
        interval_seconds, checked_at = event.interval_seconds or interval_seconds, at
        if (says_offline := event.is_offline) is not None:
            is_offline = says_offline
    changes: list[tuple[AlertKind, ChangeKind]] = []
    if is_silent:
        changes.append((AlertKind.AGENT_SILENT, ChangeKind.RESOLVED))
    if is_offline is not agent.is_offline:
        changes.append((AlertKind.LOCATION_OFFLINE, ChangeKind.OPENED if is_offline else ChangeKind.RESOLVED))
    # Every event does this, and ``_replace`` would take three times as long.
    seen = Agent(name, interval_seconds, received_at, checked_at, False, is_offline, agent_id, clock_ahead_seconds)
    return AgentObservation(seen, tuple(changes))


def fall_silent(agent: Agent) -> Agent:
    """The agent once its silence was noticed. Its monitors have STATE_WITHOUT_AGENT from then on."""
    return agent._replace(is_silent=True)


class WatchPeriod(NamedTuple):
    """Since when, without a gap, somebody has looked for silent agents, and when somebody last did."""

    started_at: datetime
    seen_at: datetime


def extend_watch(watch: WatchPeriod | None, now: datetime) -> WatchPeriod:
    """The watch as it is at ``now``: a new one if nobody watched for a while, or if the clock was set back."""
    if watch is None or not watch.seen_at - CLOCK_TOLERANCE <= now <= watch.seen_at + WATCH_GAP:
        return WatchPeriod(started_at=now, seen_at=now)
    return WatchPeriod(started_at=watch.started_at, seen_at=max(now, watch.seen_at))


def is_silent(agent: Agent, watch: WatchPeriod, now: datetime) -> bool:
    """Whether the agent, although it was watched, has been silent for longer than is tolerated."""
    heard = max(heard_at(agent, watch.started_at, now), watch.started_at)
    return now - heard >= tolerated_silence(agent.interval_seconds)


def heard_at(agent: Agent, since: datetime, now: datetime) -> datetime:
    """When the agent was last heard of; ``since`` if its last report says nothing about that."""
    # A report may be slightly ahead of `now` (another process, or a small clock step). Further ahead, it predates a
    # clock reset, and says nothing.
    is_plausible = agent.last_seen_at <= now + WATCH_GAP + CLOCK_TOLERANCE
    return agent.last_seen_at if is_plausible else since
