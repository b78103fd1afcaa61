"""The other side of a placeholder's comparison: a written value, a pattern, or one of several values."""

from collections.abc import Sequence
from typing import Any

from shared.monitors.conditions.facts import MISSING
from shared.monitors.conditions.values import number_in, text_of
from shared.monitors.durations import milliseconds_of


class Literal:
    """A value that is written in the condition: ``200``, ``UP``, ``48h``, ``"some text"``.

    ``number`` is the number that it spells, ``milliseconds`` the time; None if it spells none. A value in quotes is
    nothing but text.
    """

    __slots__ = ("_bytes", "is_quoted", "milliseconds", "number", "text")

    def __init__(self, text: str, *, is_quoted: bool = False) -> None:
        self.text = text
        self._bytes = text.encode("utf-8", "surrogatepass")
        self.is_quoted = is_quoted
        self.number = None if is_quoted else number_in(text)
        self.milliseconds = self.number if is_quoted or self.number is not None else milliseconds_of(text)

    def fits(self, value: Any) -> bool:
        """Whether ``value`` is this one. Text is compared by its spelling, and a number as a number."""
        kind = type(value)
        if kind is str:
            return bool(value == self.text)
        if kind is bytes:
            return bool(value == self._bytes)
        if self.is_quoted or value is MISSING:
            return False
        if kind is int or kind is float:
            return self.number is not None and bool(value == self.number)
        if kind is bool:
            return self.text == ("true" if value else "false")
        return text_of(value) == self.text

    @property
    def is_open(self) -> bool:
        """Whether a placeholder stands for the value, or for a part of it, until the agent checks."""
        return "${" in self.text


class Pattern:
    """``pat(…)``: text in which each ``*`` stands for any characters, also none."""

    __slots__ = ("_bytes", "_parts")

    def __init__(self, text: str) -> None:
        self._parts = text.split("*")
        self._bytes = [part.encode("utf-8", "surrogatepass") for part in self._parts]

    @property
    def is_open_ended(self) -> bool:
        """Whether any characters may follow."""
        return self._parts[-1] == "" and len(self._parts) > 1

    def fits(self, value: Any) -> bool:
        """Whether the whole text of ``value`` has this form. A body is searched as bytes."""
        if value is MISSING:
            return False
        return _matches(value, self._bytes) if type(value) is bytes else _matches(text_of(value), self._parts)


class OneOf:
    """``any(…)``: one of several values."""

    __slots__ = ("options",)

    def __init__(self, options: Sequence[Literal]) -> None:
        self.options = tuple(options)

    def fits(self, value: Any) -> bool:
        """Whether one of the values is ``value``."""
        return any(option.fits(value) for option in self.options)


Written = Literal | Pattern | OneOf


def _matches(text: Any, parts: Any) -> bool:
    # A regular expression with several stars could run for minutes on a hostile body.
    if len(parts) == 1:
        return bool(text == parts[0])
    first, *middle, last = parts
    end = len(text) - len(last)
    at = len(first)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
