"""Quiet hours by the wall clock of their zone: across midnight, and on the days that change the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.alerting.routing.quiet_hours import end_after
from shared.models.channel import QuietHours


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def quiet(begins: str, ends: str, zone: str) -> QuietHours:
    return QuietHours(time.fromisoformat(begins), time.fromisoformat(ends), zone)


NIGHT = quiet("22:00", "07:00", "Asia/Seoul")
NOON_BREAK = quiet("12:00", "13:30", "Asia/Seoul")
BERLIN = quiet("22:00", "07:00", "Europe/Berlin")


@pytest.mark.parametrize(
    ("hours", "now", "ends_at"),
    [
        # Across midnight: before, at the beginning, on both sides of midnight, at the end.
        (NIGHT, "2025-01-08T21:59:59.999+09:00", None),
        (NIGHT, "2025-01-08T22:00+09:00", "2025-01-09T07:00+09:00"),
        (NIGHT, "2025-01-08T23:59+09:00", "2025-01-09T07:00+09:00"),
        (NIGHT, "2025-01-09T00:00+09:00", "2025-01-09T07:00+09:00"),
        (NIGHT, "2025-01-09T06:59:59.999+09:00", "2025-01-09T07:00+09:00"),
        (NIGHT, "2025-01-09T07:00+09:00", None),
        # The zone's clock counts, whatever zone the time is given in: here it is the next day already.
        (NIGHT, "2025-01-08T14:00+00:00", "2025-01-08T22:00+00:00"),
        (NIGHT, "2025-01-08T08:00-05:00", "2025-01-08T17:00-05:00"),
        (NIGHT, "2025-01-08T12:59-00:00", None),
        # Within one day.
        (NOON_BREAK, "2025-01-08T11:59+09:00", None),
        (NOON_BREAK, "2025-01-08T12:00+09:00", "2025-01-08T13:30+09:00"),
        (NOON_BREAK, "2025-01-08T13:30+09:00", None),
        # A short night in spring and a long one in autumn end at seven by the clock.
        (BERLIN, "2025-03-29T22:00+01:00", "2025-03-30T07:00+02:00"),
        (BERLIN, "2025-10-25T22:00+02:00", "2025-10-26T07:00+01:00"),
        # In summer they begin an hour earlier, as UTC counts.
        (BERLIN, "2025-07-01T20:00+00:00", "2025-07-02T05:00+00:00"),
        (BERLIN, "2025-01-01T20:59+00:00", None),
        # An end that a night in spring lacks comes an hour later.
        (quiet("22:00", "02:30", "Europe/Berlin"), "2025-03-30T03:10+02:00", "2025-03-30T03:30+02:00"),
        (quiet("22:00", "02:30", "Europe/Berlin"), "2025-03-30T03:30+02:00", None),
        # An end that a night in autumn has twice counts the first time, and does not begin a second time.
        (quiet("22:00", "02:30", "Europe/Berlin"), "2025-10-26T02:29+02:00", "2025-10-26T02:30+02:00"),
        (quiet("22:00", "02:30", "Europe/Berlin"), "2025-10-26T02:10+01:00", None),
        # A beginning that the night has twice counts the first time, too.
        (quiet("02:30", "07:00", "Europe/Berlin"), "2025-10-26T02:10+01:00", "2025-10-26T07:00+01:00"),
        # A night without these minutes has no quiet hours, and the next one does.
        (quiet("02:30", "03:00", "Europe/Berlin"), "2025-03-30T03:10+02:00", None),
        (quiet("02:30", "03:00", "Europe/Berlin"), "2025-03-31T02:40+02:00", "2025-03-31T03:00+02:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_of_their_zone(hours: QuietHours, now: str, ends_at: str | None) -> None:
    assert end_after(hours, moment(now)) == (moment(ends_at) if ends_at else None)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Asia/Seoul", "Europe/Berlin", "America/St_Johns", "UTC"])
def test_a_year_is_quiet_when_the_clock_says_so(zone: str) -> None:
    """Against the plainest definition. No clock changes at either end of these hours."""
    hours, at = quiet("22:15", "06:45", zone), datetime(2025, 1, 1, tzinfo=UTC)
    while at.year == 2025:
        clock = at.astimezone(ZoneInfo(zone)).time()
        is_quiet = clock >= hours.begins or clock < hours.ends
        ends_at = end_after(hours, at)
        assert (ends_at is not None) is is_quiet, at
        assert ends_at is None or ends_at.astimezone(ZoneInfo(zone)).time() == hours.ends
        at += timedelta(minutes=61)
