"""Mistakes in the file: each is one line that names the place, the value and what is expected."""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from shared.monitors.masking import is_secret
from shared.settings.secrets import HIDDEN, MASK

MAX_SHOWN = 200
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/]*@", re.DOTALL)
_MAX_VALUE = 100


class _Broken:
    """Stands for a value that is missing because of a mistake that is known already."""

    def __repr__(self) -> str:
        return "(broken)"


BROKEN = _Broken()


class Mistake(NamedTuple):
    """One mistake. ``where`` names the part of the file, such as ``monitors[3] 'API'``; it may be empty."""

    line: int
    where: str
    text: str


class FileErrors(Exception):
    """The file is wrong. ``mistakes`` has all of them; the text has one line for each and no secret."""

    def __init__(self, file: str, mistakes: Iterable[Mistake]) -> None:
        self.file = file
        self.mistakes = sorted(set(mistakes))
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """A line for each mistake; after MAX_SHOWN of them, how many more there are."""
        shown = [
            f"{self.file}:{mistake.line}: {mistake.where}{': ' if mistake.where else ''}{mistake.text}"
            for mistake in self.mistakes[:MAX_SHOWN]
        ]
        left_out = len(self.mistakes) - len(shown)
        return [*shown, f"{self.file}: {left_out} more mistakes"] if left_out else shown


class FileUnreadable(FileErrors):
    """The file cannot be read at all; ``is_missing``: because there is none."""

    def __init__(self, file: str, trouble: str, *, is_missing: bool = False) -> None:
        super().__init__(file, [])
        self.args = (f"{file}: {trouble}",)
        self.is_missing = is_missing


def shown_path(path: Path) -> str:
    """``path`` as a person would type it here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def field(path: Sequence[str | int]) -> str:
    """A place inside of a part: ``dns.query_type``, ``conditions[1]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{plain(part)}" for part in path)
    return text.removeprefix(".")


def plain(name: str) -> str:
    """A key as it may be shown: only its first word, since more may be a secret that a typing error put there."""
    word = re.match(r"[\w.<-]{0,50}", name)
    found = word[0] if word else ""
    return found if found == name else f"{found}…"


def shown(value: Any, path: Sequence[str | int] = ()) -> str:
    """``value``, which stands at ``path`` in a monitor, as it may be shown: no secret, and not too long."""
    # A body may carry a login, though nothing marks where.
    if is_secret([str(part) for part in path]) or path[:1] == ("body",):
        return HIDDEN
    if isinstance(value, str):
        text = value
        if "://" in value:
            # A query may carry a token.
            text = _URL_CREDENTIALS.sub(f"{MASK}@", value)
            text = re.sub(r"\?.*", "?…", text, flags=re.DOTALL)
        return repr(text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…")
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return str(value)


def is_wrong(path: Sequence[str | int], found: str, expected: str) -> str:
    """The text of a mistake: ``interval is '30 secs': expected a duration such as 30s or 5m``."""
    place = field(path)
    return f"{place} is {found}: expected {expected}" if place else f"{found}: expected {expected}"


def unknown_key(key: str, known: Collection[str], what: str) -> str:
    """The text about a key that nothing reads. ``what``: what a key there is, if none is spelt like it."""
    close = difflib.get_close_matches(key.lower().replace("-", "_"), known, 1, 0.6)
    expected = close[0] if close else what
    return f"unknown key {plain(key)!r}: expected {expected}"


def one_of(what: str, found: str, known: Collection[str]) -> str:
    """The expectation in place of a name that nothing has: ``a channel, perhaps ops``."""
    close = difflib.get_close_matches(found, known, 1)
    if close:
        return f"{what}, perhaps {close[0]}"
    few = sorted(known)[:10]
    return f"{what}: {', '.join(few)}{', …' if len(known) > len(few) else ''}" if few else f"{what}, and there is none"
