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
    PING_MISSED = "no ping came in time"


class Situation(NamedTuple):
    """Everything that is known when an event arrives.

    ``active`` is the monitor's alert that is OPEN or ACK. ``at`` is the event's ``effective_time``, ``event_id`` the id
    of its row. ``is_ping_missed``: the event is our own note that a heartbeat's ping did not come in time.
    """

    monitor: Monitor
    active: Alert | None
    at: datetime
    received_at: datetime
    event_id: int | None = None
    is_ping_missed: bool = False

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


def ping_missed(situation: Situation, event: Event) -> Decision | None:
    """A missed ping opens an outage at once: whatever waits for a second one waits for another period."""
    return _down(situation, event, Reason.PING_MISSED) if situation.is_ping_missed else None


def threshold(situation: Situation, event: Event) -> Decision:
    """``failure_threshold`` failures in a row open an outage."""
    failing = _failing(situation)
    if situation.active is None and failing["consecutive_failures"] < situation.monitor.failure_threshold:
        pending = situation.monitor_after(event, state=MonitorState.PENDING, **failing)
        return Decision(pending, None, Reason.BELOW_THRESHOLD)
    return _down(situation, event, Reason.THRESHOLD_MET)


# The last one decides on whatever the others leave.
RULES: tuple[Rule, ...] = (not_watched, late, inconclusive, success, ping_missed, threshold)


def _failing(situation: Situation) -> dict[str, Any]:
    """What one more failure changes of the monitor, whatever its state."""
    return {
        "consecutive_failures": situation.monitor.consecutive_failures + 1,
        "failing_since": situation.monitor.failing_since or situation.at,
    }


def _down(situation: Situation, event: Event, reason: Reason) -> Decision:
    """The monitor is DOWN; its outage opens for this reason, unless there is one already."""
    down = situation.monitor_after(event, state=MonitorState.DOWN, **_failing(situation))
    if situation.active:
        return Decision(down, None, Reason.STILL_DOWN)
    return Decision(down, ChangeKind.OPENED, reason)


def decide(situation: Situation, event: Event) -> Decision:
    """Judge one event of the situation's monitor."""
    return next(decision for rule in RULES if (decision := rule(situation, event)) is not None)
