"""A status page as the file says it, and as the API takes it."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from shared.models.scalars import Text
from shared.monitors.parts import Name, Names, Part
from shared.monitors.windows.recurrence import about

# They are paths of the page that has no slug.
_TAKEN_SLUGS = ("feed.atom", "feed.json", "monitors", "subscribe", "subscriptions")
# The parts of a page that can be coloured: links and lines, and the states.
Colored = Literal["accent", "up", "down", "slow", "maintenance"]
Line = Annotated[Text, Field(max_length=200)]

Color = Annotated[Text, Field(pattern=r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")]


class StatusPage(Part):
    """A public page."""

    title: Line | None = about("The title of the page.")
    groups: Names | None = about("The groups that it shows. Without it, all of them.")
    logo: Annotated[Text, Field(max_length=2048)] | None = about("The https:// URL of a picture.")
    colors: dict[Colored, Color] | None = about(
        "Colours such as #1f4fb0: `accent`, `up`, `down`, `slow`, `maintenance`."
    )
    footer: Annotated[Text, Field(max_length=2_000)] | None = about("The text at the end of the page.")
    subscribe: bool | Name | None = about(
        "The channel of the kind email that mails subscribers; `false`: nobody can subscribe by mail. Without it, the "
        "only such channel."
    )
    password: Annotated[Text, Field(min_length=1, max_length=1024)] | None = about(
        "What a visitor has to enter; `${NAME}` is filled in."
    )


class StatusPages(BaseModel):
    """The pages of a configuration: the one at ``/status``, and others by their slugs."""

    status_page: StatusPage | None = None
    status_pages: dict[Annotated[str, AfterValidator(lambda text: slug(text))], StatusPage] = {}


def slug(text: str) -> str:
    """``text`` if a page can have it as the end of its address."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", text) or text in _TAKEN_SLUGS:
        raise ValueError(f"small letters, digits and hyphens, and none of {', '.join(_TAKEN_SLUGS)}")
    return text
