"""A written histogram is read as it was, and several percentiles at once are those of one by one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.histogram import Histogram, _bytes_in

pytestmark = pytest.mark.slow

durations = st.lists(st.floats(0, 1e9), max_size=60)


@given(st.binary(max_size=80))
def test_a_text_is_read_as_base64_reads_it(data: bytes) -> None:
    assert _bytes_in(base64.b85encode(data).decode()) == data


@given(durations, durations, st.integers(1, 400))
def test_a_text_is_merged_as_its_histogram_is(first: list[float], second: list[float], times: int) -> None:
    one, other = Histogram(), Histogram()
    for duration in first:
        one.add(duration)
    for duration in second[:5] * times:
        other.add(duration)
    merged = Histogram.decoded(one.encoded())
    merged.merge_encoded(other.encoded())
    one.merge(other)
    assert merged.encoded() == one.encoded()
    shares = (0.0, 0.5, 0.99, 1.0)
    assert merged.percentiles(shares) == [one.percentile(share) for share in shares]
