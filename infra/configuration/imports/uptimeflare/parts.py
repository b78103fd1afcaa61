"""An object of UptimeFlare's configuration. Code in it is left out, and is a note."""

from collections.abc import Callable
from typing import Any

from infra.configuration.imports.naming import one_line
from infra.configuration.imports.nodes import Node
from infra.configuration.imports.placeholders import literal
from infra.configuration.imports.result import Notes
from infra.configuration.imports.typescript.expressions import ADDED, VARIABLE, Code

_TOOL = "UptimeFlare"
_IS_CODE = "it is code, which is not run; it is left out"


class Part(Node):
    """An object at ``where``, as TypeScript writes it."""

    def __init__(self, data: Any, where: str, notes: Notes) -> None:
        self.code: dict[str, int] = {}
        if isinstance(data, Code):
            notes.add(where, f"line {data.line}", _IS_CODE)
            data = None
        super().__init__(data, where, notes, _TOOL)
        for name, value in list(self.data.items()):
            if isinstance(value, Code):
                self.code[name] = value.line
                del self.data[name]

    def note_code(self) -> None:
        """Add a note for each field that is code."""
        for name, line in self.code.items():
            what = f"line {line}" if name == ADDED else f"{name} (line {line})"
            self.note(what, _IS_CODE)

    def node(self, name: str) -> "Part":
        """See Node.node. Code in it is a note at once."""
        inside = Part(self.data.get(name), self.where, self.notes)
        inside.note_code()
        return inside

    def listed(self, name: str) -> list[Any]:
        """See Node.listed."""
        found = super().listed(name)
        for value in found:
            if isinstance(value, Code):
                self.note(f"{name} (line {value.line})", _IS_CODE)
        return [value for value in found if not isinstance(value, Code)]

    def word(self, name: str) -> str:
        """A text on one line."""
        return one_line(self.text(name))


def filled(text: str, refer: Callable[[str], str], escape: Callable[[str], str] = str) -> str:
    """``text`` as it is in the file: its variables of the environment as ``refer`` names them, any other $ literal.

    ``escape``: how the text between them stands where it is written.
    """
    parts = VARIABLE.split(text)
    return "".join(refer(part) if number % 2 else str(literal(escape(part))) for number, part in enumerate(parts))


def has_variable(text: str) -> bool:
    """Whether the environment fills something in."""
    return VARIABLE.search(text) is not None


def code_in(value: Any) -> Code | None:
    """The first value in ``value`` that is code."""
    if isinstance(value, Code):
        return value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((code for part in inside if (code := code_in(part))), None)
