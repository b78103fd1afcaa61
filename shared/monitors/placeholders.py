"""``${NAME}`` in a monitor: stored as written, and filled in by the agent when it checks.

No secret thus enters the database. Only names that begin with MONITOR_ are filled in: whoever may edit monitors could
otherwise have the API key or the database's password sent to a host of theirs. ``$$`` is a literal ``$``.
"""

import re
from collections.abc import Iterator, Mapping

PREFIX = "MONITOR_"
# Compiled only for a text with a $: few cold starts see one.
_DOLLAR = r"\$(?:(\$)|\{([^}]*)\})"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"


class MissingValue(LookupError):
    """The environment has no value for a placeholder."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def names_in(text: str) -> Iterator[str]:
    """The names of the placeholders in ``text``."""
    return (name for dollar, name in re.findall(_DOLLAR, text) if not dollar) if "$" in text else iter(())


def is_own_name(name: str) -> bool:
    """Whether a monitor may have a placeholder of this name."""
    return name.startswith(PREFIX) and re.fullmatch(_NAME, name) is not None


def refuse_foreign_names(text: str) -> str:
    """``text`` itself. Raises ValueError if it has a placeholder that a monitor may not have."""
    for name in names_in(text):
        if not is_own_name(name):
            raise ValueError(
                f"placeholders whose names begin with {PREFIX}, such as ${{{PREFIX}TOKEN}}; found ${{{name}}}"
            )
    return text


def is_placeholder(text: str) -> bool:
    """Whether ``text`` is one placeholder and nothing else."""
    found = re.fullmatch(_DOLLAR, text) if "$" in text else None
    return found is not None and not found[1]


def filled(text: str, environ: Mapping[str, str]) -> str:
    """``text`` with its placeholders filled in. Raises MissingValue."""
    if "$" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name = found[2]
        if not name.startswith(PREFIX) or name not in environ:
            raise MissingValue(name)
        return environ[name]

    return re.sub(_DOLLAR, value, text)
