"""An agent that reports."""

from datetime import datetime
from typing import NamedTuple


class Agent(NamedTuple):
    """An agent that names itself in its events, and is therefore expected to report again.

    ``last_seen_at`` is when its newest event arrived, ``last_checked_at`` that event's effective time. ``is_offline``:
    its location has no connection, so that its failures say nothing about the monitors. ``clock_ahead_seconds``: by how
    much its clock was ahead of the backend's at its last report, below 0 if it was behind; 0 if that is tolerated.
    """

    name: str
    interval_seconds: float
    last_seen_at: datetime
    last_checked_at: datetime
    is_silent: bool = False
    is_offline: bool = False
    id: int = 0
    clock_ahead_seconds: float = 0.0
