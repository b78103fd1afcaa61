"""The argument and the result of every rule. Pure."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.models import Alert, ChangeKind, Event, Monitor, MonitorState


class Reason(StrEnum):
    """Why a monitor's state, or its alert, is as it is now: for the log and for ``state_changes``."""

    PAUSED = "paused"
    REMOVED = "removed"
    WATCHED_AGAIN = "watched_again"
    NOT_WATCHED = "not_watched"
    LATE = "late"
    INCONCLUSIVE = "inconclusive"
    HEALTHY = "healthy"
    RECOVERED = "recovered"
    RECOVERING = "recovering"
    STILL_DOWN = "still_down"
    BELOW_THRESHOLD = "below_threshold"
    THRESHOLD_MET = "threshold_met"
    PING_MISSED = "ping_missed"
    MAINTENANCE = "maintenance"
    AGENT_SILENT = "agent_silent"
    MOVED_BY_HAND = "moved_by_hand"
    UNCHECKED = "unchecked"


class Situation(NamedTuple):
    """Everything that is known when an event arrives.

    ``active`` is the monitor's alert that is OPEN or ACK. ``at`` is the event's ``effective_time``, ``event_id`` the id
    of its row. ``is_ping_missed``: the event is our own note that a heartbeat's ping did not come in time.
    ``is_in_maintenance``: a window of maintenance covers ``at``.
    """

    monitor: Monitor
    active: Alert | None
    at: datetime
    received_at: datetime
    event_id: int | None = None
    is_ping_missed: bool = False
    is_in_maintenance: bool = False

    def monitor_after(self, event: Event, **changed: Any) -> Monitor:
        """The monitor once the event has counted."""
        seen: dict[str, Any] = {"last_checked_at": self.at, "target_url": event.target_url, "agent": event.agent}
        seen["last_event_id"] = self.event_id
        if changed.get("state", self.monitor.state) is not self.monitor.state:
            seen["since"] = self.at
        return self.monitor.model_copy(update=seen | changed)

    def counted(self, event: Event) -> dict[str, Any]:
        """The monitor's counters once the event has counted. The monitor's state does not matter."""
        monitor = self.monitor
        if event.is_success:
            successes = monitor.consecutive_successes + 1
            recovering_since = (monitor.recovering_since or self.at) if self.active else None
            return {
                "consecutive_failures": 0,
                "failing_since": None,
                "consecutive_successes": successes,
                "recovering_since": recovering_since,
            }
        return {
            "consecutive_failures": monitor.consecutive_failures + 1,
            "failing_since": monitor.failing_since or self.at,
            "consecutive_successes": 0,
            "recovering_since": None,
        }


def counts_from(monitor: Monitor, alert: Alert | None) -> datetime | None:
    """Since when the monitor's new state counts: see ``history.uptime``. ``alert``: its outage, which may be over."""
    if monitor.state is MonitorState.DOWN:
        return alert.failed_at if alert else None
    return monitor.recovering_since if monitor.state is MonitorState.UP else None


class Decision(NamedTuple):
    """The meaning of an event: the monitor as it is now, the change to its alert if there is one, and why."""

    monitor: Monitor
    change: ChangeKind | None
    reason: Reason


Rule = Callable[[Situation, Event], Decision | None]
