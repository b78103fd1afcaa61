"""A SQLite store in trouble: what it says, and that it works again afterwards."""

import contextlib
import resource
import shutil
import sqlite3
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from shared.store import StoreUnavailable
from shared.store.admin.backup import back_up
from shared.store.engines.sqlite.database import SqliteDatabase
from tests.support.running.beside import beside
from tests.support.store.monitor_names import add, names, opened

pytestmark = pytest.mark.slow


def test_a_full_disk_can_be_read_and_later_written(sqlite_database: SqliteDatabase) -> None:
    add(sqlite_database, "one")
    sqlite_database.check()
    with sqlite_database.snapshot() as snapshot:
        pages = snapshot.rows("PRAGMA page_count")[0]["page_count"]
        snapshot.rows(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreUnavailable, match="no room left") as raised:
        add(sqlite_database, *(f"{number:0999}" for number in range(20)))
    assert raised.value.is_transient
    assert "one" in names(sqlite_database)

    with sqlite_database.snapshot() as snapshot:
        snapshot.rows("PRAGMA max_page_count = 1000000")
    add(sqlite_database, "two")
    assert names(sqlite_database)[-1] == "two"


def _use_a_failing_disk(path: Path, said: Connection) -> None:
    """In a process of its own, because nothing that it writes can be longer than a byte."""
    database = opened(path)
    add(database, "one")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, most))
    uses: list[Callable[[], object]] = [lambda: add(database, "never"), database.check]
    for use in uses:
        try:
            use()
        except StoreUnavailable as trouble:
            said.send((str(trouble), trouble.is_transient))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    database.check()
    add(database, "two")
    said.send(names(database))


def test_a_failing_disk_loses_nothing_that_was_stored(path: Path) -> None:
    path.parent.mkdir()
    ours, theirs = beside.Pipe()
    process = beside.Process(target=_use_a_failing_disk, args=(path, theirs))
    process.start()
    for _ in range(2):
        assert ours.poll(30)
        reason, is_transient = ours.recv()
        assert "cannot be read or written (disk I/O error)" in reason
        assert is_transient
    assert ours.poll(30)
    assert ours.recv() == ["one", "two"]
    process.join(30)


def test_a_restored_backup_of_a_damaged_file_is_used_at_once(path: Path, sqlite_database: SqliteDatabase) -> None:
    add(sqlite_database, *(f"{number:0999}" for number in range(50)))
    back_up(path, path.with_name("copy.db"))
    sqlite_database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(StoreUnavailable, match=r"damaged: restore a backup.*malformed") as raised:
        names(sqlite_database)
    assert not raised.value.is_transient

    path.write_bytes(b"nothing of the kind" * 99)
    with pytest.raises(StoreUnavailable, match=r"damaged: restore a backup.*not a database") as raised:
        names(sqlite_database)
    assert not raised.value.is_transient

    shutil.copyfile(path.with_name("copy.db"), path)
    assert len(names(sqlite_database)) == 50


def test_a_running_program_notices_a_newer_ones_migration(path: Path, sqlite_database: SqliteDatabase) -> None:
    add(sqlite_database, "one")
    with contextlib.closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("ALTER TABLE monitors ADD COLUMN later TEXT")
        newer.execute("INSERT INTO schema_migrations VALUES (999, 'later', '')")

    for use in (lambda: add(sqlite_database, "never"), lambda: names(sqlite_database), sqlite_database.check):
        with pytest.raises(StoreUnavailable, match=r"version 999.*use a newer program") as raised:
            use()
        assert not raised.value.is_transient
    assert sqlite3.connect(path).execute("SELECT name FROM monitors").fetchall() == [("one",)]


def test_writers_wait_for_a_lock_together_while_others_read(
    path: Path, sqlite_database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def allow(busy_seconds: float, forget_seconds: float) -> None:
        monkeypatch.setattr("shared.store.engines.lifecycle.BUSY_SECONDS", busy_seconds)
        monkeypatch.setattr("shared.store.engines.sqlite.lock_wait.FORGET_SECONDS", forget_seconds)

    def seconds_until_refused() -> float:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="busy") as raised:
            add(sqlite_database, "never")
        assert raised.value.is_transient
        return time.monotonic() - began

    add(sqlite_database, "one")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        allow(busy_seconds=2, forget_seconds=60)
        with ThreadPoolExecutor(8) as threads:
            waiting = [threads.submit(seconds_until_refused) for _ in range(8)]
            while futures.wait(waiting, timeout=0.02).not_done:
                assert names(sqlite_database) == ["one"]
        # One after the other, they would wait for 16 s.
        assert 1 < max(each.result() for each in waiting) < 8
        assert seconds_until_refused() < 2, "others have waited for it already"
        allow(busy_seconds=0.5, forget_seconds=0.2)
        time.sleep(0.3)
        assert seconds_until_refused() > 0.5, "the others waited long ago"
        other.execute("ROLLBACK")
    add(sqlite_database, "two")
    assert names(sqlite_database) == ["one", "two"]
