"""The backup that Uptime Kuma 1.x exports, also as people write it by hand."""

import json
import re
from pathlib import Path
from typing import Any

from infra.configuration.imports.result import Notes, SourceUnreadable
from infra.configuration.imports.uptime_kuma.rows import Export, tag_text

_LISTS = ("monitorList", "notificationList")
# Names in the backup that differ from the column's by more than the spelling of its words.
_COLUMNS = {"accepted_statuscodes": "accepted_statuscodes_json", "max_retries": "maxretries"}
_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def is_backup(data: Any) -> bool:
    """Whether ``data`` has the shape of a backup."""
    return isinstance(data, dict) and any(name in data for name in _LISTS)


def loaded(text: str, file: Path) -> Any:
    """The JSON in ``text``.

    Raises:
        SourceUnreadable: it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise SourceUnreadable(f"{file} is no JSON: {error}") from error
    except RecursionError:
        raise SourceUnreadable(f"{file} is nested too deeply") from None


def read(data: dict[str, Any], notes: Notes) -> Export:
    """The content of the backup. It knows no status pages, maintenance, proxies or Docker hosts."""
    export = Export(notes)
    for given in _objects(data, "notificationList", notes):
        export.notifications.append(export.row(given))
    seen: set[int] = set()
    for number, given in enumerate(_objects(data, "monitorList", notes), start=1):
        columns = {_column(name): value for name, value in given.items()}
        if not isinstance(columns.get("id"), int) or columns["id"] in seen:
            columns["id"] = -number  # in no list of the backup
        seen.add(columns["id"])
        if isinstance(columns.get("tags"), list):
            export.tags_of[columns["id"]] = list(_tags(columns["tags"]))
        export.channels_of[columns["id"]] = _ids(columns.get("notification_idlist"))
        export.monitors.append(export.row(columns))
    return export


def _objects(data: dict[str, Any], name: str, notes: Notes) -> list[dict[str, Any]]:
    found = data.get(name)
    listed = found if isinstance(found, list) else list(found.values()) if isinstance(found, dict) else []
    objects = [entry for entry in listed if isinstance(entry, dict)]
    if len(objects) < len(listed):
        notes.add(name, "an entry", "expected an object; it is left out")
    return objects


def _column(name: str) -> str:
    snake = _HUMP.sub(r"_\1", name).lower()
    return _COLUMNS.get(snake, snake)


def _ids(value: Any) -> list[int]:
    """The ids in ``{"1": true}``, ``[1, 2]`` or a text with either."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    if isinstance(value, dict):
        value = [key for key, is_on in value.items() if is_on]
    found = value if isinstance(value, list) else []
    return [int(str(entry)) for entry in found if re.fullmatch(r"[0-9]{1,15}", str(entry))]


def _tags(listed: list[Any]) -> Any:
    for tag in listed:
        if isinstance(tag, dict) and tag.get("name"):
            yield tag_text(str(tag["name"]), str(tag.get("value") or ""))
        elif isinstance(tag, str):
            yield tag
