"""The files of a SQLite database: opening them, and noticing that they were deleted, moved or replaced.

SQLite itself would go on in a file that nobody can find any more, and everything written from then on would be lost.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

Identity = tuple[int, int]


class Files(NamedTuple):
    """Which files were opened, by device and inode."""

    database: Identity
    wal: Identity | None
    shm: Identity | None


def file_identity(path: str) -> Identity | None:
    """The file that the path leads to now."""
    try:
        found = os.stat(path)  # noqa: PTH116  # before each transaction, and Path.stat costs twice as much
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect(path: str, before: Files) -> tuple[sqlite3.Connection, Files]:
    """Open the database, and make it if there is none. ``before``: what this process had open.

    Raises:
        sqlite3.Error: it cannot be opened, or is locked; this does not wait for a lock.
    """
    with _alone_in(os.path.dirname(path)):  # noqa: PTH120
        _remove_leftovers(path, before)
        for _ in range(9):
            expected = file_identity(path)
            connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                # If the file was made or replaced just now, we cannot know which one was opened: try again.
                if expected is not None and file_identity(path) == expected:
                    _set_up(connection)
                    return connection, Files(expected, file_identity(f"{path}-wal"), file_identity(f"{path}-shm"))
            except BaseException:
                connection.close()
                raise
            connection.close()
    raise sqlite3.OperationalError("its file is replaced again and again")


def checkpoint_and_close(connection: sqlite3.Connection) -> None:
    """Close it. First write its log into its file, wherever that file is now."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    with contextlib.suppress(sqlite3.Error):
        connection.close()


def _set_up(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    # The first read opens the log as well.
    connection.execute("PRAGMA schema_version").fetchone()


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    # Otherwise one process could remove, or miss, what another one makes meanwhile. The lock is on the folder, because
    # any other file would itself be left over.
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _remove_leftovers(path: str, before: Files) -> None:
    """If the database was deleted or replaced, remove its log: SQLite would play it into the new one."""
    now = file_identity(path)
    if now == before.database:
        return
    for name, known in ((f"{path}-wal", before.wal), (f"{path}-shm", before.shm)):
        # Beside a new file, remove only what this process knows as the old file's: others may already use the new one.
        if now is None or (known is not None and file_identity(name) == known):
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108
