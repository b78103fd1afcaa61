"""A summary as the file takes it."""

from shared.monitors.parts import Names
from shared.monitors.windows.recurrence import Recurrent, about


class Summary(Recurrent):
    """How it went since the last summary, to chosen channels."""

    channels: Names | None = about(
        "The channels that get it. Without it, all of them. Incident services, such as PagerDuty, get none."
    )
