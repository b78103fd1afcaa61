"""A drill as the file and the API take it."""

from shared.monitors.durations import Duration
from shared.monitors.parts import Names, Part
from shared.monitors.windows.recurrence import Recurrent, about

_NEED_ACK = "How soon somebody has to acknowledge it. Without it, nobody has to."
_CHANNELS = "The channels that get it. Without it, all of them."


class DrillNow(Part):
    """A drill that begins at once."""

    need_ack: Duration | None = about(_NEED_ACK)
    channels: Names | None = about(_CHANNELS)


class Drill(Recurrent):
    """A test of the whole way: an alert that is clearly marked goes to every channel."""

    need_ack: Duration | None = about(_NEED_ACK)
    channels: Names | None = about(_CHANNELS)
