"""An agent that reports."""

from shared.models.scalars import Value
from shared.models.times import Time


class Agent(Value):
    """An agent that names itself in its events, and is therefore expected to report again.

    ``last_seen_at`` is when its newest event arrived, ``last_checked_at`` that event's effective time. ``is_offline``:
    its location has no connection, so that its failures say nothing about the monitors.
    """

    id: int = 0
    name: str
    interval_seconds: float
    last_seen_at: Time
    last_checked_at: Time
    is_silent: bool = False
    is_offline: bool = False
