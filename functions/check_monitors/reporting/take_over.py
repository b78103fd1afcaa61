"""Take over the files of version 0.1 next to the backlog's folder: waiting events, and the backend's outage."""

import contextlib
import json
import os
import stat
from pathlib import Path

from pydantic import ValidationError

from functions.check_monitors.reporting.backlog_database import (
    BUSY_SECONDS,
    BacklogDatabase,
    Row,
    is_ours,
    locked_within,
)
from shared.models import Event, as_text

# The backlog's folders without such files next to them, so that a run need not search again.
_done: set[Path] = set()


def is_left_for(database: BacklogDatabase) -> bool:
    """Whether version 0.1 left files that belong into ``database``."""
    folder = database.folder
    if folder is None or folder in _done:
        return False
    if any(map(_is_left, _files(folder))):
        return True
    # If the folder around it is missing, it may come back with such files.
    if folder.parent.is_dir():
        _done.add(folder)
    return False


def take_over(database: BacklogDatabase) -> None:
    """Move what version 0.1 left into ``database``, and then delete its files.

    Raises:
        OSError: the database does not take it. The files stay.
    """
    if database.folder is None:
        return
    events, lock, outage, *_ = _files(database.folder)
    files = [file for file in _files(database.folder) if _is_left(file)]
    # A process of version 0.1 that still runs holds this lock while it writes. Another user's lock is none.
    is_lock_ours = lock in files or not os.path.lexists(lock)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    with locked_within(BUSY_SECONDS, lock, flags) if is_lock_ours else contextlib.nullcontext():
        if events in files:
            # If a kill comes between these two steps, the next run appends the same events, and none waits twice.
            database.append(_rows(events))
            events.unlink(missing_ok=True)
    if outage in files and (known := _known(outage)) and not database.outages():
        database.save_outage(known)
    for file in (*([lock] if is_lock_ours else []), *files):
        file.unlink(missing_ok=True)


def _is_left(file: Path) -> bool:
    """Whether we left ``file``. Nothing that another user planted is opened, nor any link or FIFO."""
    try:
        return stat.S_ISREG(file.lstat().st_mode) and is_ours(file)
    except OSError:
        return False


def _files(folder: Path) -> list[Path]:
    backend = folder.with_name(folder.name.replace("spool-", "backend-"))
    return [
        *(folder.with_suffix(suffix) for suffix in (".jsonl", ".lock")),
        *(backend.with_suffix(suffix) for suffix in (".json", ".lock", ".new")),
        *(folder.with_suffix(suffix) for suffix in (".new", ".turn")),
    ]


def _rows(file: Path) -> list[Row]:
    """The events in ``file``, one a line. A line that a crash cut short is no event."""
    rows = []
    for line in file.read_bytes().splitlines():
        with contextlib.suppress(ValidationError):
            event = Event.model_validate_json(line)
            rows.append(Row(event.event_id, as_text(event.timestamp), event.model_dump_json()))
    return rows


def _known(file: Path) -> str | None:
    """The outage in ``file``, with today's name for the channels that were notified."""
    try:
        outage = json.loads(file.read_bytes())
        return json.dumps({**outage, "notified": outage["told"]})
    except (ValueError, TypeError, KeyError):
        return None
