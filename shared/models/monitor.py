"""A monitor: what the events so far say about it."""

from enum import StrEnum

from shared.models.scalars import Value
from shared.models.times import Time


class MonitorState(StrEnum):
    """The state of a monitor. PENDING: failing, threshold not met. UNKNOWN: nobody has checked lately."""

    UP = "UP"
    DOWN = "DOWN"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"


class Monitor(Value):
    """Something that is watched: its policy, and what the events so far say about it.

    ``last_checked_at`` is the effective time of the newest event that counted, ``failing_since`` that of the first
    failure in the present run of failures. ``agent`` is our agent that checked it last, if there is one.
    """

    id: int = 0
    name: str
    target_url: str
    agent: str | None = None
    failure_threshold: int = 1
    state: MonitorState = MonitorState.UNKNOWN
    consecutive_failures: int = 0
    failing_since: Time | None = None
    last_checked_at: Time | None = None
