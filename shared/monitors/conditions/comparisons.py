"""The two comparisons: whether two sides are equal, and which of them is greater."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from shared.monitors.conditions.facts import MISSING, Facts
from shared.monitors.conditions.literals import Literal, Pattern, Written
from shared.monitors.conditions.readings import Reading, Type
from shared.monitors.conditions.values import are_equal, number_of, type_of

Side = Reading | Written
ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


NOT_A_NUMBER = "text is not a number"


class Comparison(Protocol):
    """A comparison of two sides."""

    def holds(self, facts: Facts) -> bool:
        """Whether it holds for what a check found."""

    def why_not(self, facts: Facts) -> str:
        """Why the two types cannot be compared, if that is the reason why it fails; else nothing."""

    def is_settled(self, facts: Facts) -> bool:
        """Whether the rest of a body that was cut could not change the outcome."""


class Equality:
    """``==`` and ``!=``. ``!=`` holds whenever ``==`` does not, so also if nothing is there."""

    def __init__(self, reading: Reading, other: Side, *, is_expected: bool) -> None:
        self._reading, self._value = reading, reading.value
        self._other = other
        self._is_expected = is_expected

    def holds(self, facts: Facts) -> bool:
        """See Comparison."""
        value = self._value(facts)
        other = self._other
        is_equal = are_equal(value, other.value(facts)) if isinstance(other, Reading) else other.fits(value)
        return is_equal is self._is_expected

    def why_not(self, facts: Facts) -> str:
        """See Comparison."""
        value, other = self._value(facts), self._other
        if not self._is_expected:
            return ""
        if isinstance(other, Reading):
            against = other.value(facts)
            if _is_number(value) or _is_number(against):
                return next((NOT_A_NUMBER for side in (value, against) if _is_words(side)), "")
        elif isinstance(other, Literal):
            if _is_number(value) and other.number is None:
                return "a number is not text"
            if _is_words(value) and other.number is not None:
                return NOT_A_NUMBER
        return ""

    def is_settled(self, facts: Facts) -> bool:
        """See Comparison. If anything may follow a pattern, a match in the beginning is one in the whole."""
        reading, other = self._reading, self._other
        if not facts.is_body_cut or not _reads_body(reading, other):
            return True
        if reading.is_presence_of_body:
            return bool(self._value(facts))
        return reading.is_body and isinstance(other, Pattern) and other.is_open_ended and other.fits(self._value(facts))


class Ordering:
    """``<``, ``<=``, ``>`` and ``>=``. A side that is no number makes it fail. Times are compared in milliseconds."""

    def __init__(self, left: Side, sign: str, right: Side) -> None:
        self._is_ordered = ORDER[sign]
        self._greater = left if sign.startswith(">") else right
        is_time = is_time_of(left) or is_time_of(right)
        self._left, self._right = (_number_reader(side, is_time=is_time) for side in (left, right))
        self._readings = [side for side in (left, right) if isinstance(side, Reading)]
        self._is_time = is_time

    def holds(self, facts: Facts) -> bool:
        """See Comparison."""
        left, right = self._left(facts), self._right(facts)
        return left is not None and right is not None and self._is_ordered(left, right)

    def why_not(self, facts: Facts) -> str:
        """See Comparison."""
        for reading in self._readings:
            value = reading.value(facts)
            if value is not MISSING and number_of(value, is_time=self._is_time) is None:
                return f"{type_of(value)} is not a {'duration' if self._is_time else 'number'}"
        return ""

    def is_settled(self, facts: Facts) -> bool:
        """See Comparison. The whole is no shorter than its beginning, but of a list it is the elements that count."""
        if not facts.is_body_cut or not _reads_body(*self._readings):
            return True
        greater = self._greater
        is_length = len(self._readings) == 1 and isinstance(greater, Reading) and greater.is_length_of_body
        return is_length and not facts.text().startswith(b"[") and self.holds(facts)


def is_time_of(side: Side) -> bool:
    """Whether a side is a time: one of the two placeholders that are times, or a duration with its unit."""
    if isinstance(side, Reading):
        return side.type is Type.TIME
    return isinstance(side, Literal) and side.number is None and side.milliseconds is not None


def _reads_body(*sides: Side) -> bool:
    return any(isinstance(side, Reading) and side.name == "BODY" for side in sides)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_words(value: Any) -> bool:
    return isinstance(value, str | bytes) and number_of(value) is None


def _number_reader(side: Side, *, is_time: bool) -> Callable[[Facts], int | float | None]:
    if isinstance(side, Reading):
        value = side.value
        return lambda facts: number_of(value(facts), is_time=is_time)
    number = (side.milliseconds if is_time else side.number) if isinstance(side, Literal) else None
    return lambda _: number
