"""The alert's state machine: what one event, or one person, changes. Pure: no clock, no I/O, no SQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.models import Alert, AlertStatus, Event, Monitor, MonitorState


class Change(StrEnum):
    """What became of a monitor's alert."""

    OPENED = "OPENED"
    RESOLVED = "RESOLVED"


class Reason(StrEnum):
    """Why an event changed what it did, for the log."""

    LATE = "older than the newest event"
    HEALTHY = "no failure, no alert"
    RECOVERED = "first success of the outage's monitor"
    STILL_DOWN = "the outage's alert is active already"
    BELOW_THRESHOLD = "too few failures in a row"
    THRESHOLD_MET = "enough failures in a row"


@dataclass(frozen=True)
class Decision:
    """What an event means: the monitor as it is now, the change to its alert if there is one, and why."""

    monitor: Monitor
    change: Change | None
    reason: Reason


def decide(monitor: Monitor, active: Alert | None, event: Event, at: datetime) -> Decision:
    """Judge one event of ``monitor``.

    ``active`` is the monitor's alert that is OPEN or ACK. ``at`` is the event's place in time, see ``place_in_time``.
    Of two events at equal times the one that arrives later counts as the newer.
    """
    if monitor.last_checked_at is not None and at < monitor.last_checked_at:
        return Decision(monitor, None, Reason.LATE)
    seen: dict[str, Any] = {"last_checked_at": at, "target_url": event.target_url}
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


def place_in_time(event: Event, received_at: datetime) -> datetime:
    """Where the event stands among its monitor's events.

    One that claims to be from the future stands at its receipt, so that one wrong clock cannot freeze a monitor.
    """
    return min(event.timestamp, received_at)


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
