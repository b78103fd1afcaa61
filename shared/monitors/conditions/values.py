"""Values of all types: as numbers, as text, and as a message shows them."""

import json
import re
from typing import Any

from shared.monitors.conditions.facts import MISSING, Facts
from shared.monitors.durations import milliseconds_of

_SHOWN = 200
# Unprintable characters and runs of blanks are dropped from a shown value, so more is read than is shown.
_READ = 2_000
# Longer ones are left as text: int() and float() take time that grows faster than the text.
_LONGEST_NUMBER = 320
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")


def number_in(text: str) -> int | float | None:
    """The number that ``text`` spells; None if it spells none."""
    if len(text) > _LONGEST_NUMBER or not (found := _NUMBER.fullmatch(text)):
        return None
    return float(text) if found[1] or found[2] else int(text)


def number_of(value: Any, *, is_time: bool = False) -> int | float | None:
    """The number that a value is or spells; None if it is no number. Text may also spell a duration if ``is_time``."""
    kind = type(value)
    if kind is int or kind is float:
        return value  # type: ignore[no-any-return]  # it is one
    if kind is bytes and len(value) <= _LONGEST_NUMBER:
        value, kind = value.decode("utf-8", "replace"), str
    if kind is not str:
        return None
    number = number_in(value)
    return milliseconds_of(value) if number is None and is_time else number


def text_of(value: Any) -> str:
    """The text of a value that JSON can hold; a list and an object are written as JSON without blanks."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]  # it is one
    if kind is bytes:
        return value.decode("utf-8", "replace")  # type: ignore[no-any-return]  # text
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:  # it could just be decoded
        return "…"


def compact(facts: Facts) -> str:
    """The body's JSON without blanks between its values, and without escapes; empty if the body is no JSON."""
    document = facts.document()
    return "" if document is MISSING else text_of(document)


def length_of(value: Any) -> Any:
    """How many elements a list has, or how many bytes the text of another value has, as Gatus counts."""
    if type(value) is list or type(value) is bytes:
        return len(value)
    if value is MISSING or value is None:
        return MISSING
    return len(text_of(value).encode("utf-8", "surrogatepass"))


def are_equal(first: Any, second: Any) -> bool:
    """Whether two values that were read are the same. Text equals a number, a truth or null that it spells."""
    if first is MISSING or second is MISSING:
        return False
    if type(first) is bytes or type(second) is bytes:
        first, second = (text_of(value) if type(value) is bytes else value for value in (first, second))
    if isinstance(first, str) == isinstance(second, str):
        # In Python true equals 1.
        return bool(first == second) and isinstance(first, bool) == isinstance(second, bool)
    text, other = (first, second) if isinstance(first, str) else (second, first)
    if type(other) is int or type(other) is float:
        return number_in(text) == other
    return text == text_of(other)


def shown(value: Any) -> str:
    """A value as a message shows it: its first 200 printable characters, on one line."""
    if value is MISSING:
        return "INVALID"
    text = text_of(value[:_READ] if type(value) is bytes else value)[:_READ]
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_SHOWN]


def type_of(value: Any) -> str:
    """The kind of a value, in words: ``text``, ``a number``."""
    names = {bool: str(value).lower(), int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), "text")
