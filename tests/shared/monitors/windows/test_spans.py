"""When windows are, by the wall clock of their zone: on ordinary days, and on those that change the clock."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.monitors.windows.planned import Planned
from shared.monitors.windows.spans import Recurrence, Span, occurs
from shared.monitors.windows.window import Window

NOW = datetime(2027, 1, 13, 12, tzinfo=UTC)  # a Wednesday


def window(**fields: object) -> Window:
    return Window.model_validate({"kind": "maintenance", "all": True} | fields)


def recurrence(zone: str = "UTC", **fields: object) -> Recurrence:
    found = window(**{"duration": "40m", "time_zone": zone} | fields).recurs_as()
    assert found is not None
    return found


def starts(found: Recurrence, since: datetime, count: int = 4) -> list[str]:
    """When the first spans begin, as the wall clock of their zone says."""
    zone = ZoneInfo(found.time_zone)
    return [f"{span.starts_at.astimezone(zone):%m-%d %H:%M%z}" for span in itertools.islice(found.spans(since), count)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"every": "day", "at": "02:30"}, ["01-14 02:30", "01-15 02:30", "01-16 02:30"]),
        ({"weekly": ["Mon", "Thursday"], "at": "02:30"}, ["01-14 02:30", "01-18 02:30", "01-21 02:30"]),
        ({"monthly": [1, "last"], "at": "23:00"}, ["01-31 23:00", "02-01 23:00", "02-28 23:00"]),
        ({"monthly": 31, "at": "00:00"}, ["01-31 00:00", "03-31 00:00", "05-31 00:00"]),
        ({"cron": "30 2 * * 1"}, ["01-18 02:30", "01-25 02:30", "02-01 02:30"]),
        ({"rrule": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=2;BYMINUTE=30"}, ["01-18 02:30", "01-25 02:30", "02-01 02:30"]),
        (
            {"rrule": "DTSTART:20260101T023000\nRRULE:FREQ=MONTHLY;BYDAY=2SA"},
            ["02-13 02:30", "03-13 02:30", "04-10 02:30"],
        ),
        (
            {"rrule": "DTSTART;TZID=Asia/Seoul:20270113T090000\nRRULE:FREQ=DAILY;COUNT=3"},
            ["01-14 09:00", "01-15 09:00"],
        ),
        ({"rrule": "DTSTART:20270110T090000\nRRULE:FREQ=DAILY;UNTIL=20270115T000000Z"}, ["01-14 09:00"]),
    ],
)
def test_a_window_recurs(fields: dict[str, Any], expected: list[str]) -> None:
    assert [each.removesuffix("+0000") for each in starts(recurrence(**fields), NOW, 3)] == expected


@pytest.mark.parametrize("rule", [{"every": "day", "at": "02:30"}, {"rrule": "FREQ=DAILY;BYHOUR=2;BYMINUTE=30"}])
@pytest.mark.parametrize(
    ("why", "since", "expected"),
    [
        (
            "the night that has no 02:30 has its window an hour later, once",
            datetime(2027, 3, 26, 12, tzinfo=UTC),
            [{"03-27 02:30+0100"}, {"03-28 03:00+0200", "03-28 03:30+0200"}, {"03-29 02:30+0200"}],
        ),
        (
            "the night that has two has it at the first of them, once",
            datetime(2027, 10, 29, 12, tzinfo=UTC),
            [{"10-30 02:30+0200"}, {"10-31 02:30+0200"}, {"11-01 02:30+0100"}],
        ),
    ],
)
def test_a_change_of_the_clock(why: str, since: datetime, expected: list[set[str]], rule: dict[str, object]) -> None:
    found = starts(recurrence("Europe/Berlin", **rule), since, 3)
    assert all(start in allowed for start, allowed in zip(found, expected, strict=True)), (why, found)


def test_a_window_over_a_change_of_the_clock_lasts_as_long_as_ever() -> None:
    [span] = itertools.islice(
        recurrence("Europe/Berlin", every="day", at="01:30", duration="3h").spans(datetime(2027, 3, 28, 0, tzinfo=UTC)),
        1,
    )
    assert span == Span(datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 3, 30, tzinfo=UTC))


ZONES = ["UTC", "Asia/Seoul", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]
TIMES = st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    minute=st.sampled_from([0, 15, 30, 59]),
    length=st.integers(1, 60 * 30),
    at=TIMES,
)
def test_the_span_at_a_time_is_what_walking_through_the_spans_finds(
    zone: str, hour: int, minute: int, length: int, at: datetime
) -> None:
    found = recurrence(zone, every="day", at=f"{hour:02}:{minute:02}", duration=f"{length}m")
    walked = list(itertools.takewhile(lambda span: span.starts_at <= at, found.spans(at - timedelta(days=4))))
    covering = [span for span in walked if span.covers(at)]
    assert found.span_at(at) == (covering[-1] if covering else None)
    begins = [span.starts_at for span in walked]
    assert begins == sorted(set(begins))
    # Each day of the wall clock has one, and on most days it is at the time that was asked for.
    local = [begin.astimezone(ZoneInfo(zone)) for begin in begins]
    assert [each.date() for each in local] == [local[0].date() + timedelta(days=day) for day in range(len(local))]
    assert sum((each.hour, each.minute) == (hour, minute) for each in local) >= len(local) - 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("cron", "0 0 30 2 *"),
        ("cron", "61 0 * * *"),
        ("cron", "@daily x"),
        ("rrule", "FREQ=DAILY;BYDAY=XX"),
        ("rrule", ""),
    ],
)
def test_what_never_comes_to_pass_is_no_rule(rule: str, text: str) -> None:
    assert not occurs(rule, text)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY\nRRULE:FREQ=MINUTELY",
        "FREQ=DAILY;BYHOUR=0,6,12,18;BYMINUTE=0,10,20,30,40,50,55",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;UNTIL=20990101T000000",
    ],
)
def test_a_rule_that_would_hold_everything_up_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="daily or less often"):
        window(rrule=text, duration="1h")


def test_a_window_that_comes_once_begins_now_at_the_earliest() -> None:
    assert window(duration="1h").once(NOW) == (NOW, NOW + timedelta(hours=1))
    past = window(starts_at="2027-01-13T11:30:00Z", duration="1h")
    assert past.once(NOW) == (NOW, NOW + timedelta(minutes=30))
    in_seoul = window(starts_at="2027-01-14T09:00:00", ends_at="2027-01-14T10:00:00", time_zone="Asia/Seoul")
    assert in_seoul.once(NOW) == (datetime(2027, 1, 14, tzinfo=UTC), datetime(2027, 1, 14, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("targets", "is_about"),
    [
        ({"monitors": ["API"]}, True),
        ({"monitors": ["api"]}, False),
        ({"groups": ["Web", "Mail"]}, True),
        ({"groups": ["Other"]}, False),
        ({"tags": ["eu", "db"]}, True),
        ({"tags": ["us"]}, False),
        ({"all": True}, True),
    ],
)
def test_a_window_is_about(targets: dict[str, object], is_about: bool) -> None:
    planned = Planned(1, "silence", targets, Span(NOW, NOW), None)  # type: ignore[arg-type]
    assert planned.is_about("API", "Web", ("eu",)) is is_about
