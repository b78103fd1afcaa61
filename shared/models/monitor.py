"""A monitor: what the events so far say about it."""

from enum import StrEnum

from shared.models.scalars import Value
from shared.models.times import Time


class MonitorState(StrEnum):
    """What is known of a monitor. PENDING: failing, threshold not met. UNKNOWN: nobody has looked lately."""

    UP = "UP"
    DOWN = "DOWN"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"


class Monitor(Value):
    """A thing that is watched: its policy, and what the events so far say about it.

    ``last_checked_at`` is the place in time of the newest event that counted; ``failing_since`` that of the first
    failure of the present run of failures. ``agent`` is the agent of ours that checked it last, if one does.
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
