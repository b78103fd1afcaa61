"""The files of a SQLite database: opening them, and noticing that they were deleted, moved or replaced.

SQLite itself would go on in a file that nobody can find any more, and everything written from then on would be lost.
Only their user can read the files, whatever the umask: whoever can read one can also lock it, and thereby stop us.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from shared.logs.private import make_private

Identity = tuple[int, int]

# We hold the lock of the folder for milliseconds. Another user, who may read the folder, could hold it for ever.
LOCK_SECONDS = 3.0
_ASK_AGAIN_SECONDS = 0.02


class Files(NamedTuple):
    """The opened files, by device and inode."""

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
        sqlite3.Error: it cannot be opened, or is locked; this waits for no lock of SQLite's.
    """
    folder = os.path.dirname(path)  # noqa: PTH120
    with _alone_in(folder) as is_alone:
        # Without the lock it is safe to open what is there, but not to remove or make anything.
        if is_alone:
            _remove_leftovers(path, before)
        elif file_identity(path) is None:
            locked = sqlite3.OperationalError(f"another program holds a lock on the folder {folder}")
            locked.sqlite_errorcode = sqlite3.SQLITE_IOERR  # it passes
            raise locked
        for _ in range(9):
            make_private(path)
            # SQLite gives these the mode of the database when it makes them.
            for name in (f"{path}-wal", f"{path}-shm"):
                make_private(name, creates=False)
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


def connect_to_read(path: str, before: Files) -> tuple[sqlite3.Connection, Files]:
    """As ``connect``, for a program that changes nothing: it can read a database that is frozen."""
    if not is_frozen(path):
        return connect(path, before)
    uri = f"{Path(path).resolve().as_uri()}?immutable=1"
    connection = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
    return connection, Files(file_identity(path) or (0, 0), None, None)


def is_frozen(path: str) -> bool:
    """Whether nobody can change the database: its folder is read-only, and no log lies beside it.

    SQLite cannot make the log that it needs, and reads the database only if it is told that it is immutable.
    """
    return not os.access(os.path.dirname(path) or ".", os.W_OK) and not os.path.lexists(f"{path}-wal")  # noqa: PTH120


def checkpoint_and_close(connection: sqlite3.Connection) -> None:
    """Close it. First write its log into its file, wherever that file is now."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    with contextlib.suppress(sqlite3.Error):
        connection.close()


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    # Otherwise a password that was masked, or an address that was deleted, can still be read in the file and in copies.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    # The first read opens the log as well.
    connection.execute("PRAGMA schema_version").fetchone()


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[bool]:
    """Lock ``folder``, and yield whether that was possible within LOCK_SECONDS."""
    # Otherwise one process could remove, or miss, what another one makes meanwhile. The lock is on the folder, because
    # any other file would itself be left over.
    with contextlib.ExitStack() as stack:
        is_alone = True
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            is_alone = _locked(descriptor)
        yield is_alone


def _locked(descriptor: int) -> bool:
    give_up_at = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                return False
            time.sleep(_ASK_AGAIN_SECONDS)
        else:
            return True


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
