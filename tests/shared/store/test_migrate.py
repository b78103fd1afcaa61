"""Migrations: all or nothing, once, and only forward."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.models import as_text
from shared.store import Store, StoreUnavailable
from shared.store.engines.database import Database
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import drop_everything, known_version, migrate
from tests.support.builders import NOON, event
from tests.support.store.engines import on_each_engine_and_pooler
from tests.support.store.steps import opened

pytestmark = on_each_engine_and_pooler


def test_migrating_again_does_nothing(store: Store) -> None:
    opened(store)
    assert migrate(store.database, as_text(NOON)) == []
    assert len(store.alerts.page(limit=9)) == 1


@pytest.fixture
def migrations(tmp_path: Path) -> list[Path]:
    """Three, of which the last fails in its middle."""
    texts = {
        "0001_good": "CREATE TABLE a (id {identity}, name TEXT);\n",
        "0002_good": "-- A remark; and more.\nINSERT INTO a (name) VALUES ('x');\nALTER TABLE a ADD COLUMN b TEXT;\n",
        "0003_bad": "CREATE TABLE c (id {identity});\nUPDATE a SET name = 'y';\nDROP TABLE nowhere;\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.sql").write_text(text)
    return [tmp_path / f"{name}.sql" for name in texts]


def tables(database: Database) -> list[str]:
    sql = "SELECT name FROM sqlite_master"
    if isinstance(database, PostgresDatabase):
        sql = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    with database.snapshot() as snapshot:
        return sorted(row["name"] for row in snapshot.rows(sql))


def names_in_a(database: Database) -> list[str]:
    with database.snapshot() as snapshot:
        return [row["name"] for row in snapshot.rows("SELECT name FROM a")]


def test_a_failed_migration_leaves_nothing(database: Database, migrations: list[Path]) -> None:
    with pytest.raises(StoreUnavailable, match=r"the migration 0003_bad failed: .*nowhere") as raised:
        migrate(database, as_text(NOON), migrations)
    assert not raised.value.is_transient
    assert tables(database) == []


def test_a_failed_migration_leaves_the_version_before(database: Database, migrations: list[Path]) -> None:
    assert migrate(database, as_text(NOON), migrations[:2]) == ["0001_good", "0002_good"]
    with pytest.raises(StoreUnavailable, match="0003_bad"):
        migrate(database, as_text(NOON), migrations)

    assert tables(database) == ["a", "schema_migrations"]
    assert names_in_a(database) == ["x"]
    with database.snapshot() as snapshot:
        assert [tuple(row.values()) for row in map(dict, snapshot.rows("SELECT * FROM schema_migrations"))] == [
            (1, "0001_good", as_text(NOON)),
            (2, "0002_good", as_text(NOON)),
        ]
    assert migrate(database, as_text(NOON), migrations[:2]) == []
    migrations[2].write_text("CREATE TABLE c (id {identity});\n")
    assert migrate(database, as_text(NOON), migrations) == ["0003_bad"], "once it is fixed, it is applied"


def test_a_migration_against_the_stored_rows_leaves_nothing(database: Database, migrations: list[Path]) -> None:
    migrate(database, as_text(NOON), migrations[:2])
    migrations[2].write_text("INSERT INTO a (name) VALUES ('x');\nCREATE UNIQUE INDEX names ON a (name);\n")
    with pytest.raises(StoreUnavailable, match=r"(?i)0003_bad failed: .*unique"):
        migrate(database, as_text(NOON), migrations)
    assert tables(database) == ["a", "schema_migrations"]


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """The results of ``work``, or its exceptions, in each of ``count`` processes that start it at the same time."""
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(count), context.Queue()

    def run() -> None:
        barrier.wait()
        try:
            results.put(work())
        except Exception as error:  # noqa: BLE001  # the test shows it
            results.put(repr(error))

    processes = [context.Process(target=run) for _ in range(count)]
    for process in processes:
        process.start()
    found = [results.get(timeout=20) for _ in processes]
    for process in processes:
        process.join(10)
    return found


@pytest.mark.slow
def test_many_processes_apply_a_migration_once(
    new_database: Callable[[], Database], database: Database, migrations: list[Path]
) -> None:
    migrate(database, as_text(NOON), migrations[:1])
    database.close()  # two processes must not share a connection
    applied = at_once(6, lambda: migrate(new_database(), as_text(NOON), migrations[:2]))
    assert sorted(applied, key=str) == [["0002_good"]] + [[]] * 5
    assert names_in_a(database) == ["x"]


@pytest.mark.slow
def test_many_processes_create_an_absent_store(new_database: Callable[[], Database]) -> None:
    def create() -> str:
        database = new_database()
        migrate(database, as_text(NOON))
        Store(database).events.add([event(ok=True)], received_at=NOON, channels={})
        return "created"

    assert at_once(8, create) == ["created"] * 8


def test_a_store_of_a_newer_program_is_refused(store: Store) -> None:
    with store.database.transaction() as transaction:
        transaction.rows("INSERT INTO schema_migrations (version, name) VALUES (99, 'x')")
    with pytest.raises(StoreUnavailable, match=r"version 99.*use a newer program"):
        migrate(store.database, as_text(NOON))


def test_dropping_everything_allows_a_fresh_start(store: Store) -> None:
    opened(store)
    with store.database.transaction() as transaction:
        drop_everything(transaction)
    migrate(store.database, as_text(NOON))
    assert store.alerts.page(limit=9) == []


# The tables schema_migrations of other programs: their columns, and a row.
OF_OTHERS = {
    "Rails": ("version VARCHAR(255) PRIMARY KEY", "'20240101000000'"),
    "Ecto": ("version BIGINT PRIMARY KEY, inserted_at TEXT", "20240101000000, '2024-01-01 00:00:00'"),
    "golang-migrate": ("version BIGINT PRIMARY KEY, dirty BOOLEAN", f"{known_version()}, false"),
    "one with file names": ("filename VARCHAR(255) PRIMARY KEY", "'0001_first.sql'"),
    "one with our columns": ("version BIGINT, name TEXT, applied_at TEXT", "1, 'init', '2024-01-01'"),
    "one with texts": ("version TEXT, name TEXT, applied_at TEXT", "'1', '0001_first_tables', '2024-01-01'"),
}


@pytest.mark.parametrize("whose", OF_OTHERS)
def test_the_schema_of_another_program_is_left_alone(new_database: Callable[[], Database], whose: str) -> None:
    columns, row = OF_OTHERS[whose]
    theirs = new_database()
    with theirs.transaction() as transaction:
        transaction.rows(f"CREATE TABLE schema_migrations ({columns})")
        transaction.rows(f"INSERT INTO schema_migrations VALUES ({row})")
    with pytest.raises(StoreUnavailable, match="this schema belongs to another program") as raised:
        migrate(theirs, as_text(NOON))
    assert not raised.value.is_transient
    with theirs.snapshot() as snapshot:
        assert len(snapshot.rows("SELECT * FROM schema_migrations")) == 1
    assert tables(theirs) in (["schema_migrations"], ["schema_migrations", "sqlite_autoindex_schema_migrations_1"])
