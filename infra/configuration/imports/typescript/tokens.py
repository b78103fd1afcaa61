"""The tokens of TypeScript, with its brackets matched. Nothing is run."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast

from infra.configuration.imports.result import SourceUnreadable

MAX_DEPTH = 60
_TOKEN = re.compile(
    r"""
      (?P<blank> \s+ | //[^\n]* | /\*.*?\*/ )
    | (?P<text> '[^'\\\n]*(?:\\(?:\r\n|.)[^'\\\n]*)*' | "[^"\\\n]*(?:\\(?:\r\n|.)[^"\\\n]*)*" )
    | (?P<template> `[^`\\$]*(?:(?:\\.|\$(?!\{))[^`\\$]*)*(?:`|\$\{) )
    | (?P<open> ['"`] | /\* )
    | (?P<number> 0[xX][\da-fA-F][\da-fA-F_]{0,15} | 0[oO][0-7][0-7_]{0,21} | 0[bB][01][01_]{0,63}
      | (?:\d[\d_]{0,99}\.?\d{0,99}|\.\d{1,99})(?:[eE][-+]?\d{1,5})? )
    | (?P<name> [\w$]+ )
    | (?P<sign> \.\.\. | => | \?\?=? | \?\. | \|\|=? | [=!]=+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
# The rest of a template after a substitution.
_REST = re.compile(r"\}[^`\\$]*(?:(?:\\.|\$(?!\{))[^`\\$]*)*(?:`|\$\{)", re.DOTALL)
_PATTERN = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
# After these a slash begins a regular expression; after any other name it divides.
_BEFORE_PATTERN = frozenset({"return", "typeof", "case", "in", "of"})
_CLOSING = {"(": ")", "[": "]", "{": "}", "${": "}"}

Kind = Literal["text", "template", "number", "name", "sign", "end"]


class Token(NamedTuple):
    """A token as it is written. ``depth``: how many brackets are open around it; its own do not count."""

    kind: Kind
    text: str
    line: int
    depth: int
    is_first: bool  # on its line

    @property
    def opens(self) -> bool:
        """Whether a bracket, or a substitution in a template, begins with it."""
        return self.text.endswith(("(", "[", "{"))


def tokens(text: str, file: str) -> Iterator[Token]:
    """The tokens of ``text``, with one of the kind "end" after the last.

    Raises:
        SourceUnreadable: a text, a comment or a bracket is not closed, or the brackets are nested too deeply.
    """
    opened: list[tuple[str, int]] = []
    last = Token("sign", ";", 1, 0, is_first=False)
    place, line, is_first = 0, 1, True
    while place < len(text):
        kind, found = _next(text, place, last, is_in_template=bool(opened) and opened[-1][0] == "${")
        if kind == "open":
            raise SourceUnreadable(f"{file}:{line}: this {found} is not closed")
        if kind != "blank":
            if found[0] in ")]}" and not (opened and _CLOSING[opened.pop()[0]] == found[0]):
                raise SourceUnreadable(f"{file}:{line}: this {found[0]} closes nothing")
            last = Token(kind, found, line, len(opened), is_first)
            if last.opens:
                opened.append(("${" if kind == "template" else found, line))
            if len(opened) > MAX_DEPTH:
                raise SourceUnreadable(f"{file}:{line}: it is nested too deeply")
            yield last
        is_first = kind == "blank" and (is_first or "\n" in found)
        place += len(found)
        line += found.count("\n")
    if opened:
        raise SourceUnreadable(f"{file}:{opened[-1][1]}: this {opened[-1][0]} is not closed")
    yield Token("end", "", line, 0, is_first=True)


def _next(text: str, place: int, last: Token, *, is_in_template: bool) -> tuple[Kind | Literal["blank", "open"], str]:
    """The kind and the text of what begins at ``place``."""
    if is_in_template and text[place] == "}":
        found = _REST.match(text, place)
        return ("template", found[0]) if found else ("open", "`")
    # Its last alternative takes any character.
    found = cast("re.Match[str]", _TOKEN.match(text, place))
    if found[0] == "/" and _may_be_pattern(last):
        pattern = _PATTERN.match(text, place)
        return ("sign", pattern[0]) if pattern else ("open", "/")
    return cast("Kind | Literal['blank', 'open']", found.lastgroup), found[0]


def _may_be_pattern(last: Token) -> bool:
    if last.kind == "name":
        return last.text in _BEFORE_PATTERN
    return last.kind == "sign" and last.text not in (")", "]", "}")
