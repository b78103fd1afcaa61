"""The drills of the file: each begins once for the time at which it is due."""

import threading
from typing import Any

import pytest

from shared.monitors.windows.drill import Drill
from shared.store import Store
from tests.support.builders import Channel, at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS
from tests.support.store.watching import deliver_all, history, owed

pytestmark = pytest.mark.slow

# Noon is that of Wednesday, 8 January 2025.
DAY, HOUR = 86_400.0, 3_600.0
DAILY = {"every": "day", "at": "13:00"}


def put(store: Store, *drills: dict[str, Any], seconds: float = 0) -> None:
    wanted = [Drill.model_validate(each) for each in drills]
    store.monitors.apply([], {}, {}, now=at(seconds), channels=CHANNELS, drills=wanted)


def begun(store: Store, *moments: float) -> list[float]:
    """When drills began, of reviews at these times. Each is delivered, and ends with the next review."""
    found = []
    for seconds in moments:
        if store.drills.review(now=at(seconds), channels=CHANNELS).begun is not None:
            found.append(seconds)
            deliver_all(store, seconds, a=Channel(), b=Channel())
    return found


@on_each_engine
def test_a_drill_begins_once_when_it_is_due(store: Store) -> None:
    put(store, DAILY)
    assert begun(store, 1, HOUR - 1, HOUR, HOUR + 1, HOUR + 60, DAY, DAY + HOUR + 2) == [HOUR, DAY + HOUR + 2]


def test_a_late_scheduler_begins_it_late(store: Store) -> None:
    put(store, DAILY)
    assert begun(store, 5 * HOUR, 6 * HOUR) == [5 * HOUR]


def test_several_missed_times_are_one_drill(store: Store) -> None:
    put(store, DAILY)
    assert begun(store, 3 * DAY, 3 * DAY + 60, 3 * DAY + HOUR) == [3 * DAY, 3 * DAY + HOUR]


def test_what_was_due_before_it_was_written_does_not_count(store: Store) -> None:
    put(store, {"every": "day", "at": "11:00"})
    assert begun(store, 1, HOUR) == []


def test_a_file_that_says_the_same_again_changes_nothing(store: Store) -> None:
    put(store, DAILY)
    put(store, DAILY, seconds=HOUR + 1)
    assert begun(store, HOUR + 2) == [HOUR + 2], "it was due before it was applied again"


def test_a_drill_that_is_taken_away_does_not_begin(store: Store) -> None:
    put(store, DAILY)
    put(store, seconds=HOUR + 1)
    assert begun(store, HOUR + 2) == []


@pytest.mark.parametrize(
    ("drill", "due"),
    [
        # 13:00 in Seoul is 04:00 UTC
        (DAILY | {"time_zone": "Asia/Seoul"}, 16 * HOUR),
        ({"weekly": ["Fri"], "at": "12:00"}, 2 * DAY),
        ({"cron": "30 12 * * *"}, HOUR / 2),
        ({"rrule": "FREQ=DAILY;BYHOUR=14;BYMINUTE=0"}, 2 * HOUR),
    ],
)
def test_a_drill_recurs_as_windows_do(store: Store, drill: dict[str, Any], due: float) -> None:
    put(store, drill)
    assert begun(store, due - 1, due) == [due]


def test_a_drill_goes_to_its_channels_and_waits_for_somebody(store: Store) -> None:
    put(store, DAILY | {"channels": ["b"], "need_ack": "30m"})
    begun(store, HOUR)
    assert owed(store, 1) == [("DRILL", "b")]
    begun(store, HOUR + 1799, HOUR + 1800)
    assert history(store)[1] == ("DRILL_MISSED", "Bonghwa", "OPEN")
    assert owed(store, 2) == [("DRILL_MISSED", "a")]


@pytest.mark.slow
def test_two_that_are_due_at_once_follow_one_another(store: Store) -> None:
    put(store, DAILY | {"channels": ["a"]}, DAILY | {"channels": ["b"]})
    assert begun(store, HOUR, HOUR + 1, HOUR + 2) == [HOUR, HOUR + 1]
    assert [owed(store, number)[0] for number in (1, 2)] == [("DRILL", "a"), ("DRILL", "b")]


def test_a_drill_without_a_channel_fails(store: Store) -> None:
    put(store, DAILY | {"channels": ["gone"]})
    begun(store, HOUR, HOUR + 1)
    assert (store.drills.last() or {})["ok"] is False


@on_each_engine
def test_many_reviews_at_once_begin_one_drill(store: Store) -> None:
    put(store, DAILY)
    found: list[object] = []

    def review() -> None:
        found.append(store.drills.review(now=at(HOUR), channels=CHANNELS).begun)

    threads = [threading.Thread(target=review) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert sum(each is not None for each in found) == 1
    assert [kind for kind, *_ in history(store)] == ["DRILL"]
