"""Uptime Kuma's rows, from a database or a backup."""

import json
from dataclasses import dataclass, field
from typing import Any

from infra.configuration.imports.result import Notes
from shared.models import storable


class Row:
    """A row of a table, by Uptime Kuma's column names. A malformed value counts as not set, and becomes a note."""

    def __init__(self, data: dict[str, Any], notes: Notes, where: str = "") -> None:
        self._data = data
        self._notes = notes
        self.where = where

    def note(self, what: str, why: str) -> None:
        """Add a note about it."""
        self._notes.add(self.where, what, why)

    def has(self, name: str) -> bool:
        """Whether the column is there and not null."""
        return self._data.get(name) is not None

    def knows(self, name: str) -> bool:
        """Whether the source has such a column at all."""
        return name in self._data

    def text(self, name: str) -> str:
        """Its text; empty if it is not set."""
        value = self._data.get(name)
        if value is None or isinstance(value, dict | list):
            return ""
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        return storable(str(value))

    def word(self, name: str) -> str:
        """Its text, without blanks around it."""
        return self.text(name).strip()

    def number(self, name: str) -> float | None:
        """Its number; None if it is not set."""
        text = self.word(name)
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not -1e15 < number < 1e15:
            self.note(name, "expected a number; it is left out")
            return None
        return number

    def whole(self, name: str) -> int | None:
        """Its number without what follows the point; None if it is not set."""
        number = self.number(name)
        return None if number is None else int(number)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Whether it is set: 1 and true are."""
        text = self.word(name).lower()
        return default if not text else text not in ("0", "false", "0.0", "no", "off")

    def listed(self, name: str) -> list[Any]:
        """Its list, which is JSON in a text, or a list already."""
        value = self._json(name, list)
        return value if isinstance(value, list) else []

    def mapping(self, name: str) -> dict[str, Any]:
        """Its object, which is JSON in a text, or an object already."""
        value = self._json(name, dict)
        return {str(key): part for key, part in value.items()} if isinstance(value, dict) else {}

    def _json(self, name: str, shape: type) -> Any:
        value = self._data.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str | bytes):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                value = self
        if value is not None and not isinstance(value, shape):
            self.note(name, "expected JSON of another shape; it is left out")
            return None
        return value


@dataclass
class Export:
    """All that is read of one Uptime Kuma. Lists by monitor hold the ids of what belongs to it."""

    notes: Notes
    monitors: list[Row] = field(default_factory=list)
    notifications: list[Row] = field(default_factory=list)
    channels_of: dict[int, list[int]] = field(default_factory=dict)
    tags_of: dict[int, list[str]] = field(default_factory=dict)
    proxies: dict[int, Row] = field(default_factory=dict)
    docker_hosts: dict[int, Row] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    maintenances: list[Row] = field(default_factory=list)
    monitors_in: dict[int, list[int]] = field(default_factory=dict)
    pages: list[Row] = field(default_factory=list)
    page_groups: list[Row] = field(default_factory=list)
    shown: list[Row] = field(default_factory=list)
    domains_of: dict[int, list[str]] = field(default_factory=dict)
    incidents: list[Row] = field(default_factory=list)
    # The names that the monitors get, by their ids.
    names: dict[int, str] = field(default_factory=dict)

    def row(self, data: dict[str, Any], where: str = "") -> Row:
        """A row whose notes are this export's."""
        return Row(data, self.notes, where)


def tag_text(name: str, value: str) -> str:
    """A tag with its value, as Uptime Kuma shows it."""
    return f"{name}: {value}" if value else name
