"""An agent that reports."""

from shared.models.scalars import Value
from shared.models.times import Time


class Agent(Value):
    """An agent that names itself in its events, and so is expected to come back.

    ``last_seen_at`` is the receipt of its newest event, ``last_checked_at`` the newest event's place in time.
    ``is_offline``: its place has no connection, so that what it sees says nothing of the monitors.
    """

    id: int = 0
    name: str
    interval_seconds: float
    last_seen_at: Time
    last_checked_at: Time
    is_silent: bool = False
    is_offline: bool = False
