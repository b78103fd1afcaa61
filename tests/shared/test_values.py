"""Rows of the store become values, whatever the order of their columns."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models import Agent, Alert, Monitor, Notification, Unreadable, as_text, value_of
from shared.models.monitor import MonitorLocation

KINDS: list[Any] = [Agent, Alert, Monitor, MonitorLocation, Notification]
A_TIME = "2025-01-08T10:30:00.000Z"
# The values of columns. Each field takes some of them and refuses the others.
HELD: list[Any] = [None, 0, 1, 7, 2.5, True, "", "UP", "OPEN", "OUTAGE", A_TIME, '["a", "b"]', "[1.5]", b"x", "5"]


def read(kind: Any, row: dict[str, Any]) -> Any:
    """The value and the types of its fields, or the columns that cannot be read."""
    try:
        value = value_of(kind, row)
    except Unreadable as wrong:
        return wrong.columns
    return value, [type(field) for field in value]


@pytest.mark.slow
@given(st.sampled_from(KINDS), st.data())
def test_a_row_reads_the_same_in_any_order_of_its_columns(kind: Any, data: st.DataObject) -> None:
    values = [data.draw(st.sampled_from(HELD)) for _ in kind._fields]
    row = dict(zip(kind._fields, values, strict=True))
    mixed = list(row.items())
    random.Random(1).shuffle(mixed)
    assert read(kind, row) == read(kind, dict(mixed)) == read(kind, row | {"more": 1})


@pytest.mark.slow
@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.timezones()))
def test_a_time_has_one_text_in_every_zone(at: datetime) -> None:
    assert as_text(at) == as_text(at.astimezone(UTC))
    assert as_text(at).endswith("Z")


def test_a_whole_row_is_read_as_its_fields_say() -> None:
    row = dict.fromkeys(Monitor._fields) | {"name": "web", "target_url": "https://u:p@web.example/", "id": 3}
    monitor = value_of(Monitor, row | {"is_flapping": 1, "state": "DOWN", "tags": '["a"]', "since": A_TIME})
    assert (monitor.name, monitor.id, monitor.is_flapping) == ("web", 3, True)
    assert (monitor.state, monitor.tags) == ("DOWN", ("a",))
    # NULL is a field's default.
    assert (monitor.failure_threshold, monitor.is_watched, monitor.outcomes, monitor.agent) == (1, True, "", None)
    assert monitor.since is not None
    assert monitor.since.utcoffset() is not None


@pytest.mark.parametrize(
    "wrong", [{"id": "3"}, {"is_flapping": 2}, {"state": "up"}, {"since": "yesterday"}, {"tags": 5}, {"name": None}]
)
def test_a_column_that_cannot_be_read_is_named(wrong: dict[str, Any]) -> None:
    row = dict.fromkeys(Monitor._fields) | {"name": "web", "target_url": "https://web.example/", "id": 3} | wrong
    with pytest.raises(Unreadable) as raised:
        value_of(Monitor, row)
    assert raised.value.columns == list(wrong)
