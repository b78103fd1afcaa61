"""The files of a SQLite database: their modes, and what another user of the machine can do to them."""

import fcntl
import os
import stat
import time
from pathlib import Path

import pytest

from shared.store.engines.database import StoreUnavailable
from shared.store.engines.sqlite.database import SqliteDatabase


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir() if path.is_file()}


def write(database: SqliteDatabase) -> None:
    with database.transaction() as transaction:
        transaction.rows("CREATE TABLE IF NOT EXISTS t (a)")
        transaction.rows("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o377])
def test_only_its_user_can_use_a_new_database(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        database = SqliteDatabase(tmp_path / "a.db")
        write(database)
        assert modes(tmp_path) == dict.fromkeys(["a.db", "a.db-wal", "a.db-shm"], "0o600")
        database.close()
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("mode", "then"), [(0o644, "0o600"), (0o444, "0o400"), (0o666, "0o600"), (0o640, "0o640"), (0o660, "0o660")]
)
def test_an_earlier_database_keeps_only_what_was_given_by_hand(tmp_path: Path, mode: int, then: str) -> None:
    # It is open, so that its other files have its earlier mode too.
    open_now = SqliteDatabase(tmp_path / "a.db")
    write(open_now)
    for path in tmp_path.iterdir():
        path.chmod(mode)
    database = SqliteDatabase(tmp_path / "a.db")
    write(database)
    assert modes(tmp_path) == dict.fromkeys(["a.db", "a.db-wal", "a.db-shm"], then)
    database.close()
    open_now.close()


@pytest.mark.slow
def test_a_lock_on_the_folder_does_not_stop_an_open(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path / "a.db").close()
    first = SqliteDatabase(tmp_path / "a.db")
    write(first)
    first.close()
    theirs = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(theirs, fcntl.LOCK_EX)
    try:
        database = SqliteDatabase(tmp_path / "a.db")
        began = time.monotonic()
        write(database)
        assert time.monotonic() - began < 10
        database.close()
    finally:
        os.close(theirs)


@pytest.mark.slow
def test_a_lock_on_the_folder_of_a_new_one_is_named(tmp_path: Path) -> None:
    theirs = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(theirs, fcntl.LOCK_SH)
    try:
        with pytest.raises(StoreUnavailable, match=f"another program holds a lock on the folder {tmp_path}"):
            write(SqliteDatabase(tmp_path / "a.db"))
    finally:
        os.close(theirs)
    write(SqliteDatabase(tmp_path / "a.db"))


def test_a_fifo_instead_of_a_database_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.db")
    with pytest.raises(StoreUnavailable, match=r"a\.db"):
        write(SqliteDatabase(tmp_path / "a.db"))
