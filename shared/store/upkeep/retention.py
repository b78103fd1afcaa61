"""For how long what is kept. Light: the door of the store has it."""

from typing import NamedTuple


class Retention(NamedTuple):
    """For how many seconds events, rollups, and alerts with their messages are kept."""

    events: float
    rollups: float
    alerts: float
