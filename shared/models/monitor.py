"""A monitor, and a monitor as one of several locations sees it: what the events so far say about them."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from shared.models.cause import Cause

# An agent without LOCATION, or whoever else does not say where it is.
DEFAULT_LOCATION = "default"
# In place of the only location that reports a monitor. No location has this name.
SEVERAL = ""


class MonitorState(StrEnum):
    """The state of a monitor. PENDING: failing, threshold not met. UNKNOWN: nobody has checked lately.

    MAINTENANCE: a window of maintenance is open, however the checks go.
    """

    UP = "UP"
    DOWN = "DOWN"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    MAINTENANCE = "MAINTENANCE"


class FlappingLimits(NamedTuple):
    """From which share of changes on a monitor flaps, and down to which share it goes on; 1 is a change each time."""

    starts: float = 0.5
    ends: float = 0.25


USUAL_LIMITS = FlappingLimits()


class Monitor(NamedTuple):
    """Something that is watched: what of its policy judges an event, and what the events so far say about it.

    ``last_checked_at`` is the effective time of the newest event that counted, ``failing_since`` that of the first
    failure in the present run of failures, ``since`` that of the event which brought the state. ``agent`` is our agent
    that checked it last, if there is one.
    ``recovering_since``: the first success in the present run of successes, if an outage was open then.
    ``last_event_id``: the row of the newest event that counted. ``channels``: who hears of it; None means all.
    ``timeout_seconds``: how long a check may take, with all its tries; None if nobody says so.
    ``is_watched``: its events count. They do not while it is paused, or once it was removed.
    ``location``: the only one that has reported it so far, SEVERAL, or None. ``locations``: those that vote; None means
    all. ``quorum``: how many of them have to see an outage; None means more than half. ``depends_on``: monitors and
    groups without which it cannot work. ``outcomes``: its last checks, oldest first, each "+" or "-".
    """

    name: str
    target_url: str
    id: int = 0
    agent: str | None = None
    group_name: str | None = None
    tags: tuple[str, ...] | None = None
    failure_threshold: int = 1
    success_threshold: int = 1
    channels: tuple[str, ...] | None = None
    is_watched: bool = True
    removed_at: datetime | None = None
    interval_seconds: float | None = None
    timeout_seconds: float | None = None
    locations: tuple[str, ...] | None = None
    quorum: int | None = None
    depends_on: tuple[str, ...] | None = None
    reminder_seconds: float | None = None
    escalation: str | None = None
    max_response_ms: float | None = None
    certificate_limits: tuple[float, ...] | None = None
    state: MonitorState = MonitorState.UNKNOWN
    since: datetime | None = None
    consecutive_failures: int = 0
    consecutive_successes: int = 0
    slow_checks: int = 0
    certificate_notice: str | None = None
    failing_since: datetime | None = None
    recovering_since: datetime | None = None
    last_checked_at: datetime | None = None
    last_event_id: int | None = None
    location: str | None = None
    outcomes: str = ""
    is_flapping: bool = False


class MonitorLocation(NamedTuple):
    """A monitor as one location sees it: what the checks from there say. The fields mean what they mean for a monitor.

    ``cause`` and ``error_message``: why its last failing check failed. ``agent``: our agent that checked it last from
    there. ``is_presumed_down``: it was DOWN when it became UNKNOWN, and nobody knows that it works again.
    """

    monitor_id: int
    location: str
    state: MonitorState = MonitorState.UNKNOWN
    since: datetime | None = None
    consecutive_failures: int = 0
    consecutive_successes: int = 0
    failing_since: datetime | None = None
    last_checked_at: datetime | None = None
    cause: Cause | None = None
    error_message: str | None = None
    agent: str | None = None
    is_presumed_down: bool = False
