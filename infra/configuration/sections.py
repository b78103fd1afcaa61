"""The parts of the file beside monitors, channels and windows: escalations, status pages, templates and drills.

Their models check the shape of what is written. Whether its names exist is checked in references.py.
"""

import re
from typing import Annotated

from pydantic import Field, model_validator

from shared.channels.fields import Words
from shared.models.scalars import Text
from shared.monitors.durations import Duration
from shared.monitors.parts import Names, Part
from shared.monitors.windows.recurrence import RECURRENCES, Recurring, about

# They are paths of the page that has no slug.
_TAKEN_SLUGS = ("feed.atom", "feed.json", "monitors")
Line = Annotated[Text, Field(max_length=200)]


class Step(Part):
    """A step of an escalation."""

    after: Duration = Field(description="How long an alert has been open and unacknowledged when the step is taken.")
    channels: Names = Field(description="The channels that are notified then.")
    repeat: Duration | None = about("How often they are notified again. Without it, once.")


class StatusPage(Part):
    """A public page."""

    title: Line | None = about("The title of the page.")
    groups: Names | None = about("The groups that it shows. Without it, all of them.")
    logo: Annotated[Text, Field(max_length=2048)] | None = about("The URL of a picture.")
    colors: Annotated[dict[str, Text], Field(max_length=20)] | None = about("Colours by name.")
    footer: Annotated[Text, Field(max_length=2_000)] | None = about("The text at the end of the page.")
    password: Annotated[Text, Field(min_length=1, max_length=1024)] | None = about(
        "What a visitor has to enter; `${NAME}` is filled in."
    )


class Templates(Part):
    """The words of every channel that has none of its own."""

    title: Words | None = about("The title of a message.")
    text: Words | None = about("The text of a message.")


class Drill(Recurring):
    """A test of the whole way: an alert that is clearly marked goes to every channel."""

    need_ack: Duration | None = about("How soon somebody has to acknowledge it. Without it, nobody has to.")
    channels: Names | None = about("The channels that get it. Without it, all of them.")

    @model_validator(mode="after")
    def _recurs(self) -> "Drill":
        if self.recurrence() is None:
            raise ValueError(f"one of {', '.join(RECURRENCES)}")
        return self


def slug(text: str) -> str:
    """``text`` if a page can have it as the end of its address."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", text) or text in _TAKEN_SLUGS:
        raise ValueError(f"small letters, digits and hyphens, and none of {', '.join(_TAKEN_SLUGS)}")
    return text
