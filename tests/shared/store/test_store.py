"""The contract of a store, the same for every engine that there is."""

import contextlib
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from shared.alerting import IllegalMove
from shared.models import (
    Alert,
    AlertStatus,
    Attempt,
    AttemptStatus,
    Change,
    ChangeKind,
    Event,
    NotificationStatus,
    as_text,
)
from shared.store import AlertNotFound, Ingested, Store, StoreUnavailable
from shared.store.engines.database import Database, Transaction
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import drop_everything, migrate
from tests.conftest import databases_of_one_store

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
CHANNELS = ("console", "telegram")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(seconds: float, *, ok: bool, monitor: str = "shop", event_id: str | None = None) -> Event:
    return Event(
        target_url=f"http://{monitor}/",
        monitor=monitor,
        timestamp=at(seconds),
        is_success=ok,
        status_code=200 if ok else None,
        error_message=None if ok else "connection refused",
        event_id=event_id,  # type: ignore[arg-type]
    )


on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
system = pytest.mark.system


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=system) for name in ("postgresql", "pgbouncer"))])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """See databases_of_one_store: on each engine, and on PostgreSQL behind a pooler."""
    yield from databases_of_one_store(request, tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notifications.db"


@pytest.fixture
def store(database: Database) -> Store:
    migrate(database, as_text(NOON))
    return Store(database)


def add(store: Store, *events: Event, received_at: datetime = LATER) -> list[Ingested]:
    return store.events.add(events, received_at=received_at, channels=CHANNELS)


def add_one(store: Store, one: Event, received_at: datetime = LATER) -> Ingested:
    return add(store, one, received_at=received_at)[0]


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.database.snapshot() as snapshot:
        return [tuple(dict(row).values()) for row in snapshot.rows(sql)]


def opened(store: Store, monitor: str = "shop") -> Alert:
    found = add_one(store, event(0, ok=False, monitor=monitor)).alert
    assert found is not None
    return found


# --- events and what they mean ------------------------------------------------------------------------------------


def test_an_event_is_stored_as_reported(store: Store) -> None:
    reported = Event(
        target_url="https://Shop.example/a b",
        timestamp=at(0),
        is_success=False,
        status_code=503,
        response_time_ms=12.5,
        error_message="HTTP 503 Service Unavailable",
        location="seoul",
        dns_ms=1,
        connect_ms=2,
        tls_ms=3,
        first_byte_ms=4,
    )
    add(store, reported)
    with store.database.snapshot() as snapshot:
        row = dict(snapshot.rows("SELECT * FROM events")[0])
    assert row.pop("received_at") == "2025-01-08T13:00:00.000Z"
    assert row == {
        "id": 1,
        "monitor_id": 1,
        "event_id": reported.event_id,
        "location": "seoul",
        "target_url": "https://Shop.example/a b",
        "timestamp": "2025-01-08T12:00:00.000Z",
        "is_success": 0,
        "status_code": 503,
        "response_time_ms": 12.5,
        "dns_ms": 1,
        "connect_ms": 2,
        "tls_ms": 3,
        "first_byte_ms": 4,
        "error_message": "HTTP 503 Service Unavailable",
        "cause": None,
        "is_inconclusive": 0,
    }


def test_a_failure_opens_one_alert_and_owes_one_notification_a_channel(store: Store) -> None:
    ingested = add_one(store, event(0, ok=False))
    assert ingested.change is ChangeKind.OPENED
    assert ingested.alert is not None
    assert ingested.alert.model_dump(mode="json") == {
        "id": 1,
        "kind": "OUTAGE",
        "subject": "shop",
        "target_url": "http://shop/",
        "status": "OPEN",
        "cause": "connection refused",
        "failed_at": "2025-01-08T12:00:00.000Z",
        "opened_at": "2025-01-08T12:00:00.000Z",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "resolved_by": None,
    }
    _, owed = store.alerts.get(1)
    assert [(each.channel, each.kind, each.status) for each in owed] == [
        ("console", "OUTAGE", "PENDING"),
        ("telegram", "OUTAGE", "PENDING"),
    ]
    assert [each.id for each in owed] == ingested.notification_ids


def test_further_failures_keep_the_alert_and_owe_nothing(store: Store) -> None:
    opened(store)
    again = add_one(store, event(30, ok=False))
    assert (again.change, again.notification_ids) == (None, [])
    assert again.alert is not None
    assert again.alert.id == 1
    assert len(store.alerts.page(limit=10)) == 1


def test_a_success_resolves_at_the_time_it_was_seen_and_owes_a_recovery(store: Store) -> None:
    opened(store)
    ended = add_one(store, event(90, ok=True))
    assert ended.change is ChangeKind.RESOLVED
    alert, owed = store.alerts.get(1)
    assert (alert.status, alert.resolved_at, alert.resolved_by) == ("RESOLVED", at(90), None)
    assert [(each.kind, each.is_manual, each.occurred_at) for each in owed[2:]] == [("RECOVERY", False, at(90))] * 2


def test_monitors_are_told_apart_by_name(store: Store) -> None:
    assert opened(store, "shop").id != opened(store, "blog").id
    add(store, event(10, ok=True, monitor="blog"))
    assert [(each.subject, each.status) for each in store.alerts.page(limit=10)] == [
        ("blog", "RESOLVED"),
        ("shop", "OPEN"),
    ]


def test_the_same_event_again_changes_nothing(store: Store) -> None:
    first = add_one(store, event(0, ok=False, event_id="e"))
    before = rows(store, "SELECT * FROM monitors"), rows(store, "SELECT * FROM notifications")
    again = add_one(store, event(500, ok=True, monitor="other", event_id="e"))
    assert (again.is_duplicate, again.id, again.change, again.notification_ids) == (True, first.id, None, [])
    assert before == (rows(store, "SELECT * FROM monitors"), rows(store, "SELECT * FROM notifications"))
    assert rows(store, "SELECT count(*) FROM events") == [(1,)]


def test_an_event_twice_in_one_batch_is_stored_once(store: Store) -> None:
    both = add(store, event(0, ok=False, event_id="e"), event(0, ok=False, event_id="e"))
    assert [each.is_duplicate for each in both] == [False, True]


def test_a_late_event_is_stored_and_changes_no_state(store: Store) -> None:
    add(store, event(60, ok=True))
    late = add_one(store, event(30, ok=False))
    assert (late.change, late.reason) == (None, "older than the newest event")
    assert store.alerts.page(limit=10) == []
    assert rows(store, "SELECT count(*) FROM events") == [(2,)]


def test_an_event_from_the_future_freezes_nothing(store: Store) -> None:
    add(store, event(10_000_000, ok=True), received_at=at(0))
    assert rows(store, "SELECT timestamp FROM events") == [(as_text(at(10_000_000)),)]
    assert add_one(store, event(5, ok=False), received_at=at(5)).change is ChangeKind.OPENED


def test_a_batch_is_judged_in_the_order_of_time_and_answered_in_its_own(store: Store) -> None:
    ingested = add(store, event(60, ok=True), event(0, ok=False), event(30, ok=False))
    assert [each.change for each in ingested] == [ChangeKind.RESOLVED, ChangeKind.OPENED, None]


def test_equal_times_are_judged_in_the_order_of_arrival(store: Store) -> None:
    assert [each.change for each in add(store, event(0, ok=False), event(0, ok=True))] == ["OPENED", "RESOLVED"]


def test_a_batch_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    class Broken(Event):
        def model_dump(self, **_: object) -> dict[str, object]:
            raise RuntimeError

    broken = Broken(target_url="http://t/", timestamp=at(1), is_success=True)
    with pytest.raises(RuntimeError):
        add(store, event(0, ok=False), broken)
    tables = ("events", "monitors", "alerts", "notifications")
    assert [rows(store, f"SELECT count(*) FROM {table}") for table in tables] == [[(0,)]] * 4
    assert add_one(store, event(0, ok=False)).change is ChangeKind.OPENED


# --- alerts by hand -------------------------------------------------------------------------------------------------


def move(store: Store, alert_id: int, to: str, by: str | None = None, seconds: float = 3600) -> tuple[int, ...]:
    return store.alerts.move(alert_id, AlertStatus(to), by=by, at=at(seconds), channels=CHANNELS).notification_ids


def test_an_acknowledged_alert_stays_the_only_one_and_is_resolved_by_recovery(store: Store) -> None:
    opened(store)
    assert move(store, 1, "ACK", "kim") == ()
    assert add_one(store, event(30, ok=False)).change is None
    assert store.alerts.get(1)[0].acknowledged_by == "kim"
    assert add_one(store, event(60, ok=True)).change is ChangeKind.RESOLVED


def test_resolving_by_hand_owes_a_recovery_that_says_so(store: Store) -> None:
    opened(store)
    assert len(move(store, 1, "RESOLVED", "kim")) == 2
    alert, owed = store.alerts.get(1)
    assert (alert.status, alert.resolved_by) == ("RESOLVED", "kim")
    assert [(each.kind, each.is_manual, each.actor) for each in owed[2:]] == [("RECOVERY", True, "kim")] * 2


def test_a_failure_after_resolving_by_hand_opens_a_new_alert(store: Store) -> None:
    opened(store)
    move(store, 1, "RESOLVED")
    again = add_one(store, event(30, ok=False))
    assert again.change is ChangeKind.OPENED
    assert again.alert is not None
    assert (again.alert.id, again.alert.failed_at) == (2, at(30))


def test_reopening_owes_nothing_and_is_refused_while_another_is_active(store: Store) -> None:
    opened(store)
    move(store, 1, "RESOLVED")
    assert move(store, 1, "OPEN") == ()
    assert store.alerts.get(1)[0].resolved_at is None
    move(store, 1, "RESOLVED")
    add(store, event(30, ok=False))
    with pytest.raises(IllegalMove, match="alert 2 of shop is OPEN"):
        move(store, 1, "OPEN")


def test_the_same_status_again_changes_nothing(store: Store) -> None:
    opened(store)
    move(store, 1, "ACK", "kim")
    change = store.alerts.move(1, AlertStatus.ACK, by="lee", at=at(99), channels=CHANNELS)
    assert (change.alert.acknowledged_by, change.kind, change.notification_ids) == ("kim", None, ())


@pytest.mark.parametrize("alert_id", [0, 1, 2**63 - 1, 2**63, 10**18])
def test_an_alert_that_is_not_there(store: Store, alert_id: int) -> None:
    with pytest.raises(AlertNotFound):
        store.alerts.get(alert_id)
    with pytest.raises(AlertNotFound):
        move(store, alert_id, "ACK")


def test_alerts_are_listed_newest_first_by_status_monitor_and_page(store: Store) -> None:
    for monitor in ("a", "b", "c"):
        opened(store, monitor)
    move(store, 2, "RESOLVED")
    move(store, 3, "ACK")

    def listed(**wanted: object) -> list[int]:
        return [each.id for each in store.alerts.page(limit=wanted.pop("limit", 10), **wanted)]  # type: ignore[arg-type]

    assert listed() == [3, 2, 1]
    assert listed(limit=2) == [3, 2]
    assert listed(before=2) == [1]
    assert listed(status=AlertStatus.OPEN) == [1]
    assert listed(status=AlertStatus.RESOLVED) == [2]
    assert listed(outages_of="c") == [3]
    assert listed(outages_of="c", status=AlertStatus.OPEN) == []


@on_sqlite
def test_alerts_of_a_status_are_found_by_an_index(store: Store) -> None:
    with store.database.snapshot() as snapshot:
        plan = snapshot.rows(
            "EXPLAIN QUERY PLAN SELECT * FROM alerts WHERE status = 'OPEN' AND id < 9 ORDER BY id DESC"
        )
    assert [row["detail"] for row in plan] == ["SEARCH alerts USING INDEX alerts_by_status (status=? AND id<?)"]


# --- the outbox -----------------------------------------------------------------------------------------------------


def claim(store: Store, seconds: float = 3600, channel: str = "console", lease: float = 30) -> int | None:
    owed = store.notifications.claim(channel, now=at(seconds), leased_until=at(seconds + lease))
    return owed.notification.id if owed else None


def settle(store: Store, status: str, seconds: float = 3600, channel: str = "console", due: float | None = None) -> int:
    owed = store.notifications.claim(channel, now=at(seconds), leased_until=at(seconds + 30))
    assert owed is not None
    store.notifications.record(
        Attempt(
            owed.notification,
            AttemptStatus(status),
            at(seconds),
            1.0,
            status.lower(),
            due_at=at(due) if due is not None else None,
        ),
        channels=(),
    )
    return owed.notification.id


def test_a_lease_keeps_a_notification_to_one_sender_until_it_runs_out(store: Store) -> None:
    opened(store)
    assert claim(store, 3600) == 1
    assert claim(store, 3629.9) is None
    assert claim(store, 3630) == 1, "its sender died: the next takes over"


def test_channels_do_not_wait_for_each_other(store: Store) -> None:
    opened(store)
    assert (claim(store, channel="console"), claim(store, channel="telegram")) == (1, 2)


@pytest.mark.parametrize("outcome", ["SENT", "FAILED"])
def test_a_recovery_waits_until_its_outage_is_settled_there(store: Store, outcome: str) -> None:
    opened(store)
    add(store, event(60, ok=True))
    settle(store, "RETRY", due=3700)
    assert claim(store, 3650) is None, "the OUTAGE is not due yet, and the RECOVERY waits for it"
    assert settle(store, outcome, 3700) == 1
    assert claim(store, 3700) == 3
    assert claim(store, 3700, channel="telegram") == 2, "the other channel has its own order"


def test_a_recovery_goes_out_once_its_outage_expired(store: Store) -> None:
    opened(store)
    add(store, event(60, ok=True), received_at=LATER + timedelta(hours=1))
    expired = store.notifications.expire(now=at(8000), created_before=LATER + timedelta(seconds=1))
    assert [each.id for each in expired] == [1, 2]
    assert [(log.status, log.notification_id) for log in store.notifications.logs(limit=9)] == [
        ("EXPIRED", 2),
        ("EXPIRED", 1),
    ]
    assert claim(store, 8000) == 3


def test_what_is_being_sent_does_not_expire_under_its_sender(store: Store) -> None:
    opened(store)
    claim(store, 3600)
    assert [each.id for each in store.notifications.expire(now=at(3601), created_before=at(9999))] == [2]
    assert [each.id for each in store.notifications.expire(now=at(3631), created_before=at(9999))] == [1]


def test_a_newer_outage_of_the_monitor_does_not_overtake_the_older_recovery(store: Store) -> None:
    opened(store)
    settle(store, "SENT")
    add(store, event(60, ok=True), event(90, ok=False))
    settle(store, "RETRY", due=4000)
    assert claim(store, 3700) is None
    assert claim(store, 4000) == 3


def test_other_monitors_do_not_wait(store: Store) -> None:
    opened(store, "a")
    settle(store, "RETRY", due=9000)
    opened(store, "b")
    assert claim(store) == 3


def test_a_claim_among_ids_takes_no_other(store: Store) -> None:
    opened(store, "a")
    ids = add_one(store, event(0, ok=False, monitor="b")).notification_ids
    owed = store.notifications.claim("console", now=LATER, leased_until=LATER, among=ids)
    assert owed is not None
    assert owed.notification.id == ids[0]
    assert store.notifications.claim("console", now=LATER, leased_until=LATER, among=[]) is None


def test_an_attempt_is_written_down_whole(store: Store) -> None:
    opened(store)
    settle(store, "RETRY", due=3700)
    assert [log.model_dump(mode="json") for log in store.notifications.logs(limit=9)] == [
        {
            "id": 1,
            "notification_id": 1,
            "alert_id": 1,
            "kind": "OUTAGE",
            "channel": "console",
            "status": "RETRY",
            "attempted_at": "2025-01-08T13:00:00.000Z",
            "duration_ms": 1.0,
            "answer": "retry",
        }
    ]
    notification = store.alerts.get(1)[1][0]
    assert (notification.status, notification.attempts, notification.due_at) == ("PENDING", 1, at(3700))
    assert notification.leased_until is None


def test_who_lost_the_lease_does_not_undo_the_new_holder(store: Store) -> None:
    opened(store)
    slow = store.notifications.claim("console", now=at(3600), leased_until=at(3630))
    assert slow is not None
    assert claim(store, 3640) == 1
    store.notifications.record(Attempt(slow.notification, AttemptStatus.FAILED, at(3600), 9, "refused"), channels=())
    assert store.alerts.get(1)[1][0].status is NotificationStatus.SENDING
    store.notifications.record(Attempt(slow.notification, AttemptStatus.SENT, at(3600), 9, "ok"), channels=())
    assert store.alerts.get(1)[1][0].status is NotificationStatus.SENT, "what was accepted was accepted"
    assert len(store.notifications.logs(limit=9)) == 2


def test_an_attempt_that_is_written_down_again_because_it_seemed_not_to_be_changes_nothing(store: Store) -> None:
    opened(store)
    opened(store, "blog")
    owed = store.notifications.claim("console", now=at(3600), leased_until=at(3630))
    assert owed is not None

    def write_down(*, is_late: bool, took: float = 0.1 + 0.2) -> Change | None:
        return store.notifications.record(
            Attempt(owed.notification, AttemptStatus.FAILED, at(3600), took, None, is_late=is_late), channels=CHANNELS
        )

    changed = write_down(is_late=True)
    assert changed
    assert changed.kind is ChangeKind.OPENED
    settle(store, "SENT", 3601)
    before = [rows(store, f"SELECT * FROM {table} ORDER BY id") for table in ("alerts", "notifications")]
    assert write_down(is_late=True) is None
    assert [rows(store, f"SELECT * FROM {table} ORDER BY id") for table in ("alerts", "notifications")] == before
    assert [log.status for log in store.notifications.logs(limit=9)] == ["SENT", "FAILED"]
    write_down(is_late=True, took=0.301)
    assert len(store.notifications.logs(limit=9)) == 3, "another attempt has its own"


def test_what_is_settled_is_never_sent_again(store: Store) -> None:
    opened(store)
    settle(store, "SENT")
    assert claim(store, 99_999) is None
    assert store.notifications.has_due(["console"], now=at(99_999)) is False
    assert store.notifications.has_due(["telegram"], now=at(99_999)) is True


def test_logs_are_listed_newest_first_by_alert_and_page(store: Store) -> None:
    opened(store, "a")
    opened(store, "b")
    for _ in range(2):
        settle(store, "SENT")
        settle(store, "SENT", channel="telegram")
    assert [log.id for log in store.notifications.logs(limit=3)] == [4, 3, 2]
    assert [log.id for log in store.notifications.logs(limit=3, before=2)] == [1]
    assert {log.alert_id for log in store.notifications.logs(limit=9, alert_id=2)} == {2}


def test_the_summary_counts_what_is_open(store: Store) -> None:
    assert store.summary() == {"last_check": None, "open_alerts": 0, "owed_notifications": 0}
    opened(store)
    add(store, event(20, ok=True, monitor="other"))
    assert store.summary() == {
        "last_check": "2025-01-08T12:00:20.000Z",
        "open_alerts": 1,
        "owed_notifications": 2,
    }


# --- the database itself ----------------------------------------------------------------------------------------------


def test_at_most_one_active_alert_is_the_databases_word(store: Store) -> None:
    opened(store)
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)), store.database.transaction() as transaction:
        transaction.rows(
            "INSERT INTO alerts (kind, subject, status, failed_at, opened_at) VALUES ('OUTAGE', 'shop', 'ACK', '', '')"
        )


@on_sqlite
def test_the_connection_keeps_a_log_and_foreign_keys(store: Store) -> None:
    assert rows(store, "PRAGMA journal_mode") == [("wal",)]
    assert rows(store, "PRAGMA foreign_keys") == [(1,)]


def test_what_is_stored_survives_a_power_cut_and_only_a_lease_does_not_wait_for_the_disk(store: Store) -> None:
    said: list[str] = []
    level = "PRAGMA synchronous" if isinstance(store.database, SqliteDatabase) else "SHOW synchronous_commit"

    @contextlib.contextmanager
    def noted(**options: bool) -> Iterator[Transaction]:
        with begin(**options) as transaction:
            said.append(str(*tuple(dict(transaction.rows(level)[0]).values())))
            yield transaction

    begin = store.database.transaction
    store.database.transaction = noted  # type: ignore[method-assign]
    opened(store)
    owed = store.notifications.claim("console", now=NOON, leased_until=NOON)
    assert owed is not None
    store.notifications.record(Attempt(owed.notification, AttemptStatus.SENT, NOON, 1, ""), channels=())
    assert said in (["2", "1", "2"], ["on", "off", "on"])


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


def test_a_migration_that_fails_leaves_nothing(database: Database, migrations: list[Path]) -> None:
    with pytest.raises(StoreUnavailable, match=r"the migration 0003_bad failed: .*nowhere") as raised:
        migrate(database, as_text(NOON), migrations)
    assert not raised.value.is_transient
    assert tables(database) == []


def test_a_migration_that_fails_leaves_the_store_as_the_program_before_knows_it(
    database: Database, migrations: list[Path]
) -> None:
    assert migrate(database, as_text(NOON), migrations[:2]) == ["0001_good", "0002_good"]
    with pytest.raises(StoreUnavailable, match="0003_bad"):
        migrate(database, as_text(NOON), migrations)

    assert tables(database) == ["a", "schema_migrations"]
    with database.snapshot() as snapshot:
        assert [row["name"] for row in snapshot.rows("SELECT name FROM a")] == ["x"]
        assert [tuple(row.values()) for row in map(dict, snapshot.rows("SELECT * FROM schema_migrations"))] == [
            (1, "0001_good", as_text(NOON)),
            (2, "0002_good", as_text(NOON)),
        ]
    assert migrate(database, as_text(NOON), migrations[:2]) == []
    migrations[2].write_text("CREATE TABLE c (id {identity});\n")
    assert migrate(database, as_text(NOON), migrations) == ["0003_bad"], "and goes on from there once it is mended"


def test_a_migration_that_the_stored_rows_contradict_leaves_nothing(database: Database, migrations: list[Path]) -> None:
    migrate(database, as_text(NOON), migrations[:2])
    migrations[2].write_text("INSERT INTO a (name) VALUES ('x');\nCREATE UNIQUE INDEX names ON a (name);\n")
    with pytest.raises(StoreUnavailable, match=r"(?i)0003_bad failed: .*unique"):
        migrate(database, as_text(NOON), migrations)
    assert tables(database) == ["a", "schema_migrations"]


def _migrate(
    new: Callable[[], Database],
    migrations: list[Path],
    barrier: "multiprocessing.synchronize.Barrier",
    results: "multiprocessing.Queue[list[str]]",
) -> None:
    barrier.wait()
    results.put(migrate(new(), as_text(NOON), migrations))


def test_a_migration_is_applied_once_by_many_at_once(
    new_database: Callable[[], Database], database: Database, migrations: list[Path]
) -> None:
    migrate(database, as_text(NOON), migrations[:1])
    database.close()  # two processes must not share a connection
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(6), context.Queue()
    processes = [
        context.Process(target=_migrate, args=(new_database, migrations[:2], barrier, results)) for _ in range(6)
    ]
    for process in processes:
        process.start()
    assert sorted(results.get(timeout=20) for _ in processes) == [[]] * 5 + [["0002_good"]]
    for process in processes:
        process.join(10)
    with database.snapshot() as snapshot:
        assert [row["name"] for row in snapshot.rows("SELECT name FROM a")] == ["x"]


def test_a_store_of_a_newer_program_is_refused(store: Store) -> None:
    with store.database.transaction() as transaction:
        transaction.rows("INSERT INTO schema_migrations (version, name) VALUES (99, 'x')")
    with pytest.raises(StoreUnavailable, match=r"version 99.*use a newer program"):
        migrate(store.database, as_text(NOON))


def test_dropping_everything_makes_a_fresh_start_in_the_same_file(store: Store) -> None:
    opened(store)
    with store.database.transaction() as transaction:
        drop_everything(transaction)
    migrate(store.database, as_text(NOON))
    assert store.alerts.page(limit=9) == []


@pytest.mark.parametrize(
    ("trouble", "is_transient", "why"),
    [("locked", True, "busy"), ("not a database", False, "not a database"), ("no folder", True, "unable to open")],
)
def test_a_store_in_trouble_says_which(
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


def _open(
    new: Callable[[], Database],
    barrier: "multiprocessing.synchronize.Barrier",
    results: "multiprocessing.Queue[str]",
) -> None:
    barrier.wait()
    try:
        database = new()
        migrate(database, as_text(NOON))
        Store(database).events.add([event(0, ok=True)], received_at=NOON, channels=())
        results.put("ok")
    except Exception as error:  # noqa: BLE001  # told to the test
        results.put(repr(error))


def test_an_absent_store_is_made_by_many_at_once(new_database: Callable[[], Database]) -> None:
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(8), context.Queue()
    processes = [context.Process(target=_open, args=(new_database, barrier, results)) for _ in range(8)]
    for process in processes:
        process.start()
    assert [results.get(timeout=20) for _ in processes] == ["ok"] * 8
    for process in processes:
        process.join(10)
