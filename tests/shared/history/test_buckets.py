"""A span is cut at the beginnings of minutes, hours or days in UTC, and clipped at its ends."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.history.buckets import LENGTHS, MAX_BUCKETS, Step, TooManyBuckets, ceiling, edges, floor

steps: st.SearchStrategy[Step] = st.sampled_from(("minute", "hour", "day"))
moments = st.datetimes(datetime(2025, 1, 1), datetime(2025, 1, 3), timezones=st.just(UTC))


@pytest.mark.slow
@given(moments, moments, steps)
def test_buckets_follow_each_other_and_begin_on_whole_steps(one: datetime, other: datetime, step: Step) -> None:
    since, until = sorted((one, other))
    if since == until:
        return
    found = edges(since, until, step)
    assert (found[0], found[-1]) == (since, until)
    assert all(edge == floor(edge, step) for edge in found[1:-1])
    gaps = [after - before for before, after in itertools.pairwise(found)]
    assert all(timedelta(0) < gap <= LENGTHS[step] for gap in gaps)
    assert all(gap == LENGTHS[step] for gap in gaps[1:-1])


def test_a_whole_is_one_bucket_of_no_more_days() -> None:
    since = datetime(2025, 1, 1, 15, tzinfo=UTC)
    assert edges(since, since + timedelta(days=31), "whole") == [since, since + timedelta(days=31)]
    with pytest.raises(TooManyBuckets):
        edges(since, since + timedelta(days=MAX_BUCKETS), "whole")


def test_too_many_buckets_are_refused() -> None:
    since = datetime(2025, 1, 1, tzinfo=UTC)
    assert len(edges(since, since + timedelta(days=MAX_BUCKETS), "day")) == MAX_BUCKETS + 1
    with pytest.raises(TooManyBuckets, match=f"{MAX_BUCKETS + 1} days"):
        edges(since, since + timedelta(days=MAX_BUCKETS + 1), "day")


def test_the_last_bucket_ends_with_the_calendar() -> None:
    since, until = datetime(9999, 12, 31, 23, 30, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for step in LENGTHS:
        assert ceiling(until, step) == until
    assert edges(since, until, "hour") == [since, until]
    assert len(edges(since, until, "minute")) == 31
