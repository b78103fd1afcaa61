"""The expressions of TypeScript that say a value literally. Any other one is Code."""

import math
import re
from typing import Any, NamedTuple

from infra.configuration.imports.typescript.cursor import Cursor
from infra.configuration.imports.typescript.scalars import is_number, joined, number_of, rounded, text_of
from infra.configuration.imports.typescript.tokens import MAX_DEPTH, Token
from shared.models import storable

# The most values and characters of a file, with the constants put in their places. A few lines can otherwise stand for
# more than the memory holds.
_MAX_SIZE = 4_000_000
# The key of what code adds to an object.
ADDED = "..."
# In a text these signs, which no text has, stand around the name of a variable of the environment.
_OPEN, _CLOSE = "\uf8f0", "\uf8f1"
VARIABLE = re.compile(rf"{_OPEN}([\w$]+){_CLOSE}")
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_OPERATORS = frozenset({"in", "instanceof"})
_MODIFIERS = frozenset({"async", "get", "set", "*"})


class Code(NamedTuple):
    """A value that only running the file would tell. ``line``: where it begins."""

    line: int


class Constant(NamedTuple):
    """A value with a name. ``size`` and ``height``: what each use of it adds to that of the file."""

    value: Any
    size: int
    height: int


class Expressions(Cursor):
    """Reads values: dicts, lists, texts, numbers, truths, None and Code."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self.constants: dict[str, Constant] = {}
        self._size = self._height = 0

    def constant(self) -> Constant:
        """The value of a statement."""
        before, self._height = self._size, 0
        value = self._value()
        return Constant(value, self._size - before, self._height)

    def _value(self) -> Any:
        """The value of an expression, up to the comma, bracket or statement after it."""
        line, value = self.token.line, self._sum()
        while self.token.text in ("??", "||"):
            is_set = value is not None if self.take().text == "??" else value or isinstance(value, dict | list)
            other = self._sum()
            value = value if is_set else other
        while self.token.text in ("as", "satisfies"):
            self.skip_type()
        if self.ends():
            return value
        goes_on = self.token.text in _OPERATORS or (self.token.kind in ("sign", "template") and self.token.text != "{")
        if not (goes_on or isinstance(value, Code)):
            raise self.refusal("a comma or the end of the line")
        # Between statements the next one is looked for anyway.
        if self.token.depth:
            self.skip_expression()
        return Code(line)

    def _sum(self) -> Any:
        """Numbers that are added, or texts that are joined."""
        line, parts = self.token.line, [self._product()]
        while self.token.text == "+":
            self.take()
            parts.append(self._product())
        if len(parts) == 1:
            return parts[0]
        return rounded(sum(map(float, parts))) if all(map(is_number, parts)) else self._joined(parts, line)

    def _product(self) -> Any:
        line, factors = self.token.line, [self._operand()]
        while self.token.text == "*":
            self.take()
            factors.append(self._operand())
        if len(factors) == 1:
            return factors[0]
        return rounded(math.prod(map(float, factors))) if all(map(is_number, factors)) else Code(line)

    def _operand(self) -> Any:
        is_negative = False
        while self.token.text in ("-", "+"):
            is_negative ^= self.take().text == "-"
        token = self.take()
        value = self._simple(token)
        while self.token.text == "!":  # to the compiler it says that a value is there
            self.take()
        if is_negative:
            return -value if is_number(value) else Code(token.line)
        return value

    def _simple(self, token: Token) -> Any:
        """A value without operators. ``token``, which is taken, begins it."""
        self._spend(len(token.text))
        if token.kind == "text":
            return text_of(token.text[1:-1])
        if token.kind == "number":
            return number_of(token.text)
        if token.kind == "template":
            return self._template(token)
        if token.kind == "name":
            return self._named(token)
        if token.text == "{":
            return self._object()
        if token.text == "[":
            return self._list()
        if token.text == "(":
            value = self._inside(token)
            self.take()
            return value
        if token.kind == "end" or token.text in (",", ";", ")", "]", "}"):
            raise self.refusal("a value", token)
        return Code(token.line)

    def _template(self, token: Token) -> Any:
        """A template with its substitutions in their places."""
        line, parts = token.line, [text_of(_between_signs(token))]
        while token.opens:
            parts.append(self._inside(token))
            token = self.take()
            parts.append(text_of(_between_signs(token)))
        return parts[0] if len(parts) == 1 else self._joined(parts, line)

    def _inside(self, opening: Token) -> Any:
        """The one value in a bracket; code if anything else is there, such as what a function takes."""
        value = Code(opening.line) if self.token.depth == opening.depth else self._value()
        while self.token.depth > opening.depth:
            self.skip()
            value = Code(opening.line)
        return value

    def _named(self, token: Token) -> Any:
        """A word, a constant or a part of one, or a variable of the environment."""
        if token.text in _WORDS:
            return _WORDS[token.text]
        path = [token.text]
        while self.token.text in (".", "?."):
            self.take()
            if self.token.kind != "name":
                return Code(token.line)
            path.append(self.take().text)
        if path[0] in self.constants:
            return self._part(path, token)
        if len(path) > 1 and path[-2] == "env":
            return f"{_OPEN}{storable(path[-1])}{_CLOSE}"
        return Code(token.line)

    def _part(self, path: list[str], token: Token) -> Any:
        value, size, height = self.constants[path[0]]
        self._spend(size)
        self._reach(token.depth + height)
        for key in path[1:]:
            value = value[key] if isinstance(value, dict) and key in value else Code(token.line)
        return value

    def _list(self) -> list[Any]:
        found: list[Any] = []
        while self.token.text != "]":
            found += self._elements()
            if self.token.text != "]":
                self.expect(",")
        self._reach(self.take().depth + 1)
        return found

    def _elements(self) -> list[Any]:
        """One part of a list: nothing, which is undefined, a value, or a list that is spread."""
        line = self.token.line
        if self.token.text == ",":
            self._spend(0)
            return [None]
        if self.token.text != ADDED:
            return [self._value()]
        self.take()
        value = self._value()
        return value if isinstance(value, list) else [Code(line)]

    def _object(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.token.text != "}":
            token = self.take()
            if token.text == ADDED:
                value = self._value()
                found |= value if isinstance(value, dict) else {ADDED: Code(token.line)}
            else:
                key, value = self._property(token)
                found[key] = value
            if self.token.text != "}":
                self.expect(",")
        self._reach(self.take().depth + 1)
        return found

    def _property(self, token: Token) -> tuple[str, Any]:
        """A key and its value; Code if it is a method."""
        while token.text in _MODIFIERS and self.token.text not in (":", ",", "}", "("):
            token = self.take()
        key = self._key(token)
        if self.token.text == ":":
            self.take()
            return key, self._value()
        if token.kind == "name" and self.token.text in (",", "}"):
            return key, self._simple(token)
        if self.token.text not in ("(", "<", "="):
            raise self.refusal("a colon")
        self.skip_expression()
        return key, Code(token.line)

    def _key(self, token: Token) -> str:
        self._spend(len(token.text))
        if token.kind == "text":
            return text_of(token.text[1:-1])
        if token.kind in ("name", "number"):
            return storable(token.text)
        if token.text != "[":
            raise self.refusal("a key", token)
        key = self._inside(token)
        self.take()
        return key if isinstance(key, str) else ADDED

    def _joined(self, parts: list[Any], line: int) -> str | Code:
        if not all(isinstance(part, str | int | float) for part in parts):
            return Code(line)
        text = "".join(map(joined, parts))
        self._spend(len(text))
        return text

    def _spend(self, size: int) -> None:
        self._size += size + 1
        if self._size > _MAX_SIZE:
            raise self.error(f"it stands for more than {_MAX_SIZE:,} values")

    def _reach(self, height: int) -> None:
        self._height = max(self._height, height)
        if self._height > MAX_DEPTH:
            raise self.error("it is nested too deeply")


def _between_signs(token: Token) -> str:
    """A part of a template without the signs at its ends."""
    return token.text[1:].removesuffix("`").removesuffix("${")
