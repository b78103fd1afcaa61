"""``${NAME}`` in a channel, a heartbeat's token or a page's password: filled in from the environment.

Those are the operator's, and never edited through the API: any name may stand there. The agent fills in the rest of
a monitor itself: see shared.monitors.placeholders.
"""

import re
from collections.abc import Mapping
from typing import Any

from infra.configuration.reading.mistakes import BROKEN, Mistake, field, plain
from infra.configuration.reading.validation import Path, Source

_DOLLAR = re.compile(r"\$(?:(\$)|\{([^}]*)\})")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def filled(value: Any, environ: Mapping[str, str], source: Source, mistakes: list[Mistake], path: Path = ()) -> Any:
    """``value``, which stands at ``path``, with every placeholder in its texts filled in, also those further inside.

    A text that cannot be filled in is a mistake, and BROKEN.
    """
    if isinstance(value, str):
        return _text(value, environ, source, mistakes, path) if "$" in value else value
    if isinstance(value, dict):
        return {key: filled(part, environ, source, mistakes, (*path, key)) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, environ, source, mistakes, (*path, index)) for index, part in enumerate(value)]
    return value


def _text(text: str, environ: Mapping[str, str], source: Source, mistakes: list[Mistake], path: Path) -> Any:
    before = len(mistakes)

    def value(found: re.Match[str]) -> str:
        dollar, name = found.groups()
        if dollar:
            return "$"
        if not _NAME.fullmatch(name):
            expected = "letters, digits and _ between the braces"
        elif not environ.get(name):  # .env has an empty line for what is not used
            expected = f"{name} in the environment, or in .env, which make run reads when it starts"
        else:
            return environ[name]
        mistakes.append(source.mistake(path, f"{field(path)} has ${{{plain(name)}}}: expected {expected}"))
        return found[0]

    result = _DOLLAR.sub(value, text)
    return result if len(mistakes) == before else BROKEN
