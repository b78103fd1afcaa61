"""A window as the file and the API take it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from shared.models.scalars import MonitorName, Text
from shared.models.times import utc, written_out
from shared.monitors.durations import Duration
from shared.monitors.parts import Names, one_or_more
from shared.monitors.windows.recurrence import Recurring, about, is_new
from shared.monitors.windows.spans import Recurrence

TARGETS = ("monitors", "groups", "tags", "all")
Line = Annotated[Text, Field(min_length=1, max_length=255)]
# Also of monitors that have no policy: they are called after their URLs, or as somebody reports them.
MonitorNames = Annotated[tuple[MonitorName, ...], Field(max_length=200), BeforeValidator(one_or_more)]
WrittenTime = Annotated[datetime, BeforeValidator(written_out)]


class Window(Recurring):
    """A span in which monitors are under maintenance or silenced, once or again and again."""

    kind: Literal["maintenance", "silence"] = Field(
        description="`maintenance`: no alert opens. `silence`: messages are held."
    )
    title: Line | None = about("What people call it.")
    by: Line | None = about("Whose it is.")
    monitors: MonitorNames | None = about("The monitors that it is about, by their names.")
    groups: Names | None = about("The groups that it is about.")
    tags: Names | None = about("The tags of the monitors that it is about.")
    all: Literal[True] | None = about("`true`: it is about every monitor.")
    starts_at: WrittenTime | None = about("When it begins. Without it, at once.")
    ends_at: WrittenTime | None = about("When it ends.")
    duration: Duration | None = about("How long it lasts, or each of its recurrences.")

    @model_validator(mode="after")
    def _is_whole(self) -> "Window":
        targets = [name for name in TARGETS if getattr(self, name)]
        if len(targets) != 1:
            place = targets[1] if targets else "monitors"
            raise ValueError(f"{place}: exactly one of monitors, groups, tags or all: true")
        if recurrence := self.recurrence():
            if self.duration is None:
                raise ValueError(f"{recurrence}: duration beside it, such as duration: 40m")
            if given := next((name for name in ("starts_at", "ends_at") if getattr(self, name)), None):
                raise ValueError(f"{given}: nothing beside {recurrence}, which says when it is")
        elif (self.ends_at is None) == (self.duration is None):
            raise ValueError("duration: either it or ends_at, or a recurrence such as weekly with at and duration")
        starts_at, ends_at = self.starts_at, self.ends_at
        # Two times can be compared if both have an offset, or neither.
        if starts_at and ends_at and (starts_at.tzinfo is None) == (ends_at.tzinfo is None) and ends_at <= starts_at:
            raise ValueError("ends_at: a time after starts_at")
        return self

    @model_validator(mode="after")
    def _has_an_end(self, info: ValidationInfo) -> "Window":
        recurrence = self.recurs_as()
        if recurrence and is_new(info) and not recurrence.has_an_end():
            raise ValueError("duration: less than the time until it begins again, since it would never end")
        return self

    @property
    def targets(self) -> dict[str, Any]:
        """Its subjects: one of TARGETS, and its names."""
        return {name: value for name in TARGETS if (value := getattr(self, name))}

    def recurs_as(self) -> Recurrence | None:
        """Its spans; None if it comes once."""
        rule = self.rule()
        return Recurrence(*rule, self.time_zone or "UTC", self.duration or 0) if rule else None

    def once(self, now: datetime) -> tuple[datetime, datetime]:
        """When it begins and ends, if it comes once. A beginning in the past is moved to now."""
        starts_at = self._in_utc(self.starts_at) or now
        ends_at = self._in_utc(self.ends_at) or starts_at + timedelta(seconds=self.duration or 0)
        return max(starts_at, now), ends_at

    def _in_utc(self, at: datetime | None) -> datetime | None:
        if at is None:
            return None
        return utc(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self.time_zone) if self.time_zone else UTC))
