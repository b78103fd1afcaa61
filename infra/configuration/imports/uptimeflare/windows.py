"""UptimeFlare's maintenances."""

from datetime import UTC, datetime
from typing import Any

from infra.configuration.imports.nodes import keys
from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptimeflare.parts import Part

_KNOWN = keys("monitors title body start end color")
_TITLE = "Scheduled Maintenance"
_LOST = {"body": "a window has a title only", "color": "a window has no color"}


class _LeftOut(Exception):
    """The maintenance cannot be carried over. The text says why."""


def add_all(config: Part, monitors: dict[str, dict[str, Any]], imported: Imported, now: datetime) -> None:
    """Add a window for each maintenance that is still to come. ``monitors``: those that were added, by their ids."""
    for given in config.listed("maintenances"):
        part = Part(given, "windows", imported.notes)
        if not part.data and not part.code:
            continue
        title = part.word("title") or _TITLE
        part.where = f"windows {title!r}"
        part.note_code()
        part.note_unknown(_KNOWN)
        try:
            imported.windows.append({"kind": "maintenance", "title": title, **_window(part, monitors, now)})
        except _LeftOut as reason:
            part.note("maintenance", f"{reason}; it is left out")
            continue
        for name, why in _LOST.items():
            if part.data.get(name):
                part.note(name, why)


def _window(part: Part, monitors: dict[str, dict[str, Any]], now: datetime) -> dict[str, Any]:
    ids = [str(identity) for identity in part.listed("monitors")]
    names = [monitors[identity]["name"] for identity in dict.fromkeys(ids) if identity in monitors]
    if not ids:
        raise _LeftOut("it names no monitor, so that it only tells visitors something; write it as an incident")
    if not names:
        raise _LeftOut("it covers no monitor that is carried over")
    starts_at = _moment(part, "start")
    if not part.data.get("end") and "end" not in part.code:
        raise _LeftOut("it has no end; pause its monitors, or make a window that ends")
    ends_at = _moment(part, "end")
    if ends_at <= starts_at:
        raise _LeftOut("it ends before it begins")
    if ends_at <= now:
        raise _LeftOut("it is over")
    return {"monitors": names, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


def _moment(part: Part, name: str) -> datetime:
    """A time as JavaScript reads it: in milliseconds since 1970, or written out, in UTC unless it says otherwise."""
    if name in part.code:
        raise _LeftOut(f"nobody knows its {name} without running it")
    value = part.data.get(name)
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(part.text(name).strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        # Years at either end of the calendar have no UTC.
        moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise _LeftOut(f"{name} is no time such as 2025-06-30T22:00:00+09:00") from None
    return moment
