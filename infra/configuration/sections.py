"""The part of the file that has no model elsewhere: templates."""

from shared.channels.fields import Words
from shared.monitors.parts import Part
from shared.monitors.windows.recurrence import about


class Templates(Part):
    """The words of every channel that has none of its own."""

    title: Words | None = about("The title of a message.")
    text: Words | None = about("The text of a message.")
