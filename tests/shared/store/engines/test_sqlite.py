"""Rules of a store on SQLite alone."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.models import as_text
from shared.store import Store, StoreUnavailable
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from shared.store.tables import pauses
from tests.support.builders import NOON
from tests.support.store.engines import on_sqlite
from tests.support.store.steps import rows


@on_sqlite
def test_alerts_of_a_status_are_found_by_an_index(store: Store) -> None:
    with store.database.snapshot() as snapshot:
        plan = snapshot.rows(
            "EXPLAIN QUERY PLAN SELECT * FROM alerts WHERE status = 'OPEN' AND id < 9 ORDER BY id DESC"
        )
    assert [row["detail"] for row in plan] == ["SEARCH alerts USING INDEX alerts_by_status (status=? AND id<?)"]


@on_sqlite
def test_the_messages_that_a_pause_moves_are_found_by_an_index(store: Store) -> None:
    """The table keeps every message for months, and other writers wait meanwhile."""
    named = dict.fromkeys(("channel", "until", "attempted_at", "created_since", "edited_since"), "")
    with store.database.snapshot() as snapshot:
        [row] = snapshot.rows(f"EXPLAIN QUERY PLAN {pauses._PAUSE}", **named)
    assert row["detail"].startswith("SEARCH notifications USING INDEX owed_")


@on_sqlite
def test_the_connection_uses_a_wal_and_foreign_keys(store: Store) -> None:
    assert rows(store, "PRAGMA journal_mode") == [("wal",)]
    assert rows(store, "PRAGMA foreign_keys") == [(1,)]


@pytest.mark.parametrize(
    ("trouble", "is_transient", "why"),
    [("locked", True, "busy"), ("not a database", False, "not a database"), ("no folder", True, "unable to open")],
)
def test_an_unusable_file_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str, is_transient: bool, why: str
) -> None:
    monkeypatch.setattr("shared.store.engines.lifecycle.BUSY_SECONDS", 0.05)
    path = tmp_path / ("missing/x.db" if trouble == "no folder" else "x.db")
    other = None
    if trouble == "not a database":
        path.write_bytes(b"hello " * 1000)
    elif trouble == "locked":
        migrate(SqliteDatabase(path), as_text(NOON))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match=why) as raised, SqliteDatabase(path).transaction():
        pass
    assert raised.value.is_transient is is_transient
    if other:
        other.close()


class _Unexplained(SqliteDatabase):
    """Fails when it begins, and again when it explains why."""

    def _rollback_and_explain(self, error: BaseException) -> StoreUnavailable | None:
        raise RuntimeError("explains nothing") from error


def test_an_error_that_cannot_be_explained_releases_the_lock(path: Path) -> None:
    def refuse(_: object) -> None:
        raise ValueError("not prepared")

    path.parent.mkdir()
    database = _Unexplained(path, refuse)
    with pytest.raises(RuntimeError, match="explains nothing"):
        database.open()
    with ThreadPoolExecutor(1) as others:
        assert others.submit(database._lock.acquire, timeout=0).result()
    database._disconnect()
