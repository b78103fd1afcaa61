"""What the file holds beside monitors and channels: windows, escalations, status pages, templates and drills.

Their models check the shape of what is written. Whether its names exist is checked in references.py.
"""

import re
import zoneinfo
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from shared.models.scalars import Text
from shared.models.times import written_out
from shared.monitors.durations import Duration
from shared.monitors.expectations import CLOCK_TIME
from shared.monitors.parts import Part, one_or_more
from shared.monitors.policy import Names

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RECURRENCES = ("every", "weekly", "monthly", "cron", "rrule")
_WITH_TIME = ("every", "weekly", "monthly")
# They are paths of the page that has no slug.
_TAKEN_SLUGS = ("feed.atom", "feed.json", "monitors")


def _day(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in (*_FULL_DAYS, *(day.lower() for day in _DAYS)):
        return value[:3].title()
    return value


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        # A machine without any zones knows no name.
        if zoneinfo.available_timezones():
            raise ValueError("the name of a time zone, such as Asia/Seoul or UTC") from None
    return name


def _cron(text: str) -> str:
    if not re.fullmatch(r"\S+( +\S+){4}", text.strip()):
        raise ValueError('the five fields of a cron line, such as "30 2 * * 1"')
    return text.strip()


def _rule(text: str) -> str:
    if not re.search(r"(?:^|[:;\n])FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)", text.upper()):
        raise ValueError("a rule such as FREQ=WEEKLY;BYDAY=MO, daily or less often")
    return text


ClockTime = Annotated[str, Field(pattern=CLOCK_TIME, examples=["02:30"])]
TimeZone = Annotated[Text, Field(examples=["Asia/Seoul"]), AfterValidator(_zone)]
Day = Annotated[Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], BeforeValidator(_day)]
Time = Annotated[datetime, BeforeValidator(written_out)]
Days = Annotated[tuple[Day, ...], Field(min_length=1), BeforeValidator(one_or_more)]
DaysOfMonth = Annotated[
    tuple[Annotated[int, Field(ge=1, le=31)] | Literal["last"], ...],
    Field(min_length=1),
    BeforeValidator(one_or_more),
]
Cron = Annotated[Text, AfterValidator(_cron), Field(examples=["30 2 * * 1"])]
Rule = Annotated[Text, AfterValidator(_rule), Field(examples=["FREQ=WEEKLY;BYDAY=MO"])]
Line = Annotated[Text, Field(max_length=200)]
Words = Annotated[Text, Field(min_length=1, max_length=10_000)]


def _about(text: str) -> Any:
    """A field that may be left out; ``text`` is what the manual and editors say about it."""
    return Field(None, description=text)


class Recurring(Part):
    """When something happens again and again: one of the recurrences, some with the time of the day."""

    every: Literal["day"] | None = _about("`day`: every day.")
    weekly: Days | None = _about("The days of the week, `Mon` to `Sun`.")
    monthly: DaysOfMonth | None = _about("The days of the month, 1 to 31 or `last`.")
    cron: Cron | None = _about("The five fields of a cron line.")
    rrule: Rule | None = _about("A recurrence of iCalendar, daily or less often.")
    at: ClockTime | None = _about("The time of the day, for `every`, `weekly` and `monthly`.")
    time_zone: TimeZone | None = _about("The zone of the times, such as `Asia/Seoul`.")

    def recurrence(self) -> str | None:
        """The field that says when; None if none does.

        Raises:
            ValueError: several do, or the time of the day does not fit; the text says what is expected.
        """
        given = [name for name in _RECURRENCES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{given[1]}: one of {', '.join(_RECURRENCES)}; there is {given[0]} already")
        if given and given[0] in _WITH_TIME and self.at is None:
            raise ValueError(f'{given[0]}: at beside it, such as at: "02:30"')
        if self.at is not None and (not given or given[0] not in _WITH_TIME):
            raise ValueError(f"at: {', '.join(_WITH_TIME)} beside it, since nothing else needs it")
        return given[0] if given else None


class Window(Recurring):
    """A span in which monitors are under maintenance or silenced, once or again and again."""

    kind: Literal["maintenance", "silence"] = Field(
        description="`maintenance`: no alert opens. `silence`: messages are held."
    )
    title: Line | None = _about("What people call it.")
    by: Line | None = _about("Whose it is.")
    monitors: Names | None = _about("The monitors that it is about, by their names.")
    groups: Names | None = _about("The groups that it is about.")
    tags: Names | None = _about("The tags of the monitors that it is about.")
    all: Literal[True] | None = _about("`true`: it is about every monitor.")
    starts_at: Time | None = _about("When it begins. Without it, at once.")
    ends_at: Time | None = _about("When it ends.")
    duration: Duration | None = _about("How long it lasts, or each of its recurrences.")

    @model_validator(mode="after")
    def _is_whole(self) -> "Window":
        targets = [name for name in ("monitors", "groups", "tags", "all") if getattr(self, name)]
        if len(targets) != 1:
            place = targets[1] if targets else "monitors"
            raise ValueError(f"{place}: exactly one of monitors, groups, tags or all: true")
        if recurrence := self.recurrence():
            if self.duration is None:
                raise ValueError(f"{recurrence}: duration beside it, such as duration: 40m")
        elif (self.ends_at is None) == (self.duration is None):
            raise ValueError("duration: either it or ends_at, or a recurrence such as weekly with at and duration")
        starts_at, ends_at = self.starts_at, self.ends_at
        # Two times can be compared if both have an offset, or neither.
        if starts_at and ends_at and (starts_at.tzinfo is None) == (ends_at.tzinfo is None) and ends_at <= starts_at:
            raise ValueError("ends_at: a time after starts_at")
        return self


class Step(Part):
    """A step of an escalation."""

    after: Duration = Field(description="How long an alert has been open and unacknowledged when the step is taken.")
    channels: Names = Field(description="The channels that are notified then.")
    repeat: Duration | None = _about("How often they are notified again. Without it, once.")


class StatusPage(Part):
    """A public page."""

    title: Line | None = _about("The title of the page.")
    groups: Names | None = _about("The groups that it shows. Without it, all of them.")
    logo: Annotated[Text, Field(max_length=2048)] | None = _about("The URL of a picture.")
    colors: Annotated[dict[str, Text], Field(max_length=20)] | None = _about("Colours by name.")
    footer: Annotated[Text, Field(max_length=2_000)] | None = _about("The text at the end of the page.")
    password: Annotated[Text, Field(min_length=1, max_length=1024)] | None = _about(
        "What a visitor has to enter; `${NAME}` is filled in."
    )


class Templates(Part):
    """The words of every channel that has none of its own."""

    title: Words | None = _about("The title of a message.")
    text: Words | None = _about("The text of a message.")


class Drill(Recurring):
    """A test of the whole way: an alert that is clearly marked goes to every channel."""

    need_ack: Duration | None = _about("How soon somebody has to acknowledge it. Without it, nobody has to.")
    channels: Names | None = _about("The channels that get it. Without it, all of them.")

    @model_validator(mode="after")
    def _recurs(self) -> "Drill":
        if self.recurrence() is None:
            raise ValueError(f"one of {', '.join(_RECURRENCES)}")
        return self


def slug(text: str) -> str:
    """``text`` if a page can have it as the end of its address."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", text) or text in _TAKEN_SLUGS:
        raise ValueError(f"small letters, digits and hyphens, and none of {', '.join(_TAKEN_SLUGS)}")
    return text
