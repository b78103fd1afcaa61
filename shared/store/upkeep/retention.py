"""For how long what is kept. Light: the door of the store has it."""

from typing import NamedTuple

# Hours are kept for so long at most. Then only whole days in UTC are counted.
HOURS_SECONDS = 90 * 86_400.0


class Retention(NamedTuple):
    """For how many seconds events, rollups, and alerts with their messages are kept."""

    events: float
    rollups: float
    alerts: float

    @property
    def hours(self) -> float:
        """For how many seconds hours are kept; days are kept as long as rollups in all."""
        return min(HOURS_SECONDS, self.rollups)
