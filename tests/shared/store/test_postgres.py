"""What only PostgreSQL can do to a store: hang up, be away, refuse, and be asked through a pooler."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from shared import ROOT
from shared.models import Event, as_text
from shared.settings import Settings
from shared.store import Store, StoreUnavailable
from shared.store.engines import lifecycle
from shared.store.engines.database import Database, StoreBusy
from shared.store.engines.postgres import connection as postgres_connection
from shared.store.engines.postgres import database as engine
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import drop_everything, migrate
from tests.support.pgbouncer import Pgbouncer
from tests.support.postgres import Server
from tests.support.running import environment, rows_of

pytestmark = pytest.mark.system
NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
SESSIONS = "FROM pg_stat_activity WHERE application_name = 'bonghwa' AND pid <> pg_backend_pid()"
LEFT = """
    (SELECT count(*) FROM pg_prepared_statements) AS prepared,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
    current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock"""


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.new_store()


@pytest.fixture
def new(url: str) -> Iterator[Callable[[], PostgresDatabase]]:
    """Databases of one store, each as one process has it."""
    made: list[PostgresDatabase] = []

    def new_one() -> PostgresDatabase:
        made.append(PostgresDatabase(SecretStr(url), prepare=prepare))
        return made[-1]

    yield new_one
    for each in made:
        each.close()


@pytest.fixture
def behind_a_pooler(pgbouncer: Pgbouncer) -> Iterator[Callable[[], PostgresDatabase]]:
    """Databases of one store to which a pooler leads, each as one process has it."""
    made: list[PostgresDatabase] = []
    url = pgbouncer.new_store()

    def new_one() -> PostgresDatabase:
        made.append(PostgresDatabase(SecretStr(url), prepare=prepare))
        return made[-1]

    yield new_one
    for each in made:
        each.close()
    pgbouncer.forget(url)


@pytest.fixture
def database(new: Callable[[], PostgresDatabase]) -> PostgresDatabase:
    opened = new()
    opened.open()
    return opened


def prepare(database: Database) -> None:
    migrate(database, as_text(NOON))


def add(database: Database, name: str) -> None:
    with database.transaction() as transaction:
        transaction.rows("INSERT INTO monitors (name, target_url) VALUES (:name, '')", name=name)


def names(database: Database) -> list[str]:
    with database.snapshot() as snapshot:
        return [row["name"] for row in snapshot.rows("SELECT name FROM monitors ORDER BY id")]


def hang_up(url: str) -> None:
    assert rows_of(url, f"SELECT pg_terminate_backend(pid, 5000) AS is_done {SESSIONS}") == [{"is_done": True}]


def test_a_connection_that_the_server_ended_is_replaced(url: str, database: PostgresDatabase) -> None:
    for name in ("one", "two"):
        hang_up(url)
        add(database, name)
    hang_up(url)
    assert names(database) == ["one", "two"]
    hang_up(url)
    database.check()


@pytest.mark.parametrize("at_the_commit", [False, True])
def test_a_transaction_without_its_connection_leaves_nothing(
    url: str, database: PostgresDatabase, at_the_commit: bool
) -> None:
    def interrupted() -> None:
        with database.transaction() as transaction:
            transaction.rows("INSERT INTO monitors (name, target_url) VALUES ('lost', '')")
            hang_up(url)
            if not at_the_commit:
                transaction.rows("INSERT INTO monitors (name, target_url) VALUES ('lost too', '')")

    with pytest.raises(StoreUnavailable, match="ended the connection") as raised:
        interrupted()
    assert raised.value.is_transient
    assert names(database) == []


def test_an_absent_server_is_reported_and_used_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "UNREACHABLE_SECONDS", 0.2)
    with Server() as server:
        database = PostgresDatabase(SecretStr(server.url), prepare=prepare)
        add(database, "before")
        server.stop()
        for use in (lambda: add(database, "lost"), lambda: names(database), database.check, database.open):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="the database server does not run: nothing listens") as raised:
                use()
            assert raised.value.is_transient
            assert time.monotonic() - began < 2
            assert server.password not in f"{raised.value!r}{raised.value.__cause__!r}{raised.value.__context__!r}"
        server.start()
        time.sleep(0.2)
        database.check()
        add(database, "after")
        assert names(database) == ["before", "after"]
        database.close()


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
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 0.1)
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


@pytest.mark.parametrize(
    ("wrong", "right", "why"),
    [
        (":{password}@", ":wrong-password@", "rejects the user or the password"),
        ("/postgres?", "/nowhere?", "does not know the user or the database"),
        ("127.0.0.1", "nowhere.invalid", "has a host name that is not known"),
        ("?", "?nonsense=1&", "URL is malformed"),
    ],
)
def test_a_server_that_rejects_us_says_why_without_names(
    postgres: Server, url: str, wrong: str, right: str, why: str
) -> None:
    database = PostgresDatabase(SecretStr(url.replace(wrong.format(password=postgres.password), right)))
    with pytest.raises(StoreUnavailable, match=why) as raised:
        database.open()
    told = f"{raised.value} {raised.value.__cause__}"
    assert not [word for word in ("wrong-password", postgres.password, "127.0.0.1", "nowhere") if word in told]


def test_a_server_that_only_reads_is_unhealthy(url: str, database: PostgresDatabase) -> None:
    database.check()
    read_only = f"{url}%20-cdefault_transaction_read_only%3Don"
    replica = PostgresDatabase(SecretStr(read_only), prepare=prepare)
    assert names(replica) == []
    for use in (replica.check, lambda: add(replica, "x")):
        with pytest.raises(StoreUnavailable, match="is read-only") as raised:
            use()
        assert raised.value.is_transient
    replica.close()


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


def test_nothing_is_left_in_a_session_for_a_pooler(url: str, database: PostgresDatabase) -> None:
    Store(database).summary()
    for _ in range(10):
        add_and_delete(database)
    connection = database._connection
    assert connection is not None
    left = connection.execute(f"SELECT {LEFT}").fetchone()
    assert left == {"prepared": 0, "locks": 0, "statement": "0", "lock": "0"}


def add_and_delete(database: PostgresDatabase) -> None:
    add(database, "x")
    with database.transaction() as transaction:
        transaction.rows("DELETE FROM monitors WHERE name = :name", name="x")


def numbers(database: PostgresDatabase, sql: str) -> tuple[object, ...]:
    with database.snapshot() as snapshot:
        return tuple(dict(snapshot.row(sql) or {}).values())


def test_behind_a_pooler_a_transaction_leaves_no_session_state(
    behind_a_pooler: Callable[[], PostgresDatabase],
) -> None:
    databases = [behind_a_pooler() for _ in range(5)]

    def report(number: int) -> None:
        for second in range(20):
            at = NOON + timedelta(seconds=second)
            event = Event(target_url=f"http://{number}/", timestamp=at, is_success=second % 2 == 1)
            Store(databases[number]).events.add([event], received_at=at, channels=["a"])

    with ThreadPoolExecutor(len(databases)) as threads:
        list(threads.map(report, range(len(databases))))
    counts = "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM alerts) AS alerts"
    assert numbers(databases[0], counts) == (100, 50)
    databases[0].check()
    sessions = {numbers(databases[0], f"SELECT pg_backend_pid() AS pid, {LEFT}") for _ in range(6)}
    assert len({session[0] for session in sessions}) == 2
    # What holds for this transaction alone: its own limits, and nothing besides.
    assert {session[1:] for session in sessions} == {(0, 0, "10s", "5s")}


def test_behind_a_pooler_the_lock_and_the_time_limits_hold(
    behind_a_pooler: Callable[[], PostgresDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 0.3)
    database, other = behind_a_pooler(), behind_a_pooler()
    with database.transaction(), pytest.raises(StoreBusy):
        add(other, "late")
    with pytest.raises(StoreBusy), database.transaction() as transaction:
        transaction.rows("SELECT pg_sleep(20)")

    def stops_in_the_middle() -> None:
        with database.transaction() as transaction:
            transaction.rows("INSERT INTO monitors (name, target_url) VALUES ('frozen', '')")
            time.sleep(0.4)
            transaction.rows("SELECT 1")

    with pytest.raises(StoreUnavailable, match="ended the connection") as raised:
        stops_in_the_middle()
    assert raised.value.is_transient
    add(other, "thawed")
    assert names(database) == ["thawed"]


def test_a_restarted_pooler_is_connected_to_again(
    pgbouncer: Pgbouncer, behind_a_pooler: Callable[[], PostgresDatabase]
) -> None:
    database = behind_a_pooler()
    add(database, "before")
    pgbouncer.stop()
    pgbouncer.start()
    add(database, "after")
    assert names(database) == ["before", "after"]


@pytest.mark.parametrize("way", ["its connections are taken", "it stands still"])
def test_a_pooler_that_makes_callers_wait_is_given_up(
    way: str,
    pgbouncer: Pgbouncer,
    behind_a_pooler: Callable[[], PostgresDatabase],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(postgres_connection, "ANSWER_SECONDS", 0.2)
    waiting = behind_a_pooler()
    add(waiting, "before")
    with ExitStack() as taken:
        if way == "its connections are taken":
            for _ in range(2):
                taken.enter_context(behind_a_pooler().snapshot())
        else:
            taken.enter_context(pgbouncer.stopped())
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="the database server does not respond") as raised:
            waiting.check()
        assert raised.value.is_transient
        assert time.monotonic() - began < 3
        assert pgbouncer.server.password not in f"{raised.value!r}{raised.value.__cause__!r}"
    assert names(waiting) == ["before"]


def test_a_process_has_one_connection(url: str, new: Callable[[], PostgresDatabase]) -> None:
    database = new()
    threads = [threading.Thread(target=names, args=[database]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(rows_of(url, f"SELECT pid {SESSIONS}")) == 1


def test_only_the_users_of_an_engine_load_it(tmp_path: Path) -> None:
    script = """
import sys
from shared.settings import Settings
from shared.store import open_store
open_store(Settings.from_env({"DATABASE_URL": "sqlite:///" + sys.argv[1]})).summary()
sys.exit(bool({"psycopg", "shared.store.engines.postgres.database"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path / "x.db")], cwd=ROOT).returncode == 0


def test_the_setting_opens_the_store(url: str) -> None:
    from shared.store import open_store

    store = open_store(Settings.from_env({"DATABASE_URL": url}))
    assert store.summary() == {"last_check": None, "open_alerts": 0, "owed_notifications": 0}
    store.database.close()


def command(folder: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra", *words]
    return subprocess.run(command, cwd=ROOT, env=environment(folder, DATABASE_URL=url), capture_output=True, text=True)


def test_the_database_is_made_and_emptied_by_hand(tmp_path: Path, postgres: Server, url: str) -> None:
    where = f"postgresql://127.0.0.1:{postgres.port}/postgres"
    assert command(tmp_path, url, "init-db").stdout == f"{where} is ready\n"
    rows_of(url, "INSERT INTO monitors (name, target_url) VALUES ('old', '')")
    answer = command(tmp_path, url, "init-db", "--reset", "--yes")
    assert (answer.stdout, answer.stderr) == (f"{where} is empty and ready\n", "")
    assert rows_of(url, "SELECT name FROM monitors") == []


def test_a_backup_is_left_to_the_server(tmp_path: Path, postgres: Server, url: str) -> None:
    answer = command(tmp_path, url, "backup", str(tmp_path / "copy.db"))
    told = f"bonghwa: postgresql://127.0.0.1:{postgres.port}/postgres is backed up by its server, or with pg_dump\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", told)
    assert list(tmp_path.iterdir()) == []
