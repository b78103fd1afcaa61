"""Judge an event: its meaning for the monitor and for the monitor's alert. Pure: no clock, no I/O.

``RULES`` is a list: the first rule that decides wins. A new rule is a function here or in a file next to this one.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.alerting.ordering import is_late
from shared.models import Alert, ChangeKind, Event, Monitor, MonitorState


class Reason(StrEnum):
    """Why an event changed what it did, for the log."""

    NOT_WATCHED = "the monitor is paused or was removed"
    LATE = "older than the newest event"
    INCONCLUSIVE = "the agent's own connection failed"
    HEALTHY = "no failure, no alert"
    RECOVERED = "first success of the outage's monitor"
    STILL_DOWN = "the outage's alert is active already"
    BELOW_THRESHOLD = "too few failures in a row"
    THRESHOLD_MET = "enough failures in a row"


class Situation(NamedTuple):
    """Everything that is known when an event arrives.

    ``active`` is the monitor's alert that is OPEN or ACK. ``at`` is the event's ``effective_time``, ``event_id`` the id
    of its row.
    """

    monitor: Monitor
    active: Alert | None
    at: datetime
    received_at: datetime
    event_id: int | None = None

    def monitor_after(self, event: Event, **changed: Any) -> Monitor:
        """The monitor once the event has counted."""
        seen: dict[str, Any] = {"last_checked_at": self.at, "target_url": event.target_url, "agent": event.agent}
        seen["last_event_id"] = self.event_id
        if changed.get("state", self.monitor.state) is not self.monitor.state:
            seen["since"] = self.at
        return self.monitor.model_copy(update=seen | changed)


class Decision(NamedTuple):
    """The meaning of an event: the monitor as it is now, the change to its alert if there is one, and why."""

    monitor: Monitor
    change: ChangeKind | None
    reason: Reason


Rule = Callable[[Situation, Event], Decision | None]


def not_watched(situation: Situation, event: Event) -> Decision | None:  # noqa: ARG001  # every rule takes both
    """An event that was under way when its monitor was paused or removed changes nothing."""
    return None if situation.monitor.is_watched else Decision(situation.monitor, None, Reason.NOT_WATCHED)


def late(situation: Situation, event: Event) -> Decision | None:  # noqa: ARG001  # every rule takes both
    """An event that is older than the newest one changes nothing. At equal times the later arrival is the newer."""
    if is_late(situation.at, situation.monitor.last_checked_at, situation.received_at):
        return Decision(situation.monitor, None, Reason.LATE)
    return None


def inconclusive(situation: Situation, event: Event) -> Decision | None:
    """An event that says nothing about the monitor makes its state UNKNOWN and leaves its alert alone."""
    if event.is_conclusive:
        return None
    return Decision(situation.monitor_after(event, state=MonitorState.UNKNOWN), None, Reason.INCONCLUSIVE)


def success(situation: Situation, event: Event) -> Decision | None:
    """The first success ends the outage."""
    if not event.is_success:
        return None
    monitor = situation.monitor_after(event, state=MonitorState.UP, consecutive_failures=0, failing_since=None)
    if situation.active:
        return Decision(monitor, ChangeKind.RESOLVED, Reason.RECOVERED)
    return Decision(monitor, None, Reason.HEALTHY)


def threshold(situation: Situation, event: Event) -> Decision:
    """``failure_threshold`` failures in a row open an outage."""
    failures = situation.monitor.consecutive_failures + 1
    failing = {
        "consecutive_failures": failures,
        "failing_since": situation.monitor.failing_since or situation.at,
    }
    if situation.active is None and failures < situation.monitor.failure_threshold:
        pending = situation.monitor_after(event, state=MonitorState.PENDING, **failing)
        return Decision(pending, None, Reason.BELOW_THRESHOLD)
    down = situation.monitor_after(event, state=MonitorState.DOWN, **failing)
    if situation.active:
        return Decision(down, None, Reason.STILL_DOWN)
    return Decision(down, ChangeKind.OPENED, Reason.THRESHOLD_MET)


# The last one decides on whatever the others leave.
RULES: tuple[Rule, ...] = (not_watched, late, inconclusive, success, threshold)


def decide(situation: Situation, event: Event) -> Decision:
    """Judge one event of the situation's monitor."""
    return next(decision for rule in RULES if (decision := rule(situation, event)) is not None)
