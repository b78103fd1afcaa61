"""A drill as the file and the API take it."""

from pydantic import model_validator

from shared.monitors.durations import Duration
from shared.monitors.parts import Names, Part
from shared.monitors.windows.recurrence import RECURRENCES, Recurring, about
from shared.monitors.windows.spans import Recurrence

_NEED_ACK = "How soon somebody has to acknowledge it. Without it, nobody has to."
_CHANNELS = "The channels that get it. Without it, all of them."


class DrillNow(Part):
    """A drill that begins at once."""

    need_ack: Duration | None = about(_NEED_ACK)
    channels: Names | None = about(_CHANNELS)


class Drill(Recurring):
    """A test of the whole way: an alert that is clearly marked goes to every channel."""

    need_ack: Duration | None = about(_NEED_ACK)
    channels: Names | None = about(_CHANNELS)

    @model_validator(mode="after")
    def _recurs(self) -> "Drill":
        if self.recurrence() is None:
            raise ValueError(f"one of {', '.join(RECURRENCES)}")
        return self

    def recurs_as(self) -> Recurrence:
        """When it begins. A drill has no length of its own."""
        rule = self.rule()
        assert rule is not None  # noqa: S101  # see above
        return Recurrence(*rule, self.time_zone or "UTC", 0.0)
