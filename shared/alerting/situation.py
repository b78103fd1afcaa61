"""The argument and the result of every rule. Pure."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.models import Alert, ChangeKind, Monitor, MonitorState, NotificationKind
from shared.models.monitor import DEFAULT_LOCATION, SEVERAL, USUAL_LIMITS, FlappingLimits, MonitorLocation

if TYPE_CHECKING:
    from shared.models import Event

# The outcomes of so many checks say whether a monitor flaps.
OUTCOMES = 21


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
    BELOW_QUORUM = "below_quorum"
    QUORUM_MET = "quorum_met"
    DOES_NOT_VOTE = "does_not_vote"
    FLAPPING = "flapping"
    PING_MISSED = "ping_missed"
    MAINTENANCE = "maintenance"
    AGENT_SILENT = "agent_silent"
    MOVED_BY_HAND = "moved_by_hand"
    UNCHECKED = "unchecked"
    # Nothing decides so: a migration wrote it.
    RECORDED_SINCE_UPDATE = "recorded_since_update"


class Situation(NamedTuple):
    """Everything that is known when an event arrives.

    ``active`` is the monitor's alert that is OPEN or ACK. ``at`` is the event's ``effective_time``, ``event_id`` the id
    of its row. ``is_ping_missed``: the event is our own note that a heartbeat's ping did not come in time.
    ``is_in_maintenance``: a window of maintenance covers ``at``. ``place``: the monitor as the event's location saw it
    before; ``others``: as the others see it. None and () while only one location reports it.
    """

    monitor: Monitor
    active: Alert | None
    at: datetime
    received_at: datetime
    event_id: int | None = None
    is_ping_missed: bool = False
    is_in_maintenance: bool = False
    place: MonitorLocation | None = None
    others: tuple[MonitorLocation, ...] = ()
    limits: FlappingLimits = USUAL_LIMITS

    @property
    def newest_at(self) -> datetime | None:
        """When the newest check was that counted before the event, at its location."""
        return self.place.last_checked_at if self.place else self.monitor.last_checked_at

    def monitor_after(self, event: "Event", **changed: Any) -> Monitor:
        """The monitor once the event has counted."""
        location, checked_at = location_of(event), self.at
        if self.place is not None:
            location, checked_at = SEVERAL, max(self.at, self.monitor.last_checked_at or self.at)
        if changed.get("state", self.monitor.state) is not self.monitor.state:
            changed.setdefault("since", self.at)
        return self.monitor._replace(
            target_url=event.target_url,
            agent=event.agent,
            location=location,
            last_checked_at=checked_at,
            last_event_id=self.event_id,
            **changed,
        )


def counts_from(monitor: Monitor, alert: Alert | None) -> datetime | None:
    """Since when the monitor's new state counts: see ``history.uptime``. ``alert``: its outage, which may be over."""
    if monitor.state is MonitorState.DOWN:
        return alert.failed_at if alert else None
    return monitor.recovering_since if monitor.state is MonitorState.UP else None


def began_at(failing_since: datetime, opened_at: datetime, ended_at: datetime | None) -> datetime:
    """When an outage that opens began. ``ended_at``: when the former one of its monitor was over, if there was one.

    A location may have failed all the time, while the others ended that one.
    """
    if ended_at is None or ended_at > opened_at:  # the clock was set back
        return failing_since
    return max(failing_since, ended_at)


class Decision(NamedTuple):
    """The meaning of an event: the monitor as it is now, the change to its alert if there is one, and why.

    ``message``: the message that takes the place of the change's own. ``is_kept_back``: nobody gets it, and the reason
    says why. ``place``: the monitor as the event's location sees it now; ``voters``: as all see it that vote.
    """

    monitor: Monitor
    change: ChangeKind | None
    reason: Reason
    message: NotificationKind | None = None
    is_kept_back: bool = False
    place: MonitorLocation | None = None
    voters: tuple[MonitorLocation, ...] = ()


Rule = Callable[[Situation, "Event"], Decision | None]


def location_of(event: "Event") -> str:
    """The location that the event comes from."""
    return event.location or DEFAULT_LOCATION


def outcomes_after(monitor: Monitor, *, is_failing: bool) -> str:
    """The monitor's last outcomes with one more."""
    return f"{monitor.outcomes}{'-' if is_failing else '+'}"[-OUTCOMES:]
