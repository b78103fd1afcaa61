"""The files of a SQLite database: opening them, and noticing that they were deleted, moved or replaced.

SQLite itself would go on in a file that nobody can find any more, and lose all that it is told from then on.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

File = tuple[int, int]


class Files(NamedTuple):
    """Which files were opened, by device and inode."""

    database: File
    wal: File | None
    shm: File | None


def which(path: str) -> File | None:
    """The file that the path leads to now."""
    try:
        found = os.stat(path)  # noqa: PTH116  # before each transaction, and Path.stat costs twice as much
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect(path: str, before: Files) -> tuple[sqlite3.Connection, Files]:
    """Open the database, made where there is none. ``before``: what this process had open.

    Raises:
        sqlite3.Error: it cannot be opened, or is locked; nothing is waited for.
    """
    with _alone_in(os.path.dirname(path)):  # noqa: PTH120
        _remove_leftovers(path, before)
        for _ in range(9):
            expected = which(path)
            connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                # Not so where it was made just now, or replaced just now: then it is uncertain which file that is.
                if expected is not None and which(path) == expected:
                    _set_up(connection)
                    return connection, Files(expected, which(f"{path}-wal"), which(f"{path}-shm"))
            except BaseException:
                connection.close()
                raise
            connection.close()
    raise sqlite3.OperationalError("its file is replaced again and again")


def let_go(connection: sqlite3.Connection) -> None:
    """Close it. What its log holds goes into its file first, wherever that is now."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    with contextlib.suppress(sqlite3.Error):
        connection.close()


def _set_up(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    # Reads, and so opens the log too.
    connection.execute("PRAGMA schema_version").fetchone()


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    # So that of several processes none removes or misses what another makes meanwhile. The folder, since any other file
    # would be left over itself.
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _remove_leftovers(path: str, before: Files) -> None:
    """Where the database was deleted or replaced, remove its log: SQLite would play it into the new one."""
    now = which(path)
    if now == before.database:
        return
    for name, known in ((f"{path}-wal", before.wal), (f"{path}-shm", before.shm)):
        # Beside a new file only what this process knows as the old one's: others may have begun on the new one.
        if now is None or (known is not None and which(name) == known):
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108
