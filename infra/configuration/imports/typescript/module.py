"""A file of TypeScript: its constants, and what of it only running it would tell."""

from typing import Any, NamedTuple

from infra.configuration.imports.result import SourceUnreadable
from infra.configuration.imports.typescript.expressions import Expressions

MAX_BYTES = 1_000_000
_DECLARING = frozenset({"const", "let", "var"})
_RUNNING = frozenset({"do", "for", "if", "switch", "try", "while"})


class Module(NamedTuple):
    """The constants of a file, what it exports by default, and the lines of statements that may change them."""

    constants: dict[str, Any]
    default: Any
    running: list[int]

    def named(self, name: str) -> Any:
        """A constant, or what the default export has by this name; None if there is neither."""
        default = self.default if isinstance(self.default, dict) else {}
        return self.constants.get(name, default.get(name))


def read(text: str, file: str) -> Module:
    """Read ``text``, whose file is called ``file``. Its values are as ``Expressions`` reads them.

    Raises:
        SourceUnreadable: it is no TypeScript, or stands for more than can be read. The text says where.
    """
    if len(text) > MAX_BYTES:
        raise SourceUnreadable(f"{file} is larger than {MAX_BYTES // 1_000_000} MB")
    reader = Expressions(text, file)
    default, running = None, []
    while reader.token.kind != "end":
        token = reader.token
        if token.text in _DECLARING:
            _declare(reader)
        elif token.text == "default":
            reader.take()
            default = reader.constant().value
        else:
            if token.is_first and (token.text in _RUNNING or token.text in reader.constants):
                running.append(token.line)
            reader.skip()
    return Module({name: constant.value for name, constant in reader.constants.items()}, default, running)


def _declare(reader: Expressions) -> None:
    """Read constants, such as ``const a: Type = 1, b = 2``."""
    while reader.token.text in (*_DECLARING, ","):
        reader.take()
        if reader.token.kind != "name":
            return
        name = reader.take().text
        if reader.token.text == ":":
            reader.skip_type()
        if reader.token.text != "=":
            return
        reader.take()
        reader.constants[name] = reader.constant()
