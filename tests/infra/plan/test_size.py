"""The size at which the database stops growing."""

import random

import pytest

from infra.plan import show
from infra.plan.model import ROLLUP_BYTES, TODAY_BYTES
from shared.history.packing import packed
from shared.history.rollup import Rollup
from tests.infra.plan.planned import plan
from tests.support.store.services import VARYING

pytestmark = pytest.mark.slow


def test_a_rollup_takes_as_many_bytes_as_the_plan_says() -> None:
    dice = random.Random(1)
    hours = [VARYING.rollup(120, dice) for _ in range(384)]
    # To draw each check of so many days takes ten times as long.
    days = [merged(dice.sample(hours, 24)) for _ in range(128)]
    for step, rollups in (("hour", hours), ("day", days)):
        # SQLite leaves a part of its pages free.
        size = len(packed(dict(enumerate(rollups)))) / len(rollups) * 1.07
        assert size == pytest.approx(ROLLUP_BYTES["sqlite"][step], rel=0.1)


def merged(hours: list[Rollup]) -> Rollup:
    day = Rollup()
    for hour in hours:
        day.merge(hour)
    return day


def test_the_current_day_takes_as_many_bytes_as_the_plan_says() -> None:
    dice = random.Random(1)
    today = [*(VARYING.rollup(120, dice) for _ in range(24)), VARYING.rollup(2_880, dice)]
    # Beside the histograms, a row has its times and counts, twice an index, and a part of a page that is free.
    assert sum(len(each.columns()["times"]) + 170 for each in today) == pytest.approx(TODAY_BYTES, rel=0.15)


def test_a_thousand_monitors_take_less_than_two_and_a_half_gigabytes() -> None:
    assert 2_200_000_000 < plan("local", 1_000, CHECK_INTERVAL_SECONDS="30").most_bytes < 2_500_000_000


def test_the_plan_says_at_which_size_the_database_stops_growing() -> None:
    of = plan("local", 100)
    assert of.most_bytes == pytest.approx(7 * of.bytes_a_day + 100 * 155_000, rel=0.01)
    assert "MB is what the database grows to: events for 7 days, rollups for 400 days" in show.text(of)
    longer = plan("local", 100, RETENTION_EVENTS="14d")
    assert longer.most_bytes > of.most_bytes + 6 * of.bytes_a_day
