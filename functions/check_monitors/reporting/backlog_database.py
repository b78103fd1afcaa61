"""One database of the backlog: a SQLite file that is opened for each transaction, or one in memory."""

import contextlib
import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.logs.private import make_private

if TYPE_CHECKING:
    import sqlite3

MAX_EVENTS = 10_000
BUSY_SECONDS = 5.0
_ASK_AGAIN_SECONDS = 0.02
_TABLES = (
    "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, timestamp TEXT, event TEXT)",
    "CREATE INDEX IF NOT EXISTS events_by_time ON events (timestamp)",
    "CREATE TABLE IF NOT EXISTS outage (id INTEGER PRIMARY KEY CHECK (id = 1), outage TEXT)",
)
# A row that is already there was added by a commit that seemed to fail.
_ADD = "INSERT OR IGNORE INTO events (event_id, timestamp, event) VALUES (?, ?, ?)"
_DROP_OLDEST = (
    "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY timestamp DESC, id DESC LIMIT -1 OFFSET ?)"
)
_ANY_ROW = "SELECT 1 FROM events UNION ALL SELECT 1 FROM outage LIMIT 1"


class Row(NamedTuple):
    """An event that waits; ``event`` is its JSON."""

    event_id: str
    timestamp: str
    event: str


class BacklogDatabase:
    """Events that wait, and at most one outage of the backend.

    The file is in a ``folder`` that only this user can enter: SQLite would replay a journal that somebody else put
    beside it. It exists only while there is something in it. Without a ``folder`` the database is in memory.

    Every method raises OSError if the database cannot be used. The caller then uses another: if something was written
    here after all, its ``event_id`` makes the repetition harmless.
    """

    def __init__(self, folder: Path | None = None, *, makes_parents: bool = False) -> None:
        self.folder = folder
        self._file = folder / "backlog.db" if folder else None
        self._makes_parents = makes_parents
        self._memory: sqlite3.Connection | None = None
        self._memory_lock = threading.Lock()
        self._locks = {} if folder else {name: threading.Lock() for name in ("turn", "notify")}

    def exists(self) -> bool:
        """Whether something may be in it."""
        return os.path.lexists(self._file) if self._file else self._memory is not None

    def append(self, rows: Sequence[Row]) -> int:
        """Add all of ``rows`` or none, and return how many of the oldest had to be dropped."""
        return self._write((_ADD, rows), (_DROP_OLDEST, [(MAX_EVENTS,)]), creates=True)

    def oldest(self, count: int) -> list[Row]:
        """Return the first ``count`` events by their own time."""
        select = "SELECT event_id, timestamp, event FROM events ORDER BY timestamp, id LIMIT ?"
        return [Row(*row) for row in self._read(select, count)]

    def remove(self, event_ids: Sequence[str]) -> None:
        """Delete these events, if they are here."""
        self._write(("DELETE FROM events WHERE event_id = ?", [(event_id,) for event_id in event_ids]))

    def count(self) -> int:
        """Return how many events wait."""
        return sum(count for (count,) in self._read("SELECT count(*) FROM events"))

    def outages(self) -> list[str | None]:
        """Return the outage, if one was saved; None was saved for one that is over."""
        return [outage for (outage,) in self._read("SELECT outage FROM outage")]

    def save_outage(self, outage: str | None) -> None:
        """Replace the outage that was saved."""
        self._write(("INSERT OR REPLACE INTO outage VALUES (1, ?)", [(outage,)]), creates=True)

    def clear_outage(self) -> None:
        """Delete the outage. OSError also if the folder's parent is missing: an outage may come back with it."""
        if self.folder:
            self.folder.parent.stat()
        self._write(("DELETE FROM outage", [()]))

    @contextmanager
    def locked(self, name: str, seconds: float) -> Iterator[None]:
        """Hold the lock "turn" or "notify".

        Raises:
            TimeoutError: another run has held it for ``seconds``.
        """
        if self.folder:
            self._ensure(self.folder)
            with locked_within(seconds, self.folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW):
                yield
        elif self._locks[name].acquire(timeout=seconds):
            try:
                yield
            finally:
                self._locks[name].release()
        else:
            raise TimeoutError("another run has locked the memory")

    def _read(self, select: str, *values: Any) -> list[Any]:
        # Nearly every run ends here, and does not load sqlite3.
        if not self.exists():
            return []
        with self._transaction(creates=False) as connection:
            return connection.execute(select, values).fetchall() if connection else []

    def _write(self, *statements: tuple[str, Sequence[tuple[Any, ...]]], creates: bool = False) -> int:
        """Run each statement for all its values. Return how many rows the last one changed."""
        if not creates and not self.exists():
            return 0
        with self._transaction(creates=creates) as connection:
            if connection is None:
                return 0
            return [connection.executemany(statement, values).rowcount for statement, values in statements][-1]

    @contextmanager
    def _transaction(self, *, creates: bool) -> Iterator["sqlite3.Connection | None"]:
        """Yield a connection in a transaction; None if the file was deleted meanwhile and is not to be created."""
        import sqlite3

        try:
            if self._file:
                self._ensure(self._file.parent)
                # Only one process at a time opens the file, so that it can be deleted and renamed. With SQLite's locks
                # alone, a process that has the deleted file open takes the journal of a new file for its own.
                with locked_within(BUSY_SECONDS, self._file.parent, os.O_RDONLY):
                    if not creates and not self.exists():
                        yield None
                        return
                    with _opened(self._file) as connection:
                        yield connection
            else:
                with self._memory_lock:
                    if self._memory is None:
                        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                    with _begun(self._memory):
                        yield self._memory
        except sqlite3.Error as error:
            raise OSError(str(error)) from error

    def _ensure(self, folder: Path) -> None:
        """Make the folder, but not its parents: they may be moved away or not mounted, and come back."""
        try:
            refuse_strangers(folder)
        except FileNotFoundError:
            if self._makes_parents:
                folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            refuse_strangers(folder)
        found = folder.stat()
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            # A process that can read the folder can lock it for ever.
            folder.chmod(0o700)


def refuse_strangers(path: Path) -> None:
    """Raise PermissionError if somebody else made ``path`` in a folder that others may write to."""
    if not is_ours(path):
        raise PermissionError(f"{path} is another user's")


def is_ours(path: Path) -> bool:
    """Whether we made ``path``, or nobody else could have; a link counts as itself."""
    return path.lstat().st_uid == os.geteuid() or not path.parent.stat().st_mode & (stat.S_ISVTX | stat.S_IWOTH)


@contextmanager
def locked_within(seconds: float, path: Path, flags: int) -> Iterator[None]:
    """Hold the lock of the file or folder ``path``, which a killed process gives up.

    Raises:
        TimeoutError: another run has held it for ``seconds``.
    """
    # A FIFO would stop us until somebody writes to it.
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        give_up_at = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up_at:
                    raise TimeoutError(f"another run has locked {path}") from None
                time.sleep(_ASK_AGAIN_SECONDS)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _opened(file: Path) -> Iterator["sqlite3.Connection"]:
    """Open the file for one transaction, and delete it if nothing is left in it. A damaged file is renamed.

    If it stayed open, it would go on unnoticed in a folder that is moved away or deleted.
    """
    import sqlite3

    make_private(file)
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=rwc", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        with contextlib.closing(connection):
            with _begun(connection):
                yield connection
            is_empty = connection.execute(_ANY_ROW).fetchone() is None
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            file.replace(file.with_suffix(".damaged"))
        raise
    if is_empty:
        with contextlib.suppress(OSError):
            file.unlink()


@contextmanager
def _begun(connection: "sqlite3.Connection") -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        for statement in _TABLES:
            connection.execute(statement)
        yield
        connection.execute("COMMIT")
    finally:
        # After some errors SQLite has already rolled back.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
