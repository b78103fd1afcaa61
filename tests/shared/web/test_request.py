"""Names in the JSON of a request: how many there are at most, and that none comes twice."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import web

NAMES = st.text(st.sampled_from('a":\\ \n\t'), max_size=4)
VALUES = st.recursive(
    st.none() | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(NAMES, values, max_size=3),
)


def names_in(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(names_in, value.values()))
    return sum(map(names_in, value)) if isinstance(value, list) else 0


@pytest.mark.slow
@given(VALUES, st.sampled_from([":", ": ", " :", "\t:\t", " \r\n :"]), st.sampled_from([None, 0, 2]))
def test_there_are_never_more_names_than_said(value: Any, colon: str, indent: int | None) -> None:
    body = json.dumps(value, separators=(",", colon), indent=indent).encode()
    assert web.most_names_in(body) >= names_in(value)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"a":1,"b":{"c":"d:e"}}', 3),
        (b'[{"a": "12:30"}, {"a" : 2}]', 2),
        (b'{"a\\"" \n:1}', 1),
        (b'"no name: \\" "', 0),
    ],
)
def test_the_names_of_usual_texts_are_counted(body: bytes, names: int) -> None:
    assert web.most_names_in(body) == names
