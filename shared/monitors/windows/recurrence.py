"""When something happens again and again: the fields of it, as the file and the API take them."""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from shared.models.scalars import Text
from shared.monitors.parts import Part, one_or_more
from shared.monitors.windows.clock import ClockTime, TimeZone
from shared.monitors.windows.spans import Recurrence, occurs

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RECURRENCES = ("every", "weekly", "monthly", "cron", "rrule")
_WITH_TIME = ("every", "weekly", "monthly")
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_MOST_TIMES = 24
# The context in which what is stored is validated.
STORED = "stored"


def is_new(info: ValidationInfo) -> bool:
    """Whether something is given now. A stored one was given to a former version, and stays readable."""
    return info.context != STORED


def _day(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in (*_FULL_DAYS, *(day.lower() for day in _DAYS)):
        return value[:3].title()
    return value


def _cron(text: str) -> str:
    text = " ".join(text.split())
    if not re.fullmatch(r"\S+( \S+){4}", text) or not occurs("cron", text):
        raise ValueError('the five fields of a cron line that comes to pass, such as "30 2 * * 1"')
    return text


def _rule(text: str, info: ValidationInfo) -> str:
    if is_new(info) and re.search(r"(?i)\bCOUNT=", text) and not re.search(r"(?i)\bDTSTART\b", text):
        raise ValueError("DTSTART before a rule with COUNT, from which it counts")
    frequencies = set(re.findall(r"FREQ=(\w*)", text.upper()))
    # A rule is counted through from its beginning: one that comes thousands of times a day would hold everything up.
    times = math.prod(part.count(",") + 1 for part in re.findall(r"BY(?:HOUR|MINUTE|SECOND)=([^;\s]*)", text.upper()))
    if not frequencies or frequencies - _FREQUENCIES or times > _MOST_TIMES or not occurs("rrule", text):
        raise ValueError("a rule such as FREQ=WEEKLY;BYDAY=MO, daily or less often, that comes to pass")
    return text


Day = Annotated[Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], BeforeValidator(_day)]
Days = Annotated[tuple[Day, ...], Field(min_length=1, max_length=7), BeforeValidator(one_or_more)]
DaysOfMonth = Annotated[
    tuple[Annotated[int, Field(ge=1, le=31)] | Literal["last"], ...],
    Field(min_length=1, max_length=32),
    BeforeValidator(one_or_more),
]
Cron = Annotated[Text, Field(max_length=200, examples=["30 2 * * 1"]), AfterValidator(_cron)]
Rule = Annotated[Text, Field(max_length=1_000, examples=["FREQ=WEEKLY;BYDAY=MO"]), AfterValidator(_rule)]


def about(text: str) -> Any:
    """A field that may be left out; ``text`` is what the manual and editors say about it."""
    return Field(None, description=text)


class Recurring(Part):
    """When something happens again and again: one of the recurrences, some with the time of the day."""

    every: Literal["day"] | None = about("`day`: every day.")
    weekly: Days | None = about("The days of the week, `Mon` to `Sun`.")
    monthly: DaysOfMonth | None = about("The days of the month, 1 to 31 or `last`.")
    cron: Cron | None = about("The five fields of a cron line.")
    rrule: Rule | None = about("A recurrence of iCalendar, daily or less often.")
    at: ClockTime | None = about("The time of the day, for `every`, `weekly` and `monthly`.")
    time_zone: TimeZone | None = about("The zone of the times, such as `Asia/Seoul`.")

    def recurrence(self) -> str | None:
        """The field that says when; None if none does.

        Raises:
            ValueError: several do, or the time of the day does not fit; the text says what is expected.
        """
        given = [name for name in RECURRENCES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{given[1]}: one of {', '.join(RECURRENCES)}; there is {given[0]} already")
        if given and given[0] in _WITH_TIME and self.at is None:
            raise ValueError(f'{given[0]}: at beside it, such as at: "02:30"')
        if self.at is not None and (not given or given[0] not in _WITH_TIME):
            raise ValueError(f"at: {', '.join(_WITH_TIME)} beside it, since nothing else needs it")
        return given[0] if given else None

    def rule(self) -> tuple[str, str] | None:
        """The rule of a ``Recurrence`` and its text; None if nothing recurs."""
        match self.recurrence():
            case None:
                return None
            case "cron" | "rrule" as given:
                return given, getattr(self, given)
        hour, _, minute = (self.at or "").partition(":")
        days = ",".join("L" if day == "last" else str(day) for day in self.monthly or ())
        weekdays = ",".join(day.upper() for day in self.weekly or ())
        return "cron", f"{int(minute)} {int(hour)} {days or '*'} * {weekdays or '*'}"


class Recurrent(Recurring):
    """A rule that always recurs, and has no length of its own."""

    @model_validator(mode="after")
    def _recurs(self) -> "Recurrent":
        if self.recurrence() is None:
            raise ValueError(f"one of {', '.join(RECURRENCES)}")
        return self

    def recurs_as(self) -> Recurrence:
        """When it begins."""
        rule = self.rule()
        assert rule is not None  # noqa: S101  # see above
        return Recurrence(*rule, self.time_zone or "UTC", 0.0)
