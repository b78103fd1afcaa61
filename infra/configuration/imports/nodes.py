"""A mapping of a YAML file that others wrote, read tolerantly."""

import difflib
import re
from collections.abc import Collection
from typing import Any

from functions.status_page.looks import logo_of
from infra.configuration.imports.result import Notes
from shared.monitors.durations import seconds_of

_GO_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+|0")
_TRUTHS = {**dict.fromkeys(("true", "yes", "on", "y"), True), **dict.fromkeys(("false", "no", "off", "n"), False)}
_TINY = re.compile(r"\d+(?:\.\d*)?(?:ns|us|µs)")


def keys(text: str) -> frozenset[str]:
    """The keys in a text that holds them with blanks between."""
    return frozenset(text.split())


class Node:
    """A mapping at ``where``, written for ``tool``. A malformed value counts as not set, and becomes a note."""

    def __init__(self, data: Any, where: str, notes: Notes, tool: str = "Gatus") -> None:
        self.data: dict[str, Any] = {}
        self.where = where
        self.notes = notes
        self.tool = tool
        if isinstance(data, dict):
            self.data = {str(key): value for key, value in data.items()}
        elif data is not None:
            notes.add(where, "the value", "expected a mapping; it is left out")

    def note(self, what: str, why: str) -> None:
        """Add a note about it."""
        self.notes.add(self.where, what, why)

    def has(self, name: str) -> bool:
        """Whether the key is there with a value."""
        return self.data.get(name) is not None

    def text(self, name: str) -> str:
        """A text, a number or a truth as text; empty if it is not set."""
        value = self.data.get(name)
        if isinstance(value, dict | list):
            self.note(name, "expected text; it is left out")
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return "" if value is None else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Whether it is true. A variable says neither before it is filled in."""
        text = self.text(name).strip()
        if not text or text.lower() in _TRUTHS:
            return _TRUTHS.get(text.lower(), default)
        self.note(f"{name} {text}", "expected true or false; it counts as not set")
        return default

    def whole(self, name: str) -> int | None:
        """A number without a point."""
        text = self.text(name).strip()
        if not text:
            return None
        if not re.fullmatch(r"-?\d{1,9}", text):
            self.note(name, "expected a whole number; it is left out")
            return None
        return int(text)

    def seconds(self, name: str) -> float | None:
        """A duration of Go, such as 1m30s, in seconds."""
        text = self.text(name).strip()
        if not text:
            return None
        if re.fullmatch(r"[1-9]\d*", text):
            self.note(f"{name} {text}", "without a unit Gatus takes it for nanoseconds; it is read as seconds")
        elif not _GO_DURATION.fullmatch(text):
            self.note(f"{name} {text}", "expected a duration such as 30s; it is left out")
            return None
        try:
            return seconds_of(_TINY.sub("", text) or "0")
        except ValueError as error:
            self.note(f"{name} {text}", f"expected {error}; it is left out")
            return None

    def picture(self, name: str) -> str:
        """The URL of a picture that a page shows; empty if it would show none."""
        url = self.text(name).strip()
        if url and not logo_of({"logo": url}):
            self.note(name, "expected the https:// URL of a picture, without a query; it is left out")
            return ""
        return url

    def node(self, name: str) -> "Node":
        """The mapping at a key; an empty one if there is none."""
        return Node(self.data.get(name), self.where, self.notes, self.tool)

    def texts(self, name: str) -> dict[str, str]:
        """A mapping of texts, such as headers."""
        inside = self.node(name)
        return {key: inside.text(key) for key in inside.data if inside.data[key] is not None}

    def listed(self, name: str) -> list[Any]:
        """A list; empty if it is not set."""
        value = self.data.get(name)
        if value is None or isinstance(value, list):
            return value or []
        self.note(name, "expected a list; it is left out")
        return []

    def note_unknown(self, known: Collection[str], prefix: str = "") -> None:
        """Add a note for each key that the tool does not know, and so ignores."""
        for name in self.data:
            if name in known:
                continue
            close = difflib.get_close_matches(name, known, 1)
            meant = f"; perhaps {close[0]} is meant" if close else ""
            self.note(f"{prefix}{name}", f"{self.tool} ignores this key{meant}")
