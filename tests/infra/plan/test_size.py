"""The size at which the database stops growing."""

import random

import pytest

from infra.plan import show
from infra.plan.model import ROLLUP_BYTES
from shared.history.rollup import Rollup
from tests.infra.plan.planned import plan


def test_a_rollup_takes_as_many_bytes_as_the_plan_says() -> None:
    dice = random.Random(1)
    for step, seconds in (("hour", 3_600), ("day", 86_400)):
        sizes = [len(rollup(seconds // 30, dice).columns()["times"]) for _ in range(10)]
        # Beside the histograms, a row has its times and counts, twice an index, and a part of a page that is free.
        assert sum(sizes) / len(sizes) + 170 == pytest.approx(ROLLUP_BYTES[step], rel=0.15)


def test_a_monitors_rollups_take_about_a_megabyte() -> None:
    without_events = plan("local", 1, RETENTION_EVENTS="1d", CHECK_INTERVAL_SECONDS="3600")
    assert 1_000_000 < without_events.most_bytes < 1_150_000


def test_the_plan_says_at_which_size_the_database_stops_growing() -> None:
    of = plan("local", 100)
    assert of.most_bytes == pytest.approx(7 * of.bytes_a_day + 100 * 1_100_000, rel=0.05)
    assert "MB is what the database grows to: events for 7 days, rollups for 400 days" in show.text(of)
    longer = plan("local", 100, RETENTION_EVENTS="14d")
    assert longer.most_bytes > of.most_bytes + 6 * of.bytes_a_day


def rollup(checks: int, dice: random.Random) -> Rollup:
    """Checks of a service with realistic response times: mostly alike, and one in a hundred slow."""
    found = Rollup()
    middle = dice.uniform(60, 200)
    for _ in range(checks):
        dns, connect, tls = (dice.lognormvariate(each, spread) for each, spread in ((1, 0.3), (2.2, 0.1), (3, 0.1)))
        first_byte = middle * dice.lognormvariate(0, 0.2) * (dice.uniform(2, 10) if dice.random() < 0.01 else 1)
        found.add(
            {
                "is_success": 1,
                "is_inconclusive": 0,
                "dns_ms": dns,
                "connect_ms": dns + connect,
                "tls_ms": dns + connect + tls,
                "first_byte_ms": first_byte,
                "response_time_ms": first_byte * 1.1,
            }
        )
    return found
