"""The summaries of the file: each begins once for the time at which it is due, and is about the days before."""

import threading
from datetime import date
from typing import Any

import pytest

from shared.monitors.windows.summary import Summary
from shared.store import Store
from shared.store.recurring.period import period_of
from tests.shared.summaries.steps import DAILY, DAY, HOUR, content, put, review, stored
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.watching import owed


def begun(store: Store, *moments: float) -> list[float]:
    """When summaries began, of reviews at these times."""
    return [seconds for seconds in moments for _ in review(store, seconds)]


@on_each_engine
def test_a_summary_begins_once_when_it_is_due(store: Store) -> None:
    put(store, DAILY)
    assert begun(store, 1, HOUR - 1, HOUR, HOUR + 1, HOUR + 60, DAY, DAY + HOUR + 2) == [HOUR, DAY + HOUR + 2]
    assert [content(each)["from"] for each in stored(store)] == ["2025-01-07", "2025-01-08"]


def test_a_late_scheduler_begins_it_late_and_about_the_same_days(store: Store) -> None:
    put(store, DAILY)
    assert begun(store, 5 * HOUR, 6 * HOUR) == [5 * HOUR]
    assert (content(stored(store)[0])["from"], content(stored(store)[0])["to"]) == ("2025-01-07", "2025-01-07")


def test_of_several_missed_times_the_last_one_counts(store: Store) -> None:
    put(store, DAILY)
    assert begun(store, 3 * DAY, 3 * DAY + 60, 3 * DAY + HOUR) == [3 * DAY, 3 * DAY + HOUR]
    assert [content(each)["to"] for each in stored(store)] == ["2025-01-09", "2025-01-10"]


@pytest.mark.parametrize(
    ("cron", "due", "ends"),
    [
        ("0 13,18 * * *", [HOUR + 60, DAY + HOUR], ["2025-01-07", "2025-01-08"]),
        # Both are missed until the next day.
        ("0 18,23 * * *", [12 * HOUR + 60, DAY + 6 * HOUR], ["2025-01-07", "2025-01-08"]),
        ("0 0,18 * * *", [6 * HOUR, 12 * HOUR, DAY + 12 * HOUR], ["2025-01-07", "2025-01-08", "2025-01-09"]),
    ],
)
def test_of_several_times_in_a_day_the_first_one_counts(
    store: Store, cron: str, due: list[float], ends: list[str]
) -> None:
    put(store, {"cron": cron})
    between = [6 * HOUR + 60, 12 * HOUR + 120, DAY, DAY + 6 * HOUR + 60, DAY + 11 * HOUR + 60]
    assert begun(store, *sorted({*due, *(each for each in between if each > due[0])})) == due
    assert [content(each)["to"] for each in stored(store)] == ends


def test_what_was_due_before_it_was_written_does_not_count(store: Store) -> None:
    put(store, {"every": "day", "at": "11:00"})
    assert begun(store, 1, HOUR) == []


def test_a_file_that_says_the_same_again_changes_nothing(store: Store) -> None:
    put(store, DAILY)
    put(store, DAILY, seconds=HOUR + 1)
    assert begun(store, HOUR + 2) == [HOUR + 2], "it was due before it was applied again"


def test_a_summary_that_is_taken_away_does_not_begin(store: Store) -> None:
    put(store, DAILY)
    put(store, seconds=HOUR + 1)
    assert begun(store, HOUR + 2) == []


def test_all_that_are_due_begin_at_once(store: Store) -> None:
    put(store, DAILY | {"channels": ["a"]}, {"weekly": ["Wed"], "at": "12:30", "channels": ["b"]})
    assert begun(store, HOUR, HOUR + 1) == [HOUR, HOUR]
    assert [owed(store, each.id) for each in stored(store)] == [[("SUMMARY", "b")], [("SUMMARY", "a")]]


@on_each_engine
def test_many_reviews_at_once_begin_one_summary(store: Store) -> None:
    put(store, DAILY)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(review(store, HOUR)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [0] * 7 + [1]
    assert len(stored(store)) == 1
    assert owed(store, 1) == [("SUMMARY", "a"), ("SUMMARY", "b")]


@pytest.mark.parametrize(
    ("fields", "seconds", "first", "last"),
    [
        # 13:00 in Seoul is 04:00 UTC: by then it is Thursday there.
        (DAILY | {"time_zone": "Asia/Seoul"}, 16 * HOUR, (2025, 1, 8), (2025, 1, 8)),
        ({"weekly": ["Mon"], "at": "09:00"}, 5 * DAY, (2025, 1, 6), (2025, 1, 12)),
        # Each of two in a week has its own days.
        ({"weekly": ["Mon", "Thu"], "at": "09:00"}, DAY, (2025, 1, 6), (2025, 1, 8)),
        ({"weekly": ["Mon", "Thu"], "at": "09:00"}, 5 * DAY, (2025, 1, 9), (2025, 1, 12)),
        # Both of two in a day are about the day before.
        ({"cron": "0 9,10 * * *"}, 0, (2025, 1, 7), (2025, 1, 7)),
        ({"monthly": [1], "at": "09:00"}, 24 * DAY, (2025, 1, 1), (2025, 1, 31)),
        ({"rrule": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=2;BYHOUR=0;BYMINUTE=0"}, 0, (2024, 1, 2), (2025, 1, 1)),
        # There was no earlier one.
        ({"rrule": "DTSTART:20250108T110000\nRRULE:FREQ=WEEKLY"}, 0, (2025, 1, 7), (2025, 1, 7)),
    ],
)
def test_each_day_is_in_one_summary(fields: dict[str, Any], seconds: float, first: Any, last: Any) -> None:
    found = period_of(Summary.model_validate(fields).recurs_as(), at(seconds))
    assert (found.first_day, found.last_day) == (date(*first), date(*last))


def test_the_days_are_those_of_the_zone_also_when_its_clock_changes() -> None:
    # In Berlin, the clock went forward on Sunday, 30 March 2025.
    weekly = Summary.model_validate({"weekly": ["Mon"], "at": "09:00", "time_zone": "Europe/Berlin"})
    found = period_of(weekly.recurs_as(), at(82 * DAY))
    assert (found.first_day, found.last_day) == (date(2025, 3, 24), date(2025, 3, 30))
    assert (found.ends_at - found.starts_at).total_seconds() == 7 * DAY - HOUR
