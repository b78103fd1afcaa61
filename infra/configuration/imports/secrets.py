"""The secrets of an import: each gets a variable, and all of them one file that is appended to ``.env``."""

import re
from collections.abc import Callable, Mapping
from functools import cache

from shared.settings import Settings
from shared.settings.secrets import is_secret

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# The empty line keeps the last setting of an .env that has no newline at its end apart from the first secret.
_HEADER = "\n# The secrets of {file}. Append these lines to .env, then delete this file.\n"
_MISSING = "# Its value is not in the source: fill it in."
_CONTROL = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\f": r"\f", "\a": r"\a", "\b": r"\b"}
_UNQUOTED = re.compile(r"[A-Za-z0-9_./:@%+=,~-]+")


class Secrets:
    """Variables and their values. A value of None is one that the source itself reads from its environment."""

    def __init__(self) -> None:
        self._values: dict[str, str | None] = {}
        # The names of the source's own variables, by ours.
        self._sources: dict[str, str] = {}

    @property
    def values(self) -> Mapping[str, str | None]:
        """By the variable's name."""
        return self._values

    def keep(self, name: str, value: str) -> str:
        """Keep ``value`` under ``name``, or a name like it, and return the placeholder that stands for it."""
        # A deployment decides by its name whether a variable is secret.
        wanted = name if is_secret(name) else f"{name}_SECRET"
        free = self._free(wanted, lambda found: self._values.get(found) == value)
        self._values[free] = value
        return f"${{{free}}}"

    def refer(self, source: str, prefix: str = "") -> str:
        """The placeholder of a variable that the source reads from its environment.

        Its name gets ``prefix`` unless it has it. The name of a setting of ours would give that setting's value away.
        """
        wanted = source if source.startswith(prefix) else f"{prefix}{source}"
        if wanted in reserved() or not _NAME.fullmatch(wanted):
            wanted = f"IMPORTED_{re.sub(r'[^A-Za-z0-9_]', '_', wanted)}"
        free = self._free(wanted, lambda found: self._sources.get(found) == source)
        self._values[free] = None
        self._sources[free] = source
        return f"${{{free}}}"

    def missing(self) -> dict[str, str]:
        """The variables whose values are not in the source, each with its name there."""
        return dict(self._sources)

    def forget(self, name: str) -> None:
        """Forget a variable that nothing refers to."""
        del self._values[name]
        self._sources.pop(name, None)

    def _free(self, wanted: str, is_the_same: Callable[[str], bool]) -> str:
        free, number = wanted, 2
        while free in reserved() or (free in self._values and not is_the_same(free)):
            free = f"{wanted}_{number}"
            number += 1
        return free

    def text(self, file: str) -> str:
        """The lines for ``.env``. ``file`` is the configuration that they belong to."""
        lines = [_HEADER.format(file=file)]
        for name, value in self._values.items():
            if value is None:
                lines.append(f"{_MISSING}\n{name}=\n")
            else:
                lines.append(f"{name}={quoted(value)}\n")
        return "".join(lines)


def quoted(value: str) -> str:
    """``value`` as python-dotenv reads it back."""
    if _UNQUOTED.fullmatch(value):
        return value
    if not any(letter in value for letter in _CONTROL):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_CONTROL.get(letter, letter) for letter in escaped) + '"'


@cache
def reserved() -> frozenset[str]:
    """The names of our own settings, which no imported secret may take."""
    from shared.channels import VARIABLES

    return frozenset({*(str(field.alias) for field in Settings.model_fields.values()), *VARIABLES})
