"""Hours and days as few bytes: they are read as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.packing import merged, packed, unpacked
from shared.history.rollup import PHASES, Rollup

pytestmark = pytest.mark.slow

_durations = st.none() | st.floats(0, 1e9).map(lambda value: round(value, 3))
_checks = st.fixed_dictionaries(
    {
        "is_success": st.integers(0, 1),
        "is_inconclusive": st.integers(0, 1),
        **dict.fromkeys(PHASES, _durations),
    }
)


@st.composite
def _rollups(draw: st.DrawFn) -> dict[int, Rollup]:
    found: dict[int, Rollup] = {}
    # To draw more of them takes most of the time, and what is packed has no place for more than two to differ.
    hours = st.dictionaries(st.integers(0, 10**8), st.lists(_checks, max_size=3), min_size=1, max_size=4)
    for number, checks in draw(hours).items():
        found[number] = Rollup()
        for check in checks:
            found[number].add(check)
        # More of the same than a byte can count.
        for _ in range(draw(st.sampled_from((0, 0, 10)))):
            found[number].merge(found[number])
    return found


@given(_rollups())
def test_what_is_packed_is_read_as_it_was(found: dict[int, Rollup]) -> None:
    read = unpacked(packed(found))
    assert {number: rollup.columns() for number, rollup in read.items()} == {
        number: found[number].columns() for number in sorted(found)
    }


@given(_rollups(), st.integers(0, 10**8), st.integers(0, 10**8))
def test_only_those_that_are_wanted_are_read(found: dict[int, Rollup], first: int, last: int) -> None:
    read = unpacked(packed(found), range(first, last))
    assert {number: rollup.columns() for number, rollup in read.items()} == {
        number: found[number].columns() for number in sorted(found) if first <= number < last
    }


@given(_rollups(), _rollups())
def test_packs_can_be_merged(one: dict[int, Rollup], other: dict[int, Rollup]) -> None:
    both = unpacked(packed(merged(unpacked(packed(one)).items(), unpacked(packed(other)).items())))
    for number in both:
        assert both[number].checks == sum(each[number].checks for each in (one, other) if number in each)
        assert both[number].columns() == merged(one.items(), other.items())[number].columns()


def test_the_longest_response_keeps_three_decimals() -> None:
    """As many as an answer has. An event of a former version may have more."""
    rollup = Rollup()
    rollup.add({"is_success": 1, "is_inconclusive": 0, **dict.fromkeys(PHASES, 123.45678901)})
    assert unpacked(packed({7: rollup}))[7].slowest_ms == 123.457
