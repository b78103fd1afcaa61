"""``kuma.db``: opened so that neither the file nor its folder changes."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from infra.configuration.imports.result import Notes, SourceUnreadable
from infra.configuration.imports.uptime_kuma.rows import Export, tag_text

FILE = "kuma.db"
CONFIG = "db-config.json"
MAGIC = b"SQLite format 3\0"
_TABLES = {"monitor", "heartbeat", "notification"}
_MARIADB = "keeps its data in MariaDB ({config} says so), of which there is no file to read"
_COPIES = 3
_WAL = "-wal"
_WAL_HEADER_BYTES = 32


def kept_elsewhere(folder: Path) -> str | None:
    """Why ``folder`` has no database to read although it is Uptime Kuma's; None if it has one."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    kind = config.get("type") if isinstance(config, dict) else None
    return _MARIADB.format(config=CONFIG) if isinstance(kind, str) and "mariadb" in kind else None


def read(file: Path, notes: Notes) -> Export:
    """The content of the database.

    Raises:
        SourceUnreadable: it is damaged, or another program's database.
    """
    if reason := kept_elsewhere(file.parent):
        notes.add("settings", CONFIG, f"this Uptime Kuma {reason}; {file.name} may be an older state")
    try:
        with _opened(file) as database:
            return _exported(database, file, notes)
    except sqlite3.Error as error:
        raise SourceUnreadable(f"{file} cannot be read: {error}") from error
    except OSError as error:
        raise SourceUnreadable(f"{file} cannot be read: {error.strerror}") from error


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    # The file of changes that SQLite has not written into the database yet.
    beside = [file.with_name(f"{file.name}{ending}") for ending in (_WAL, "-journal")]
    beside = [each for each in beside if each.is_file() and each.stat().st_size]
    if not beside:
        # Otherwise SQLite would make a -wal and a -shm beside a database in WAL mode, even to read it.
        with closing(_connected(f"file:{quote(str(file.absolute()))}?mode=ro&immutable=1")) as database:
            yield database
        return
    with TemporaryDirectory() as folder:
        copy = _copied([file, *beside], Path(folder))
        with closing(_connected(f"file:{quote(str(copy))}?mode=rw")) as database:
            yield database


def _connected(uri: str) -> sqlite3.Connection:
    database = sqlite3.connect(uri, uri=True)
    database.row_factory = sqlite3.Row
    # Text that is not UTF-8 is shown with question marks instead of failing the whole import.
    database.text_factory = lambda data: data.decode(errors="replace")
    # A database can hold views and triggers that do more than to be read.
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def _copied(files: list[Path], folder: Path) -> Path:
    """A copy of the database and what is beside it, of one moment even if Uptime Kuma is running."""
    for _ in range(_COPIES):
        before = [_state(file) for file in files]
        for file in files:
            shutil.copyfile(file, folder / file.name)
        if before == [_state(file) for file in files]:
            return folder / files[0].name
    raise SourceUnreadable(f"{files[0]} changes while it is read: stop Uptime Kuma first, or import a copy")


def _state(file: Path) -> object:
    """Return a value that changes if a copy of this file no longer fits the copies of the other files.

    A running Uptime Kuma writes every second, and a large database takes longer to be copied. It only appends to its
    WAL, whose header changes if it begins at the front again. An appended page is in the copy or not, and SQLite
    reads up to the last commit that is whole.
    """
    if file.name.endswith(_WAL):
        with file.open("rb") as opened:
            return opened.read(_WAL_HEADER_BYTES)
    state = file.stat()
    return state.st_mtime_ns, state.st_size


def _exported(database: sqlite3.Connection, file: Path, notes: Notes) -> Export:
    tables = {row["name"] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if missing := sorted(_TABLES - tables):
        raise SourceUnreadable(f"{file} is a SQLite database, but not Uptime Kuma's: it has no table {missing[0]}")

    def rows(table: str) -> list[dict[str, Any]]:
        # SELECT * because the columns differ between the versions. The names of the tables are those below.
        found = database.execute(f'SELECT * FROM "{table}" ORDER BY id') if table in tables else ()  # noqa: S608
        return [dict(row) for row in found]

    export = Export(notes)
    export.monitors = [export.row(data) for data in rows("monitor")]
    export.notifications = [export.row(data) for data in rows("notification")]
    export.channels_of = _pairs(rows("monitor_notification"), "monitor_id", "notification_id")
    tags = {tag["id"]: str(tag.get("name") or "") for tag in rows("tag")}
    for row in rows("monitor_tag"):
        if (name := tags.get(row.get("tag_id"))) and isinstance(row.get("monitor_id"), int):
            export.tags_of.setdefault(row["monitor_id"], []).append(tag_text(name, str(row.get("value") or "")))
    export.proxies = {row["id"]: export.row(row) for row in rows("proxy")}
    export.docker_hosts = {row["id"]: export.row(row) for row in rows("docker_host")}
    export.settings = {str(row.get("key")): _setting(row.get("value")) for row in rows("setting")}
    export.maintenances = [export.row(data) for data in rows("maintenance")]
    export.monitors_in = _pairs(rows("monitor_maintenance"), "maintenance_id", "monitor_id")
    export.pages = [export.row(data) for data in rows("status_page")]
    export.page_groups = [export.row(data) for data in rows("group")]
    export.shown = [export.row(data) for data in rows("monitor_group")]
    export.incidents = [export.row(data) for data in rows("incident")]
    for row in rows("status_page_cname"):
        export.domains_of.setdefault(row.get("status_page_id", 0), []).append(str(row.get("domain")))
    return export


def _pairs(rows: list[dict[str, Any]], key: str, value: str) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in rows:
        if isinstance(row.get(key), int) and isinstance(row.get(value), int):
            found.setdefault(row[key], []).append(row[value])
    return found


def _setting(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return value
