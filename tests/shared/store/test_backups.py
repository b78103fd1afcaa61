"""Backups through links, over FIFOs, and of a store that nobody can write."""

import os
import pwd
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from shared.models import as_text
from shared.store.admin.backup import BackupFailed, back_up
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.engines.sqlite.file import connect_to_read
from shared.store.migrate import known_version, migrate
from tests.support.builders import NOON

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty store that nobody uses."""
    path = tmp_path / "store" / "bonghwa.db"
    path.parent.mkdir()
    with closing(SqliteDatabase(path)) as database:
        migrate(database, as_text(NOON))
    return path


def version_in(copy: Path) -> int:
    with closing(sqlite3.connect(copy)) as connection:
        return int(connection.execute("SELECT max(version) FROM schema_migrations").fetchone()[0])


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("is_there", [True, False])
def test_a_backup_through_a_link_lands_where_it_leads(tmp_path: Path, path: Path, *, is_there: bool) -> None:
    """The file that cron writes may be a link to another disk."""
    there = tmp_path / "disk" / "today.db"
    there.parent.mkdir()
    if is_there:
        there.write_text("the backup of yesterday")
        there.with_name("today.db-wal").write_text("its log")
    link = tmp_path / "copy.db"
    link.symlink_to(there)
    size = back_up(path, link)
    assert link.is_symlink()
    assert names_in(there.parent) == ["today.db"]
    assert there.stat().st_size == size
    assert version_in(there) == known_version()


@pytest.mark.parametrize("is_link", [True, False])
def test_only_a_file_is_replaced_by_a_backup(tmp_path: Path, path: Path, *, is_link: bool) -> None:
    """As root, /dev/null became a database."""
    pipe, link = tmp_path / "pipe", tmp_path / "copy.db"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    file = link if is_link else pipe
    with pytest.raises(BackupFailed, match=f"^{file} is not a regular file, and is not replaced$"):
        back_up(path, file)
    assert pipe.is_fifo()
    assert names_in(tmp_path) == ["copy.db", "pipe", "store"]


def test_a_store_that_nobody_can_write_is_read(path: Path) -> None:
    """As on a read-only mount, where SQLite can make no file beside it: it can be copied, and ``replay`` reads it."""
    # Another user cannot enter the folders of these tests, and root can write everywhere.
    with tempfile.TemporaryDirectory() as name:
        frozen, away = Path(name, "frozen"), Path(name, "away")
        away.mkdir()
        shutil.copytree(path.parent, frozen)
        for each, mode in ((frozen / path.name, 0o444), (frozen, 0o555), (away, 0o777), (frozen.parent, 0o755)):
            each.chmod(mode)

        def read() -> None:
            back_up(frozen / path.name, away / "copy.db")
            with SqliteDatabase(frozen / path.name, connects=connect_to_read).snapshot() as snapshot:
                assert snapshot.rows("SELECT max(version) AS version FROM schema_migrations")

        assert as_nobody(read) == 0
        assert version_in(away / "copy.db") == known_version()
        assert names_in(frozen) == [path.name]
        frozen.chmod(0o755)


def as_nobody(work: Callable[[], None]) -> int:
    """Do it in a child without rights; 0 if that succeeded."""
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                os.setuid(pwd.getpwnam("nobody").pw_uid)
            work()
        except BaseException as error:  # noqa: BLE001  # the child must end here
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
