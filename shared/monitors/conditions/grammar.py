"""The grammar of conditions: from text to a Condition."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from shared.monitors.conditions.comparisons import ORDER, Comparison, Equality, Ordering, Side, is_time_of
from shared.monitors.conditions.condition import Condition
from shared.monitors.conditions.literals import Literal, OneOf, Pattern
from shared.monitors.conditions.readings import FUNCTIONS, PLACEHOLDERS, Path, Reading, Type
from shared.monitors.conditions.spelling import AN_EXAMPLE, joined, nearest, unspaced
from shared.monitors.placeholders import filled

_LONGEST = 4_096
_SIGN = re.compile(r"\s(==|!=|<=|>=|<|>)\s")
# The end of a left side that may hold a sign itself.
_ENDS = {'"': re.compile(r'"\s(?:[=!]=|[<>]=?)\s'), "p": re.compile(r"\)\s(?:[=!]=|[<>]=?)\s")}
_CALL = re.compile(r"(len|has|pat|any|age)\((.*)\)", re.IGNORECASE | re.DOTALL)
_PLACEHOLDER = re.compile(r"\[([A-Za-z_]+)\](.*)", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[([0-9]{1,9})\]")
_OPTION = re.compile(r'\s*("[^"]*"\s*|[^,]*)(?:,|$)')
_PATH = "a path such as [BODY].data[0].id"
_TRUTHS = ("true", "false")


@lru_cache(maxsize=16_384)
def parse(text: str) -> Condition:
    """The condition that ``text`` spells.

    Raises:
        ValueError: it spells none; the text says what is expected.
    """
    return _parsed(text, lambda written: written)


def with_values(condition: Condition, environ: Mapping[str, str]) -> Condition:
    """``condition`` with its ``${MONITOR_…}`` filled in. Messages go on showing them as they are written.

    Raises:
        MissingValue: the environment lacks one.
        ValueError: the condition could never hold with these values.
    """
    if "$" not in condition.text:
        return condition
    return _parsed(condition.text, lambda written: filled(written, environ))


def _parsed(text: str, meant: Callable[[str], str]) -> Condition:
    whole = text.strip()
    if not whole or len(whole) > _LONGEST:
        raise ValueError(AN_EXAMPLE)
    if expected := joined(whole):
        raise ValueError(expected)
    left, sign, right = _split(whole)
    first, second = _side(left, meant), _side(right, meant)
    shown = (
        first if isinstance(first, Reading) else left,
        second if isinstance(second, Reading) else right,
    )
    return Condition(text, shown[0], sign, shown[1], _comparison(first, sign, second))


def _split(text: str) -> tuple[str, str, str]:
    """The left side, the sign and the right side."""
    end = _ENDS.get('"' if text[0] == '"' else "p" if re.match(r"(?i:pat|any)\(", text) else "")
    ended = end.search(text) if end else None
    found = _SIGN.search(text, ended.start() if ended else 0)
    if found is None:
        raise ValueError(unspaced(text) or AN_EXAMPLE)
    left, right = text[: found.start()].strip(), text[found.end() :].strip()
    if not left or not right:
        raise ValueError(f"something on both sides of {found[1]}")
    if right[0] != '"' and not _CALL.fullmatch(right) and _SIGN.search(right):
        raise ValueError('one comparison in each condition, and "quotes" around text that holds a sign')
    return left, found[1], right


def _side(text: str, meant: Callable[[str], str]) -> Side:
    if call := _CALL.fullmatch(text):
        return _called(text, call[1].lower(), call[2].strip(), meant)
    if placeholder := _PLACEHOLDER.fullmatch(text):
        return _reading(text, placeholder, None)
    if re.match(r"(?i:len|has|pat|any)\(", text):
        raise ValueError(f"a closing bracket at the end of {text.partition('(')[0]}(…)")
    return _literal(text, meant)


def _called(text: str, function: str, inner: str, meant: Callable[[str], str]) -> Side:
    if function == "pat":
        return Pattern(meant(inner))
    if function == "any":
        options = [option for option in _options(inner) if option]
        if not options or any(_PLACEHOLDER.fullmatch(option) or _CALL.fullmatch(option) for option in options):
            raise ValueError("values in any(), such as any(200, 204)")
        return OneOf([_literal(option, meant) for option in options])
    if function not in FUNCTIONS:
        raise ValueError(f"one of len(), has(), pat() and any(), since {function}() is not known")
    placeholder = _PLACEHOLDER.fullmatch(inner)
    if placeholder is None:
        raise ValueError(f"a placeholder in {function}(), such as {function}([BODY].items)")
    return _reading(text, placeholder, function)


def _options(inner: str) -> list[str]:
    return [found[1].strip() for found in _OPTION.finditer(inner)]


def _literal(text: str, meant: Callable[[str], str]) -> Literal:
    if text[0] == '"' and (text[-1] != '"' or len(text) == 1):
        raise ValueError("a closing quote")
    if len(text) > 1 and text[0] == text[-1] == "'":
        raise ValueError("text in double quotes, or without quotes")
    is_quoted = text[0] == '"'
    return Literal(meant(text[1:-1] if is_quoted else text), is_quoted=is_quoted)


def _reading(text: str, placeholder: re.Match[str], function: str | None) -> Reading:
    name, rest = placeholder[1].upper(), placeholder[2]
    if name not in PLACEHOLDERS:
        raise ValueError(nearest(name))
    if name == "HEADER":
        if not re.fullmatch(r"\.[!#$%&'*+.^_`|~0-9A-Za-z-]+", rest):
            raise ValueError("the name of a header, such as [HEADER].Content-Type")
        return Reading(text, name, (rest[1:].lower(),), function)
    if rest and name != "BODY":
        raise ValueError(f"[{name}] alone, since only [BODY] and [HEADER] have parts")
    return Reading(text, name, _path(rest), function)


def _path(text: str) -> Path:
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError(_PATH)
        steps.append(step[1] if step[1] is not None else int(step[2]))
        at = step.end()
    return tuple(steps)


def _comparison(left: Side, sign: str, right: Side) -> Comparison:
    """The comparison of two sides. Raises ValueError if it could never hold."""
    reading, other = (left, right) if isinstance(left, Reading) else (right, left)
    if not isinstance(reading, Reading):
        raise ValueError("a placeholder such as [STATUS] or [BODY] on one side")
    if sign in ORDER:
        _refuse_order(left)
        _refuse_order(right)
        if is_time_of(other) and reading.type is Type.NUMBER:
            raise ValueError(f"a number beside {reading.text}")
        return Ordering(left, sign, right)
    if isinstance(other, Literal | OneOf):
        for literal in (other,) if isinstance(other, Literal) else other.options:
            _refuse_value(reading, literal)
    return Equality(reading, other, is_expected=sign == "==")


def _refuse_order(side: Side) -> None:
    if isinstance(side, Reading):
        if side.type in (Type.TRUTH, Type.TEXT):
            raise ValueError(f"== or != beside {side.text}, which is no number")
    elif not isinstance(side, Literal) or (side.milliseconds is None and not side.is_open):
        raise ValueError("a number, or a duration such as 48h, beside <, <=, > and >=")


def _refuse_value(reading: Reading, literal: Literal) -> None:
    if literal.is_open:
        return
    if reading.type is Type.TIME:
        literal.number = literal.milliseconds
    if reading.type in (Type.NUMBER, Type.TIME) and literal.number is None:
        a_duration = ", or a duration such as 48h," if reading.type is Type.TIME else ""
        raise ValueError(f"a number{a_duration} beside {reading.text}, without quotes")
    if reading.type is Type.TRUTH and (literal.is_quoted or literal.text not in _TRUTHS):
        raise ValueError(f"true or false beside {reading.text}, without quotes")
