"""From SQLite to PostgreSQL: a copy that is the same, or nothing."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.models import AlertStatus, Attempt, AttemptStatus, Event, as_text
from shared.monitors.policy import Policy
from shared.monitors.windows.drill import Drill
from shared.monitors.windows.summary import Summary
from shared.monitors.windows.window import Window
from shared.store import Retention, Store, StoreUnavailable
from shared.store.admin.transfer import TransferFailed, transfer
from shared.store.engines.database import Database
from shared.store.engines.postgres import connection as postgres_connection
from shared.store.engines.postgres import database as engine
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import TABLES, migrate
from shared.store.upkeep.folding import fold
from tests.infra.command_line import infra
from tests.support.builders import NEVER_FLAPS, NOON, routes
from tests.support.postgres import Server
from tests.support.running import environment, rows_of

pytestmark = pytest.mark.system


def prepare(database: Database) -> None:
    migrate(database, as_text(NOON))


@pytest.fixture
def old(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """A store that has seen something of everything."""
    database = SqliteDatabase(tmp_path / "bonghwa.db", prepare=prepare)
    store = Store(database, NEVER_FLAPS)
    for number in range(60):
        report(store, number)
    owed = store.notifications.claim("console", now=NOON, leased_until=NOON + timedelta(seconds=30))
    assert owed
    store.notifications.record(
        Attempt(owed.notification, AttemptStatus.FAILED, NOON, 0.1 + 0.2, "봉화 % \\N \t\n'\""), channels={}
    )
    owed = store.notifications.claim("console", now=NOON, leased_until=NOON + timedelta(seconds=30))
    assert owed
    store.notifications.record(Attempt(owed.notification, AttemptStatus.SENT, NOON, 0.3, "ok"), channels={})
    for location in ("seoul", "tokyo"):
        seen = Event(target_url="http://both/", timestamp=NOON, is_success=True, location=location)
        store.events.add([seen], received_at=NOON, channels=routes("console"))
    store.agents.review(now=NOON, channels=routes("console"))
    watched = Policy.model_validate({"name": "api", "url": "http://api/", "interval": "5m"})
    daily = Summary.model_validate({"every": "day", "at": "09:00"})
    weekly = Drill.model_validate({"weekly": "Mon", "at": "10:00", "need_ack": "30m"})
    store.monitors.apply([watched], {}, {}, now=NOON, channels=routes("console"), drills=[weekly], summaries=[daily])
    store.drills.start(routes("console"), need_ack_seconds=0.7, now=NOON)
    store.incidents.add("Slow", "We look into it.", "investigating", ["api"], now=NOON)
    assert store.checks.claim("seoul", now=NOON, seconds=1).checks
    store.upkeep.run(Retention(1e9, 1e9, 1e9), now=NOON + timedelta(days=1), seconds=60)
    # Its hour and day are packed already, so it has others of its own.
    late = Event(target_url="http://both/", timestamp=NOON - timedelta(seconds=1), is_success=True, location="seoul")
    store.events.add([late], received_at=NOON + timedelta(days=1), channels=routes("console"))
    assert fold(database, NOON + timedelta(days=2)) == 1
    store.windows.add(Window(kind="silence", monitors=("api",), duration=60), now=NOON)
    store.alerts.note_handled("telegram 1", at=NOON)
    store.alerts.move(16, AlertStatus.ACK, by="kim", at=NOON, channels=routes("console"), note="rolling back")
    assert store.visits.sessions.try_sign_in("127.0.0.1", now=NOON)
    store.visits.sessions.begin("a-token", name="kim", former=None, ends_at=NOON + timedelta(hours=12), now=NOON)
    assert store.take_lease("telegram", "here", now=NOON, lasts=timedelta(seconds=30))
    subscriptions = store.subscriptions
    assert subscriptions.subscribers.ask("", "kim@visitors.example", "en", client="kim", now=NOON)
    subscriptions.subscribers.confirm(1, now=NOON)
    store.note_channels(["mail"], ["mail"])
    store.incidents.add("Slow again", "", "investigating", [], now=NOON)
    assert subscriptions.announcements.review(now=NOON, is_on=True)
    with database.transaction() as transaction:
        former = "'old', 1, 'http://0/', '2025-01-08T12:00:00.000Z', 1, '2025-01-08T12:00:00.000Z'"
        columns = "id, event_id, monitor_id, target_url, timestamp, is_success, received_at"
        transaction.rows(f"INSERT INTO old_events ({columns}) VALUES (70, {former})")
        transaction.rows("INSERT INTO trials (policy, timeout_seconds, created_at) VALUES ('{}', 0.1, '2025')")
        # They are counted by the thousand.
        columns = "channel, status, attempts, counted_until"
        transaction.rows(f"INSERT INTO attempt_counts ({columns}) VALUES ('console', 'SENT', 1, 2)")
    yield database
    database.close()


def report(store: Store, number: int) -> list[int]:
    event = Event(
        target_url=f"http://{number % 3}/",
        timestamp=NOON + timedelta(seconds=number),
        is_success=number % 4 > 1,
        response_time_ms=number / 7,
        error_message=None if number % 4 > 1 else "거부됨 \\ 100%",
        agent="seoul",
    )
    ingested = store.events.add([event], received_at=NOON + timedelta(hours=1), channels=routes("console"))
    return list(ingested[0].notification_ids)


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.new_store()


@pytest.fixture
def new(url: str) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(SecretStr(url), prepare=prepare)
    yield database
    database.close()


def everything(database: Database) -> dict[str, list[dict[str, object]]]:
    with database.snapshot() as snapshot:
        return {table: [dict(row) for row in snapshot.rows(f"SELECT * FROM {table} ORDER BY id")] for table in TABLES}


def test_every_row_is_copied_and_the_store_works_there(
    old: SqliteDatabase, new: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.admin.transfer.PAGE", 7)
    before = everything(old)
    assert all(before.values()), "there is something of everything"

    is_new, sums = transfer(old, new)

    assert is_new
    assert {table: found.rows for table, found in sums.items()} == {name: len(rows) for name, rows in before.items()}
    assert everything(new) == everything(old) == before
    last = max(row["id"] for row in before["notifications"])  # type: ignore[type-var]
    assert min(report(Store(new, NEVER_FLAPS), 101)) == last + 1  # type: ignore[operator]
    assert everything(new)["raw_events"][-1]["id"] == before["old_events"][-1]["id"] + 1  # type: ignore[operator]


def test_every_table_that_there_is_is_copied(old: SqliteDatabase) -> None:
    with old.snapshot() as snapshot:
        rows = snapshot.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {row["name"] for row in rows} == {*TABLES, "schema_migrations"}


def test_the_number_of_what_was_deleted_stays_its_own(old: SqliteDatabase, new: PostgresDatabase) -> None:
    silence = Window(kind="silence", monitors=("api",), duration=60)
    store, copy = Store(old, NEVER_FLAPS), Store(new, NEVER_FLAPS)
    window_id = store.windows.add(silence, now=NOON).planned.id
    incident_id = store.incidents.add("Down", "", "investigating", [], now=NOON).id
    store.windows.remove(window_id, now=NOON, channels={})
    store.incidents.remove(incident_id)
    transfer(old, new)
    assert copy.windows.add(silence, now=NOON).planned.id == window_id + 1
    assert copy.incidents.add("Down", "", "investigating", [], now=NOON).id == incident_id + 1


def test_once_more_changes_nothing(old: SqliteDatabase, new: PostgresDatabase) -> None:
    first = transfer(old, new)
    copied = everything(new)
    assert transfer(old, new) == (False, first[1])
    assert everything(new) == copied


@pytest.mark.parametrize("who", ["old", "new"])
def test_a_database_that_holds_something_else_is_left_as_it_is(
    old: SqliteDatabase, new: PostgresDatabase, who: str
) -> None:
    transfer(old, new)
    report(Store(old if who == "old" else new), 102)
    before = everything(new)
    with pytest.raises(TransferFailed, match=r"it holds another store, or this one as it was before, in .*events"):
        transfer(old, new)
    assert everything(new) == before


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("name", "".join(map(chr, range(0xAC00, 0xAC00 + 1000))), "index row size"),
        ("name", "a\0b", "NUL"),
        ("consecutive_failures", "many", 'invalid input syntax for type bigint: "many"'),
    ],
)
def test_a_row_that_cannot_be_stored_there_is_told(
    old: SqliteDatabase, new: PostgresDatabase, column: str, value: str, reason: str
) -> None:
    with old.transaction() as transaction:
        transaction.rows(f"UPDATE monitors SET {column} = :value WHERE id = 1", value=value)
    with pytest.raises(TransferFailed, match=rf"cannot store a row of monitors \(.*{reason}.*: nothing was changed"):
        transfer(old, new)
    assert not any(everything(new).values())


@pytest.fixture
def slow(old: SqliteDatabase, new: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> SqliteDatabase:
    """It takes longer to read the whole of one table than the server lets a transaction, or a statement, wait."""
    for database in (old, new):
        database.open()
    monkeypatch.setattr("shared.store.admin.transfer.PAGE", 3)
    monkeypatch.setattr(engine, "STATEMENT_SECONDS", 0.5)
    monkeypatch.setattr(postgres_connection, "ANSWER_SECONDS", 0.1)
    connection = old._connection
    assert connection is not None
    connection.set_progress_handler(lambda: time.sleep(0.01), 10)
    began = time.monotonic()
    assert len(connection.execute("SELECT * FROM raw_events").fetchall()) > 50
    assert time.monotonic() - began > 1.5 * engine.STATEMENT_SECONDS
    return old


def test_a_slow_copy_outlasts_the_servers_idle_limit(slow: SqliteDatabase, new: PostgresDatabase, url: str) -> None:
    assert transfer(slow, new)[0]
    # The rest of what differs is not read either while nothing is asked of the server.
    rows_of(url, "DELETE FROM raw_events WHERE id > 3")
    with pytest.raises(TransferFailed, match="as it was before, in raw_events: nothing was changed"):
        transfer(slow, new)


def test_a_copy_that_comes_out_different_is_taken_back(old: SqliteDatabase, new: PostgresDatabase, url: str) -> None:
    new.open()
    rows_of(
        url,
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN NEW.duration_ms := NEW.duration_ms + 1e-12; RETURN NEW; END $$",
    )
    rows_of(url, "CREATE TRIGGER spoil BEFORE INSERT ON notification_logs FOR EACH ROW EXECUTE FUNCTION spoil()")
    with pytest.raises(TransferFailed, match="the copy differs, in notification_logs: nothing was changed"):
        transfer(old, new)
    assert not any(everything(new).values())


def test_an_interrupted_copy_leaves_nothing_and_can_be_repeated(
    old: SqliteDatabase, new: PostgresDatabase, url: str
) -> None:
    new.open()
    cut = "pg_terminate_backend(pg_backend_pid())"
    rows_of(url, f"CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM {cut}; END $$")
    rows_of(url, "CREATE TRIGGER cut BEFORE INSERT ON notification_logs FOR EACH ROW EXECUTE FUNCTION cut()")
    with pytest.raises(StoreUnavailable, match="ended the connection"):
        transfer(old, new)
    assert not any(everything(new).values())
    rows_of(url, "DROP TRIGGER cut ON notification_logs")
    assert transfer(old, new)[0]


def migrate_store(folder: Path, to: str) -> "subprocess.CompletedProcess[str]":
    return infra("migrate-store", "--to", to, environ=environment(folder))


def test_the_command_says_that_it_is_done_when_it_is(
    tmp_path: Path, old: SqliteDatabase, postgres: Server, url: str
) -> None:
    old.close()
    for words in ("is copied to", "was copied before to"):
        answer = migrate_store(tmp_path, url)
        assert (answer.stderr, answer.returncode) == ("", 0)
        assert answer.stdout.endswith(f"bonghwa.db {words} postgresql://127.0.0.1:{postgres.port}/postgres, checked\n")
        assert answer.stdout.count("the same in both") == len(TABLES)
    rows_of(url, "DELETE FROM notification_logs")
    answer = migrate_store(tmp_path, url)
    assert (answer.stdout, answer.returncode) == ("", 1)
    assert "it holds another store, or this one as it was before, in notification_logs" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("", "--to is '': expected postgresql://"),
        ("sqlite:////tmp/x.db", "--to is '/tmp/x.db': expected postgresql://"),
        ("postgresql://u:hunter2", "--to is '(hidden)': expected postgresql://"),
        ("postgresql://u:hunter2@127.0.0.1:1/b", "nothing listens there"),
    ],
)
def test_the_command_refuses_what_it_cannot_copy_to(tmp_path: Path, old: SqliteDatabase, to: str, said: str) -> None:
    answer = migrate_store(tmp_path, to)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert "hunter2" not in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_the_command_copies_no_store_that_is_not_there(tmp_path: Path, url: str) -> None:
    answer = migrate_store(tmp_path, url)
    assert "bonghwa.db': expected the SQLite database that is to be copied" in answer.stderr
    assert not (tmp_path / "bonghwa.db").exists()
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{tmp_path}/bonghwa.db?mode=ro", uri=True).execute("SELECT 1 FROM events")
