"""Durations as people write them, and as we do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.monitors.durations import Duration, ShortDuration, duration_text, milliseconds_of, seconds_of

YEAR = 366 * 86_400


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (90, 90),
        (1.5, 1.5),
        ("90", 90),
        ("1.5", 1.5),
        (" 30s ", 30),
        ("250ms", 0.25),
        ("5m", 300),
        ("25h", 90_000),
        ("14d", 1_209_600),
        ("1h30m", 5_400),
        ("1.5h", 5_400),
        ("1d1h1m1s1ms", 90_061.001),
        ("30m1h", 5_400),
        ("366d", YEAR),
        (0, 0),
    ],
)
def test_a_duration_is_read(written: Any, seconds: float) -> None:
    assert seconds_of(written) == seconds


NO_TEXT = ["30 secs", "1 h", "s", "", "-5s", "+5s", "1,5s", "5M", "1h 30m", "1e3", "0x10", "٣s", "5us", "P1D", "367d"]
NO_VALUE = [None, True, [30], {"s": 1}, -1, float("nan"), float("inf"), 10**400, YEAR + 1, "9" * 5_000, "1h" * 9_000]


@pytest.mark.parametrize("written", [*NO_TEXT, *NO_VALUE])
def test_something_else_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"^a duration such as 30s or 5m"):
        seconds_of(written)


def test_too_long_a_duration_says_what_is_possible() -> None:
    with pytest.raises(ValueError, match=r"at most 366d$"):
        seconds_of("367d")


@pytest.mark.slow
@given(st.integers(0, YEAR * 1000))
def test_what_we_write_is_read_again(milliseconds: int) -> None:
    text = duration_text(milliseconds / 1000)
    assert seconds_of(text) == pytest.approx(milliseconds / 1000, abs=1e-9)
    assert milliseconds_of(text) == milliseconds


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from(["d", "h", "m", "s", "ms"])), min_size=1, max_size=6))
def test_a_sum_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    units = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
    text = "".join(f"{count}{unit}" for count, unit in parts)
    assert milliseconds_of(text) == sum(count * units[unit] for count, unit in parts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (90, "1m30s"), (3_600, "1h"), (86_400, "1d"), (90_061.001, "1d1h1m1s1ms")],
)
def test_a_duration_is_written_with_few_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_only_some_durations_may_be_less_than_a_second() -> None:
    assert TypeAdapter(ShortDuration).validate_python("1ms") == 0.001
    assert TypeAdapter(Duration).validate_python("1s") == 1
    for type_, written, expected in ((ShortDuration, "0.5ms", "1ms or more"), (Duration, "999ms", "1s or more")):
        with pytest.raises(ValidationError, match=expected):
            TypeAdapter(type_).validate_python(written)
