"""Texts and numbers as TypeScript writes them."""

import re
from typing import Any

from shared.models import storable

# Beyond it not every whole number is one of JavaScript's.
_SAFE = 2**53
_ESCAPE = re.compile(r"\\(?:u\{([\da-fA-F]{1,6})\}|u([\da-fA-F]{4})|x([\da-fA-F]{2})|(\r\n|.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
# Behind a backslash a line goes on in the next one.
_ESCAPED |= dict.fromkeys(("\n", "\r\n", "\r", "\u2028", "\u2029"), "")


def text_of(written: str) -> str:
    """The text that is written between quotation marks."""

    def meant(found: re.Match[str]) -> str:
        number = found[1] or found[2] or found[3]
        return chr(min(int(number, 16), 0x10FFFF)) if number else _ESCAPED.get(found[4], found[4])

    if "\\" in written:
        # Two halves of a character may be escaped one by one.
        written = _ESCAPE.sub(meant, written).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return storable(written)


def number_of(written: str) -> int | float:
    """The number that is written."""
    plain = written.replace("_", "")
    try:
        value = int(plain, 0)
    except ValueError:
        return float(plain)
    return value if value <= _SAFE else float(value)


def is_number(value: Any) -> bool:
    """Whether it is a number. A truth is none, though Python counts with it."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rounded(value: float) -> int | float:
    """A number as it is written: whole if it can be."""
    return int(value) if abs(value) <= _SAFE and value.is_integer() else value


def joined(value: str | float) -> str:
    """A text, number or truth as it stands in a text that it is joined to."""
    return str(value).lower() if isinstance(value, bool) else str(value)
