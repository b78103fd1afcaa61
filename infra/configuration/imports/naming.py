"""Names: unique ones for monitors and channels, and those of the variables that hold their secrets."""

import re
import unicodedata
from collections.abc import Collection, Hashable, Iterable
from typing import TypeVar

from infra.configuration.imports.result import Notes
from shared.models.channel import CONSOLE, is_numbered

MAX_MONITOR_NAME = 200
MAX_CHANNEL_NAME = 64

Key = TypeVar("Key", bound=Hashable)


def one_line(text: str, limit: int = MAX_MONITOR_NAME) -> str:
    """``text`` on one line, without what cannot be seen."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:limit].strip()


def monitor_names(
    wanted: Iterable[tuple[Key, str]], notes: Notes, first: Collection[Key] = (), why: str = ""
) -> dict[Key, str]:
    """A unique name for each monitor. Those in ``first`` keep theirs; of the others the earlier one does.

    ``why`` is appended to the note of each of ``first`` that cannot keep its name.
    """
    pairs = [(key, one_line(name) or "unnamed") for key, name in wanted]
    pairs.sort(key=lambda pair: pair[0] not in first)
    names: dict[Key, str] = {}
    taken: set[str] = set()
    for key, name in pairs:
        names[key] = _free(name, taken, MAX_MONITOR_NAME)
        taken.add(names[key])
        if names[key] != name:
            notes.add(
                f"monitors {name!r}",
                "name",
                f"another monitor has it; this one is {names[key]!r}{why if key in first else ''}",
            )
    return names


def channel_name(wanted: str, taken: Collection[str], notes: Notes) -> str:
    """A name for a channel that is in neither ``taken`` nor reserved."""
    name = one_line(wanted, MAX_CHANNEL_NAME) or "channel"
    is_ours = is_numbered(name)
    free = _free(one_line(name.replace("#", " ")) if is_ours else name, {*taken, CONSOLE}, MAX_CHANNEL_NAME)
    if free != name:
        reason = "it is reserved" if is_ours or name == CONSOLE else "another channel has it"
        notes.add(f"channels {name!r}", "name", f"{reason}; this one is {free!r}")
    return free


def upper_snake(text: str) -> str:
    """``text`` as a part of a variable's name: ``Café (EU)`` is ``CAFE_EU``. Empty if no letter of it can be used."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]+", "_", ascii_only.upper()).strip("_")[:60].rstrip("_")


def _free(name: str, taken: Collection[str], limit: int) -> str:
    free, number = name, 2
    while free in taken:
        suffix = f" {number}"
        free = name[: limit - len(suffix)].rstrip() + suffix
        number += 1
    return free
