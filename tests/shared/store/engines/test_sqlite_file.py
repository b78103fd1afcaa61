"""A SQLite file that is deleted, replaced or moved while processes have it open."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import pytest

from shared.store import StoreUnavailable
from shared.store.admin.backup import back_up
from shared.store.engines.sqlite.database import SqliteDatabase
from tests.support.running.beside import beside
from tests.support.store.monitor_names import add, names, opened

pytestmark = pytest.mark.slow


def _adding(path: Path, wanted: Connection) -> None:
    database = opened(path)
    while name := wanted.recv():
        add(database, name)
        wanted.send(names(database))


@pytest.fixture
def other_process(path: Path, sqlite_database: SqliteDatabase) -> Iterator[Callable[[str], list[str]]]:
    """Add a monitor from another process; the names that it finds then."""
    ours, theirs = beside.Pipe()
    process = beside.Process(target=_adding, args=(path, theirs))
    process.start()

    def add_there(name: str) -> list[str]:
        ours.send(name)
        assert ours.poll(30), "the other process does not respond"
        return cast("list[str]", ours.recv())

    yield add_there
    ours.send("")
    process.join(30)
    assert process.exitcode == 0


@pytest.mark.parametrize("deleted", [[""], ["", "-wal"], ["", "-shm"], ["", "-wal", "-shm"]], ids="+".join)
def test_all_processes_use_one_new_store_if_the_file_is_deleted(
    path: Path, sqlite_database: SqliteDatabase, other_process: Callable[[str], list[str]], deleted: list[str]
) -> None:
    add(sqlite_database, "old")
    assert other_process("old, too") == ["old", "old, too"]

    for end in deleted:
        path.with_name(path.name + end).unlink()

    add(sqlite_database, "one")
    assert other_process("two") == ["one", "two"]
    add(sqlite_database, "three")
    assert other_process("four") == ["one", "two", "three", "four"]
    # The same holds for a process that opens it after all others have closed it.
    sqlite_database.close()
    assert names(opened(path)) == ["one", "two", "three", "four"]
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_nothing_of_the_old_file_gets_into_its_replacement(
    path: Path, sqlite_database: SqliteDatabase, other_process: Callable[[str], list[str]], tmp_path: Path
) -> None:
    add(sqlite_database, "kept")
    back_up(path, tmp_path / "copy.db")
    add(sqlite_database, *(f"lost {number}" for number in range(50)))
    other_process("lost, too")

    # The log of the old file stays beside the new one.
    shutil.move(tmp_path / "copy.db", path)

    assert names(sqlite_database) == ["kept"]
    assert other_process("new") == ["kept", "new"]
    assert names(sqlite_database) == ["kept", "new"]
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_moved_file_keeps_everything(path: Path, sqlite_database: SqliteDatabase) -> None:
    add(sqlite_database, "one", "two")
    moved = path.rename(path.with_name("moved.db"))

    assert names(sqlite_database) == []
    assert names(opened(moved)) == ["one", "two"]


def test_a_folder_that_was_away_still_has_everything(path: Path, sqlite_database: SqliteDatabase) -> None:
    add(sqlite_database, "one")
    away = path.parent.rename(path.parent.with_name("away"))
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="its folder must be there") as raised:
            add(sqlite_database, "never")
        assert raised.value.is_transient
    away.rename(path.parent)

    add(sqlite_database, "two")
    assert names(sqlite_database) == ["one", "two"]
