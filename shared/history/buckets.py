"""Spans of time that a history is asked for, cut into minutes, hours or days in UTC, or left whole. Pure."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

Step = Literal["minute", "hour", "day", "whole"]
LENGTHS: dict[Step, timedelta] = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
# How far back a history goes if nobody says so.
_A_DAY, _A_MONTH = timedelta(days=1), timedelta(days=30)
BY_DEFAULT: dict[Step, timedelta] = {"minute": _A_DAY, "hour": _A_DAY, "day": _A_MONTH, "whole": _A_MONTH}
# 125 days by the hour.
MAX_BUCKETS = 3_000


class TooManyBuckets(ValueError):
    """The span has more buckets than one answer holds."""

    def __init__(self, step: Step, count: int) -> None:
        super().__init__(f"{count} {step}s are asked for: expected at most {MAX_BUCKETS} at once")
        self.count = count


def shifted(at: datetime, by: timedelta) -> datetime:
    """``at`` + ``by``, or the calendar's first or last moment if that lies outside of it."""
    try:
        return at + by
    except OverflowError:
        return (datetime.max if by > timedelta() else datetime.min).replace(tzinfo=at.tzinfo)


def floor(at: datetime, step: Step) -> datetime:
    """The beginning of the minute, hour or day."""
    at = at.replace(second=0, microsecond=0)
    if step == "minute":
        return at
    return at.replace(minute=0) if step == "hour" else at.replace(hour=0, minute=0)


def ceiling(at: datetime, step: Step) -> datetime:
    """The end of the minute, hour or day, at most the calendar's; ``at`` itself if one ends there."""
    begins_at = floor(at, step)
    return at if begins_at == at else shifted(begins_at, LENGTHS[step])


def edges(since: datetime, until: datetime, step: Step) -> list[datetime]:
    """The beginnings of the buckets of ``[since, until)``, and the end of the last one. Raises TooManyBuckets."""
    if step == "whole":
        edges(since, until, "day")
        return [since, until]
    length = LENGTHS[step]
    first = shifted(floor(since, step), length)
    inner = max(0, -((first - until) // length))
    if inner + 1 > MAX_BUCKETS:
        raise TooManyBuckets(step, inner + 1)
    return [since, *(first + number * length for number in range(inner)), until]


def by_default(until: datetime, step: Step) -> datetime:
    """The default beginning of a history that ends at ``until``."""
    shortest: Step = "day" if step == "whole" else step
    return floor(until - BY_DEFAULT[step] + LENGTHS[shortest], shortest)


def neighbours(found: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Each bucket's beginning and end."""
    return list(itertools.pairwise(found))
