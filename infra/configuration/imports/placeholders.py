"""The two meanings of ``$`` in a configuration: a literal one, and the start of ``${NAME}``."""

import re
from typing import Any

_SPECIAL = re.compile(r"\$(?=[${]|\Z)")
_ESCAPED = re.compile(r"\$\$")
_PLACEHOLDER = re.compile(r"(?<!\$)(?:\$\$)*\$\{")


def literal(value: Any) -> Any:
    """``value`` in which no text holds a placeholder: what looks like one is escaped.

    A $ at its end is escaped too: a placeholder may follow it.
    """
    if isinstance(value, str):
        return _SPECIAL.sub("$$", value)
    if isinstance(value, dict):
        return {key: literal(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [literal(part) for part in value]
    return value


def unescaped(text: str) -> str:
    """The text that ``literal`` made ``text`` of."""
    return _ESCAPED.sub("$", text)


def has_placeholder(text: str) -> bool:
    """Whether something is filled in into ``text``."""
    return _PLACEHOLDER.search(text) is not None
