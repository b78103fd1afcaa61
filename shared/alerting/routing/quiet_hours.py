"""Hours of each day in which a channel is not disturbed, by the wall clock of a zone. Pure.

A time that a night lacks comes an hour later; one that a night has twice counts once, the first time. Recurring windows
count in the same way.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.models.channel import QuietHours


def end_after(quiet: QuietHours, now: datetime) -> datetime | None:
    """When the quiet hours end that cover ``now``; None if none do."""
    today = now.astimezone(ZoneInfo(quiet.time_zone)).date()
    for day in (today - timedelta(days=1), today):
        begins_at, ends_at = _span_of(quiet, day)
        if begins_at <= now < ends_at:
            return ends_at
    return None


def _span_of(quiet: QuietHours, day: date) -> tuple[datetime, datetime]:
    """The span that begins on a day, in UTC. It is empty if the clock skips it."""
    last = day if quiet.begins < quiet.ends else day + timedelta(days=1)
    zone = ZoneInfo(quiet.time_zone)
    return _in_utc(day, quiet.begins, zone), _in_utc(last, quiet.ends, zone)


def _in_utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
