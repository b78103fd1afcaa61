"""The measurements, and the values between and beyond them."""

from datetime import date

import pytest

from infra.plan.measured import Cost, Measured, measured
from infra.plan.plans import REFERENCE_MONITORS

TWO_POINTS = {"f": {"10": {"wall_ms": 100.0, "cpu_ms": 20.0}, "100": {"wall_ms": 190.0, "cpu_ms": 10.0}}}


@pytest.mark.parametrize(
    ("much", "wall_ms"),
    [
        (1, 100.0),  # less than was measured takes as long as the least
        (10, 100.0),
        (55, 145.0),  # between, along a straight line
        (100, 190.0),
        (1000, 1090.0),  # and beyond
    ],
)
def test_straight_lines_join_and_extend_the_measurements(much: float, wall_ms: float) -> None:
    assert Measured(TWO_POINTS).of("f", much).wall_ms == pytest.approx(wall_ms)


def test_more_to_do_never_takes_less() -> None:
    assert Measured(TWO_POINTS).of("f", 100).cpu_ms == 20.0


@pytest.mark.parametrize(
    ("share", "seconds"),
    [
        (1.0, 0.3),
        (2.0, 0.3),  # it cannot use more than one processor
        (0.25, 0.6),  # 0.1 s of computing takes 0.4 s
    ],
)
def test_a_smaller_share_slows_computing_and_not_waiting(share: float, seconds: float) -> None:
    assert Cost(wall_ms=300, cpu_ms=100).seconds(share) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("share", "seconds"),
    [
        (1.0, 0.3),
        (0.5, 0.3),  # it computes while it waits
        (0.25, 0.4),  # until it computes all the time
    ],
)
def test_many_checks_at_a_time_compute_while_they_wait(share: float, seconds: float) -> None:
    assert Cost(wall_ms=300, cpu_ms=100).seconds_of_many(share) == pytest.approx(seconds)


def test_the_measurements_say_where_and_when_and_cover_the_table() -> None:
    found = measured().found
    assert measured().machine
    assert date.fromisoformat(measured().measured_on)
    assert [int(monitors) for monitors in found["check_monitors"]] == [1, *REFERENCE_MONITORS]
    for figures in found["check_monitors"].values():
        assert figures["wall_ms"] > found["site_answers_after_ms"]
        assert figures["reports"] >= 1
