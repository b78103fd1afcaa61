"""Copy a SQLite store while it is in use."""

import contextlib
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from shared.store.engines.lifecycle import BUSY_SECONDS
from shared.store.engines.sqlite.file import is_frozen

# SQLite refused a step of a copy, and Python repeats it.
_REPEATED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# The files that SQLite keeps beside a database. It would play them into any other database in its place.
SIDE_FILES = ("-wal", "-shm", "-journal")


class BackupFailed(Exception):
    """No backup was made, and nothing was changed; the text says why."""


def back_up(path: Path, file: Path) -> int:
    """Copy the database at ``path`` to ``file``, completely or not at all. The size of the copy in bytes.

    The copy is one state of the store, checked, and needs no other file. Only its owner can read it. Other processes
    can read and write the store meanwhile. An existing ``file`` is replaced; if it is a link, what it leads to.

    Raises:
        BackupFailed: there is no store, it is damaged or locked for longer than BUSY_SECONDS, or ``file`` cannot be
            written, or is something else than a file, such as a device.
    """
    if file.exists() and not file.is_file():
        raise BackupFailed(f"{file} is not a regular file, and is not replaced")
    given, file = file, file.resolve()
    if file in (path.resolve(), *(path.resolve().with_name(path.name + end) for end in SIDE_FILES)):
        raise BackupFailed(f"{given} is the database itself")
    new = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        os.close(descriptor)
        new = Path(name)
        _copy(path, new)
        _check(new)
        _put_in_place(new, file)
        return file.stat().st_size
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{path} cannot be copied to {given}: {error}") from error
    finally:
        if new is not None:
            new.unlink(missing_ok=True)


def _copy(path: Path, new: Path) -> None:
    give_up_at = time.monotonic() + BUSY_SECONDS

    def go_on(status: int, _remaining: int, _pages: int) -> None:
        # Python would repeat it for ever.
        if status in _REPEATED and time.monotonic() >= give_up_at:
            raise sqlite3.OperationalError("database is locked")

    frozen = is_frozen(str(path))
    mode = "immutable=1" if frozen else "mode=rw"
    with (
        contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as store,
        contextlib.closing(sqlite3.connect(new)) as copy,
    ):
        store.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
        # In one step: if another process wrote between two steps, SQLite would begin the copy again.
        store.backup(copy, progress=go_on)
        copy.execute("PRAGMA journal_mode = DELETE")
    if frozen and not is_frozen(str(path)):
        raise BackupFailed(f"another program opened {path} meanwhile: try again")


def _check(new: Path) -> None:
    with contextlib.closing(sqlite3.connect(new)) as copy:
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise BackupFailed(f"the database is damaged: {'; '.join(found)}")
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").fetchone():
            raise BackupFailed("the database is not one of this program")


def _put_in_place(new: Path, file: Path) -> None:
    with new.open("rb") as copied:
        os.fsync(copied.fileno())
    for end in SIDE_FILES:
        file.with_name(file.name + end).unlink(missing_ok=True)
    new.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
