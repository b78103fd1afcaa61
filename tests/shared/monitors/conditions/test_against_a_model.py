"""Conditions of every form beside a model that is slow and plain."""

import json
import operator
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.monitors.conditions import Facts, failure, parse

pytestmark = pytest.mark.slow

Path = list[Any]  # of names and indexes

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
SURROGATES = "surrogatepass"
MISSING = object()

names = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
words = st.from_regex(r"[a-zA-Z][a-zA-Z0-9 ._/-]{0,10}[a-z]", fullmatch=True).filter(lambda word: word != "null")
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
literals = words | numbers | st.sampled_from(["true", "false", "null"])
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8) | words
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
SIDES = "[STATUS] [BODY] .x [0] [HEADER].a 200 48h a ( ) , pat( any( len( has( && || * ${MONITOR_X} true = >"
pieces = st.sampled_from([*SIDES.split(" "), " == ", " != ", " < ", " ", " || ", " && ", '"', "'"])


def at(document: Any, path: Path) -> Any:
    """The value that stands there."""
    for step in path:
        is_index = isinstance(document, list) and isinstance(step, int) and step < len(document)
        if not is_index and not (isinstance(document, dict) and step in document):
            return MISSING
        document = document[step]
    return document


def written(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def facts_of(document: Any) -> Facts:
    return Facts(body=json.dumps(document).encode())


@st.composite
def places(draw: st.DrawFn) -> tuple[Any, Path]:
    """A document, and a path that leads to a value of it, or nearly."""
    document = inner = draw(documents)
    path: Path = []
    while isinstance(inner, dict | list) and inner and (not path or draw(st.booleans())):
        steps: Path = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        step = draw(st.sampled_from(steps))
        path.append(step)
        inner = inner[step]
    if not path or draw(st.booleans()):
        path.append(draw(names | st.integers(0, 3)))
    return document, path


@given(places(), literals, st.sampled_from(["==", "!="]))
def test_equality_is_as_in_the_model(place: tuple[Any, Path], literal: Any, sign: str) -> None:
    document, path = place
    value = at(document, path)
    if isinstance(value, bool) or value is None:
        is_equal = json.dumps(value) == str(literal)
    elif isinstance(value, int | float):
        is_equal = not isinstance(literal, str) and value == literal
    elif isinstance(value, str):
        is_equal = value == str(literal)
    else:
        is_equal = False
    condition = parse(f"[BODY]{written(path)} {sign} {literal}")
    assert condition.holds(facts_of(document)) is (is_equal is (sign == "=="))


@given(places(), numbers, st.sampled_from(list(SIGNS)), st.booleans())
def test_order_is_as_in_the_model(
    place: tuple[Any, Path],
    literal: float,
    sign: str,
    is_turned: bool,
) -> None:
    document, path = place
    value = at(document, path)
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = float(value) if re.search("[.eE]", value) else int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    left, right = f"[BODY]{written(path)}", str(literal)
    pair = (literal, value) if is_turned else (value, literal)
    condition = parse(f"{right} {sign} {left}" if is_turned else f"{left} {sign} {right}")
    assert condition.holds(facts_of(document)) is (is_number and SIGNS[sign](*pair))


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab\n", max_size=12).map(str.strip))
@example("a*a", "a")
@example("*ab*ab*", "abab")
def test_a_pattern_is_as_a_regular_expression(pattern: str, text: str) -> None:
    fits = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
    assert parse(f"[BODY] == pat({pattern})").holds(Facts(body=text.encode())) is fits
    assert parse(f"[BODY].x != pat({pattern})").holds(facts_of({"x": text})) is not fits


@given(places())
def test_has_and_len_are_as_in_the_model(place: tuple[Any, Path]) -> None:
    document, path = place
    value = at(document, path)
    is_there = value is not MISSING and value is not None
    assert parse(f"has([BODY]{written(path)}) == {json.dumps(is_there)}").holds(facts_of(document))
    measured = value if isinstance(value, list) else text_of(value).encode(errors=SURROGATES) if is_there else ()
    assert parse(f"len([BODY]{written(path)}) == {len(measured)}").holds(facts_of(document)) is is_there


@given(st.text(max_size=60) | st.lists(pieces, max_size=12).map("".join), st.binary(max_size=40))
@example("[BODY] == " + "(" * 40, b"")
@example('" == "', b"")
@example("pat( == )", b"")
def test_any_text_is_a_condition_or_is_refused(text: str, body: bytes) -> None:
    try:
        condition = parse(text)
    except ValueError:
        return
    facts = Facts(body=body, status=200)
    holds = condition.holds(facts)
    assert (failure([condition], facts) is None) is holds
    condition.failed(facts)
