"""A monitor: what the events so far say about it."""

import json
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator

from shared.models.scalars import Value
from shared.models.times import Time

# An agent without LOCATION, or whoever else does not say where it is.
DEFAULT_LOCATION = "default"
# In place of the only location that reports a monitor. No location has this name.
SEVERAL = ""


def _listed(value: Any) -> Any:
    """The list that a column holds as JSON."""
    return json.loads(value) if isinstance(value, str) else value


class MonitorState(StrEnum):
    """The state of a monitor. PENDING: failing, threshold not met. UNKNOWN: nobody has checked lately.

    MAINTENANCE: a window of maintenance is open, however the checks go.
    """

    UP = "UP"
    DOWN = "DOWN"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    MAINTENANCE = "MAINTENANCE"


class Monitor(Value):
    """Something that is watched: what of its policy judges an event, and what the events so far say about it.

    ``last_checked_at`` is the effective time of the newest event that counted, ``failing_since`` that of the first
    failure in the present run of failures, ``since`` that of the event which brought the state. ``agent`` is our agent
    that checked it last, if there is one.
    ``recovering_since``: the first success in the present run of successes, if an outage was open then.
    ``last_event_id``: the row of the newest event that counted. ``channels``: who hears of it; None means all.
    ``is_watched``: its events count. They do not while it is paused, or once it was removed.
    ``location``: the only one that has reported it so far, SEVERAL, or None. ``locations``: those that vote; None means
    all. ``quorum``: how many of them have to see an outage; None means more than half. ``depends_on``: monitors and
    groups without which it cannot work. ``outcomes``: its last checks, oldest first, each "+" or "-".
    """

    id: int = 0
    name: str
    target_url: str
    agent: str | None = None
    group_name: str | None = None
    tags: Annotated[tuple[str, ...] | None, BeforeValidator(_listed)] = None
    failure_threshold: int = 1
    success_threshold: int = 1
    channels: Annotated[tuple[str, ...], BeforeValidator(_listed)] | None = None
    is_watched: bool = True
    removed_at: Time | None = None
    interval_seconds: float | None = None
    timeout_seconds: float | None = None
    locations: Annotated[tuple[str, ...] | None, BeforeValidator(_listed)] = None
    quorum: int | None = None
    depends_on: Annotated[tuple[str, ...] | None, BeforeValidator(_listed)] = None
    reminder_seconds: float | None = None
    escalation: str | None = None
    max_response_ms: float | None = None
    certificate_limits: Annotated[tuple[float, ...] | None, BeforeValidator(_listed)] = None
    state: MonitorState = MonitorState.UNKNOWN
    since: Time | None = None
    consecutive_failures: int = 0
    consecutive_successes: int = 0
    slow_checks: int = 0
    certificate_notice: str | None = None
    failing_since: Time | None = None
    recovering_since: Time | None = None
    last_checked_at: Time | None = None
    last_event_id: int | None = None
    location: str | None = None
    outcomes: str = ""
    is_flapping: bool = False
