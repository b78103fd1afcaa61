"""Transactions on PostgreSQL: one writer, limits in time, and nothing of a failed one."""

import contextlib
import threading
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest

from shared.store import StoreUnavailable
from shared.store.engines import lifecycle
from shared.store.engines.database import StoreBusy
from shared.store.engines.postgres import database as engine
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import drop_everything
from tests.support.store.monitor_names import add, names

pytestmark = pytest.mark.system


def test_a_writer_without_the_lock_is_told_busy(
    new: Callable[[], PostgresDatabase], database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(lifecycle, "CHECK_SECONDS", 0.1)
    other = new()
    with database.transaction():
        with pytest.raises(StoreBusy):
            add(other, "late")
        with pytest.raises(StoreBusy):
            other.check()
        assert names(other) == [], "who only reads does not wait"
    add(other, "later")
    assert names(database) == ["later"]


def test_a_writer_that_stops_midway_does_not_block_the_others(
    new: Callable[[], PostgresDatabase], database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops_midway() -> None:
        with ExitStack() as stack:
            # For this transaction alone: on a busy machine the limit must not end those that follow.
            with monkeypatch.context() as short:
                short.setattr(engine, "STATEMENT_SECONDS", 1.0)
                frozen = stack.enter_context(database.transaction())
            frozen.rows("INSERT INTO monitors (name, target_url) VALUES ('frozen', '')")
            add(new(), "thawed")  # waits until the server has ended the idle transaction
            frozen.rows("SELECT 1")

    with pytest.raises(StoreUnavailable, match="ended the connection"):
        stops_midway()
    assert names(database) == ["thawed"]


def test_a_statement_that_takes_too_long_is_ended(database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    # For this transaction alone: on a busy machine the limit must not end those that follow.
    with monkeypatch.context() as short:
        short.setattr(engine, "STATEMENT_SECONDS", 0.5)
        with pytest.raises(StoreBusy), database.transaction() as transaction:
            transaction.rows("SELECT pg_sleep(20)")
    assert names(database) == []


def test_a_snapshot_sees_one_state_and_writes_nothing(
    new: Callable[[], PostgresDatabase], database: PostgresDatabase
) -> None:
    add(database, "one")
    with database.snapshot() as snapshot:
        count = "SELECT count(*) AS count FROM monitors"
        assert snapshot.rows(count) == [{"count": 1}]
        add(new(), "two")
        assert snapshot.rows(count) == [{"count": 1}]
    with pytest.raises(StoreUnavailable, match="read-only"), database.snapshot() as snapshot:
        snapshot.rows("DELETE FROM monitors")
    assert names(database) == ["one", "two"]


def test_nobody_changes_what_a_writer_has_read(new: Callable[[], PostgresDatabase]) -> None:
    databases = [new() for _ in range(4)]
    add(databases[0], "shop")

    def count_up(database: PostgresDatabase) -> None:
        for _ in range(25):
            with database.transaction() as transaction:
                row = transaction.row("SELECT consecutive_failures AS count FROM monitors")
                assert row is not None
                transaction.rows("UPDATE monitors SET consecutive_failures = :count", count=row["count"] + 1)

    threads = [threading.Thread(target=count_up, args=[database]) for database in databases for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with databases[0].snapshot() as snapshot:
        assert snapshot.rows("SELECT consecutive_failures AS count FROM monitors") == [{"count": 200}]


def test_tables_that_another_process_dropped_are_made_again(
    new: Callable[[], PostgresDatabase], database: PostgresDatabase
) -> None:
    add(database, "old")
    other = new()
    with other.transaction() as transaction:
        drop_everything(transaction)
    assert names(database) == []


def test_a_running_program_notices_a_newer_ones_migration(
    url: str, new: Callable[[], PostgresDatabase], database: PostgresDatabase
) -> None:
    with new().transaction() as transaction:
        transaction.rows("INSERT INTO schema_migrations (version, name) VALUES (99, 'x')")
    with pytest.raises(StoreUnavailable, match=r"version 99.*use a newer program") as raised:
        add(database, "x")
    assert not raised.value.is_transient


def test_our_own_mistakes_are_defects_and_harm_no_connection(database: PostgresDatabase) -> None:
    add(database, "one")
    with pytest.raises(psycopg.errors.UniqueViolation):
        add(database, "one")
    with pytest.raises(psycopg.errors.SyntaxError), database.transaction() as transaction:
        transaction.rows("SELEKT")
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction() as transaction:
        transaction.rows("WITH gone AS (DELETE FROM monitors RETURNING id) SELECT 1 / (count(*) - 1) FROM gone")
    assert names(database) == ["one"]


def test_a_transaction_with_a_failed_statement_is_not_committed(database: PostgresDatabase) -> None:
    def goes_on_after_a_failure() -> None:
        with database.transaction() as transaction:
            transaction.rows("INSERT INTO monitors (name, target_url) VALUES ('lost', '')")
            with contextlib.suppress(psycopg.errors.DivisionByZero):
                transaction.rows("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="rolled back"):
        goes_on_after_a_failure()
    add(database, "kept")
    assert names(database) == ["kept"]


def test_numbers_are_as_large_and_exact_as_in_sqlite(database: PostgresDatabase) -> None:
    with database.transaction() as transaction:
        transaction.rows(
            "INSERT INTO agents (id, name, interval_seconds, last_seen_at, last_checked_at, is_silent) "
            "VALUES (:id, '100% of it', :seconds, '', '', :is_silent)",
            id=2**63 - 1,
            seconds=120_000.123456,
            is_silent=True,
        )
        row = transaction.row("SELECT * FROM agents WHERE name LIKE '100\\% %'")
    assert row is not None
    assert (row["id"], row["interval_seconds"], row["is_silent"]) == (2**63 - 1, 120_000.123456, 1)
