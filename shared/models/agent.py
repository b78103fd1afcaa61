"""An agent that reports."""

from datetime import datetime
from typing import NamedTuple


class Agent(NamedTuple):
    """An agent that names itself in its events, and is therefore expected to report again.

    ``last_seen_at`` is when its newest event arrived, ``last_checked_at`` that event's effective time. ``is_offline``:
    its location has no connection, so that its failures say nothing about the monitors.
    """

    name: str
    interval_seconds: float
    last_seen_at: datetime
    last_checked_at: datetime
    is_silent: bool = False
    is_offline: bool = False
    id: int = 0
