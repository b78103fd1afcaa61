"""The alert's state machine: what an event, a silence, a refusal or a person changes. Pure: no clock, no I/O."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from shared.models import Agent, Alert, AlertKind, AlertStatus, AttemptStatus, Event, Monitor, MonitorState

# By so much the clocks of honest machines may differ; beyond it one of them is wrong, or was set anew.
CLOCK_TOLERANCE = timedelta(seconds=5)
SILENT_INTERVALS = 3
SILENT_AT_LEAST = timedelta(minutes=2)
# Whoever looks for silent agents comes by every minute or oftener. After a longer gap the whole machine may have slept.
WATCH_GAP = timedelta(seconds=90)


class Change(StrEnum):
    """What became of an alert."""

    OPENED = "OPENED"
    RESOLVED = "RESOLVED"


class Reason(StrEnum):
    """Why an event changed what it did, for the log."""

    LATE = "older than the newest event"
    INCONCLUSIVE = "the agent's own connection failed"
    HEALTHY = "no failure, no alert"
    RECOVERED = "first success of the outage's monitor"
    STILL_DOWN = "the outage's alert is active already"
    BELOW_THRESHOLD = "too few failures in a row"
    THRESHOLD_MET = "enough failures in a row"


class Decision(NamedTuple):
    """What an event means: the monitor as it is now, the change to its alert if there is one, and why."""

    monitor: Monitor
    change: Change | None
    reason: Reason


def decide(monitor: Monitor, active: Alert | None, event: Event, at: datetime, received_at: datetime) -> Decision:
    """Judge one event of ``monitor``.

    ``active`` is the monitor's alert that is OPEN or ACK. ``at`` is the event's place in time, see ``place_in_time``.
    Of two events at equal times the one that arrives later counts as the newer.
    """
    if is_late(at, monitor.last_checked_at, received_at):
        return Decision(monitor, None, Reason.LATE)
    seen: dict[str, Any] = {"last_checked_at": at, "target_url": event.target_url, "agent": event.agent}
    if event.is_inconclusive and not event.is_success:
        seen["state"] = MonitorState.UNKNOWN
        return Decision(monitor.model_copy(update=seen), None, Reason.INCONCLUSIVE)
    if event.is_success:
        seen |= {"state": MonitorState.UP, "consecutive_failures": 0, "failing_since": None}
        change, reason = (Change.RESOLVED, Reason.RECOVERED) if active else (None, Reason.HEALTHY)
        return Decision(monitor.model_copy(update=seen), change, reason)
    failures = monitor.consecutive_failures + 1
    seen |= {"consecutive_failures": failures, "failing_since": monitor.failing_since or at}
    if active is None and failures < monitor.failure_threshold:
        seen["state"] = MonitorState.PENDING
        return Decision(monitor.model_copy(update=seen), None, Reason.BELOW_THRESHOLD)
    seen["state"] = MonitorState.DOWN
    change, reason = (None, Reason.STILL_DOWN) if active else (Change.OPENED, Reason.THRESHOLD_MET)
    return Decision(monitor.model_copy(update=seen), change, reason)


def place_in_time(event: Event, received_at: datetime, sent_at: datetime | None = None) -> datetime:
    """Where the event stands among its monitor's events, by the clock that tells ``received_at``.

    ``sent_at`` is what the sender's clock said when it sent the event: where that is off, so is the event's time. One
    that claims to be from the future stands at its receipt, so that one wrong clock cannot freeze a monitor.
    """
    is_clock_wrong = sent_at is not None and abs(received_at - sent_at) > CLOCK_TOLERANCE
    if sent_at is None or not is_clock_wrong:
        return min(event.timestamp, received_at)
    try:
        return min(event.timestamp + (received_at - sent_at), received_at)
    except OverflowError:  # both claim times of other ages, which together lie outside the calendar
        return min(event.timestamp, received_at)


def is_late(at: datetime, newest_at: datetime | None, received_at: datetime) -> bool:
    """Whether something newer counted already.

    A newest that lies ahead of its receipt was placed before the clock was set back; it says nothing of the order.
    """
    return newest_at is not None and at < newest_at <= received_at + CLOCK_TOLERANCE


class Heard(NamedTuple):
    """An agent as it is once one of its events arrived, and what that changes beside the monitor's alert."""

    agent: Agent
    changes: tuple[tuple[AlertKind, Change], ...]


def hear(agent: Agent, event: Event, at: datetime, received_at: datetime) -> Heard:
    """What an agent's event says about the agent itself. ``at`` as for ``decide``."""
    seen: dict[str, Any] = {"last_seen_at": received_at}
    changes: list[tuple[AlertKind, Change]] = []
    if agent.is_silent:
        seen["is_silent"] = False
        changes.append((AlertKind.AGENT_SILENT, Change.RESOLVED))
    if not is_late(at, agent.last_checked_at, received_at):
        seen |= {"last_checked_at": at, "interval_seconds": event.interval_seconds or agent.interval_seconds}
        is_offline = event.is_inconclusive and not event.is_success
        if is_offline is not agent.is_offline:
            seen["is_offline"] = is_offline
            changes.append((AlertKind.LOCATION_OFFLINE, Change.OPENED if is_offline else Change.RESOLVED))
    return Heard(agent.model_copy(update=seen), tuple(changes))


class Watch(NamedTuple):
    """Since when, without a gap, somebody looks for silent agents, and when somebody last did."""

    started_at: datetime
    seen_at: datetime


def go_on_watching(watch: Watch | None, now: datetime) -> Watch:
    """The watch as it is at ``now``: a new one where nobody watched for a while, or the clock was set back."""
    if watch is None or not watch.seen_at - CLOCK_TOLERANCE <= now <= watch.seen_at + WATCH_GAP:
        return Watch(started_at=now, seen_at=now)
    return Watch(started_at=watch.started_at, seen_at=max(now, watch.seen_at))


def is_silent(agent: Agent, watch: Watch, now: datetime) -> bool:
    """Whether the agent, though watched, has said nothing for 3 of its intervals and at least 2 minutes."""
    patience = max(SILENT_INTERVALS * timedelta(seconds=agent.interval_seconds), SILENT_AT_LEAST)
    # Seen just now in spite of that: by another process, since ``now`` was asked for, or before the clock was set back
    # a little. What lies further ahead was before it was set back so far that the watch began anew.
    is_seen = agent.last_seen_at <= now + WATCH_GAP + CLOCK_TOLERANCE
    heard_at = agent.last_seen_at if is_seen else watch.started_at
    return now - max(heard_at, watch.started_at) >= patience


def after_attempt(status: AttemptStatus, refused: Alert | None) -> Change | None:
    """What an attempt to send says about its channel. ``refused``: its CHANNEL_REFUSED alert that is OPEN or ACK."""
    if status is AttemptStatus.FAILED and refused is None:
        return Change.OPENED
    if status is AttemptStatus.SENT and refused is not None:
        return Change.RESOLVED
    return None


class IllegalMove(Exception):
    """A person asked for a change of status that an alert does not make."""

    def __init__(self, alert: Alert, to: AlertStatus, why: str) -> None:
        super().__init__(f"alert {alert.id} cannot go from {alert.status} to {to}: {why}")
        self.alert = alert
        self.to = to


def move(alert: Alert, to: AlertStatus, *, by: str | None, at: datetime, other_active: Alert | None) -> Alert:
    """The alert as it is after somebody moved it to ``to``; the same value where it is there already.

    ``other_active`` is another alert of the same subject that is OPEN or ACK.

    Raises:
        IllegalMove: RESOLVED goes to OPEN only, and only while no other alert of its subject is active.
    """
    if alert.status is to:
        return alert
    changed: Mapping[str, Any]
    if to is AlertStatus.RESOLVED:
        changed = {"resolved_at": at, "resolved_by": by}
    elif alert.status is AlertStatus.RESOLVED and to is AlertStatus.ACK:
        raise IllegalMove(alert, to, "reopen it first (OPEN)")
    elif alert.status is AlertStatus.RESOLVED and other_active is not None:
        raise IllegalMove(alert, to, f"alert {other_active.id} of {alert.subject} is {other_active.status}")
    elif to is AlertStatus.ACK:
        changed = {"acknowledged_at": at, "acknowledged_by": by}
    else:
        changed = dict.fromkeys(("acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by"))
    return alert.model_copy(update={"status": to, **changed})


def after_manual_resolve(monitor: Monitor) -> Monitor:
    """The monitor once a person ended its outage: if it still fails, its failures are counted anew."""
    if monitor.state is MonitorState.UP:
        return monitor
    return monitor.model_copy(update={"state": MonitorState.PENDING, "consecutive_failures": 0, "failing_since": None})
