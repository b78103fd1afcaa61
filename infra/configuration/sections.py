"""The parts of the file that have no model elsewhere: escalations and templates.

Their models check the shape of what is written. Whether its names exist is checked in references.py.
"""

from pydantic import Field

from shared.channels.fields import Words
from shared.monitors.durations import Duration
from shared.monitors.parts import Names, Part
from shared.monitors.windows.recurrence import about


class Step(Part):
    """A step of an escalation."""

    after: Duration = Field(description="How long an alert has been open and unacknowledged when the step is taken.")
    channels: Names = Field(description="The channels that are notified then.")
    repeat: Duration | None = about("How often they are notified again. Without it, once.")


class Templates(Part):
    """The words of every channel that has none of its own."""

    title: Words | None = about("The title of a message.")
    text: Words | None = about("The text of a message.")
