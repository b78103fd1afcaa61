"""Gatus's maintenance, for all endpoints or for some."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from infra.configuration.imports.nodes import Node
from infra.configuration.imports.result import NEVER_ENDS, Imported
from shared.monitors.durations import duration_text

_KNOWN = frozenset({"enabled", "start", "duration", "timezone", "every"})
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_START = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def add_all(document: Node, of_endpoints: list[tuple[Any, list[str]]], imported: Imported) -> None:
    """Add a window for each maintenance. ``of_endpoints``: what each says, and its monitors."""
    if document.has("maintenance"):
        _add(Node(document.data["maintenance"], "maintenance", imported.notes), {"all": True}, imported)
    for given, names in of_endpoints:
        node = Node(given, f"monitors {names[0]!r}", imported.notes)
        _add(node, {"monitors": names}, imported)


def _add(node: Node, scope: dict[str, Any], imported: Imported) -> None:
    node.note_unknown(_KNOWN, "maintenance.")
    start, seconds = node.text("start").strip(), node.seconds("duration")
    zone = node.text("timezone").strip() or "UTC"
    days = [str(day) for day in node.listed("every")]
    problem = None
    if not node.flag("enabled", default=True):
        problem = "it is switched off"
    elif not _START.fullmatch(start) or not seconds:
        problem = "expected start as hh:mm, and a duration"
    elif not set(days) <= set(_DAYS):
        problem = f"expected weekdays such as {_DAYS[0]}"
    elif not _is_zone(zone):
        problem = f"the time zone {zone} is unknown"
    if problem or not seconds:
        node.note("maintenance", f"{problem}; it is left out")
        return
    when: dict[str, Any] = {"weekly": [day[:3] for day in _DAYS if day in days]} if days else {"every": "day"}
    duration = duration_text(seconds)
    window = {"kind": "maintenance", **scope, **when, "at": start, "duration": duration, "time_zone": zone}
    if not imported.add_window(window):
        node.note(f"maintenance of {duration}", f"{NEVER_ENDS}; it is left out")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True
