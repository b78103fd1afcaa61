"""The days that a summary is about. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.monitors.windows.spans import Recurrence

_DAY = timedelta(days=1)
# More than a year is no news, and reading it takes long.
_LONGEST = timedelta(days=366)


class Period(NamedTuple):
    """Whole days by the clock of a zone, from the first one to the last one. ``ends_at`` is not part of it."""

    first_day: date
    last_day: date
    starts_at: datetime
    ends_at: datetime


def period_of(recurrence: Recurrence, now: datetime) -> Period:
    """The days of the summary that was due last: from the day of the one before it to the day before its own.

    Each day is therefore in one summary, and in no second one: see ``end_of_its_day``.
    """
    zone = ZoneInfo(recurrence.time_zone)
    today = (recurrence.last(now) or now).astimezone(zone).date()
    before = recurrence.last(_midnight(today, zone) - timedelta(seconds=1))
    first = before.astimezone(zone).date() if before else today - _DAY
    first = max(first, today - _LONGEST)
    return Period(first, today - _DAY, _midnight(first, zone), _midnight(today, zone))


def end_of_its_day(recurrence: Recurrence, period: Period) -> datetime:
    """The last second of the day on which this summary was due. Another one on it would be about the same days."""
    return _midnight(period.last_day + 2 * _DAY, ZoneInfo(recurrence.time_zone)) - timedelta(seconds=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
