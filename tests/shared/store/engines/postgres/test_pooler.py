"""A store behind a pooler in transaction mode, which gives each transaction another session."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest

from shared.models import Event
from shared.store import Store, StoreUnavailable
from shared.store.engines import lifecycle
from shared.store.engines.database import StoreBusy
from shared.store.engines.postgres import connection as postgres_connection
from shared.store.engines.postgres import database as engine
from shared.store.engines.postgres.database import PostgresDatabase
from tests.shared.store.engines.postgres.use import LEFT
from tests.support.builders import NEVER_FLAPS, NOON, routes
from tests.support.pgbouncer import Pgbouncer
from tests.support.store.monitor_names import add, names

pytestmark = pytest.mark.system


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
            Store(databases[number], NEVER_FLAPS).events.add([event], received_at=at, channels=routes("a"))

    with ThreadPoolExecutor(len(databases)) as threads:
        list(threads.map(report, range(len(databases))))
    counts = "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM alerts) AS alerts"
    assert numbers(databases[0], counts) == (100, 50)
    databases[0].check()
    with databases[1].snapshot() as another:
        # This transaction has a session, so the next one gets the other of the two.
        session = f"SELECT pg_backend_pid() AS pid, {LEFT}"
        sessions = {tuple(dict(another.row(session) or {}).values()), numbers(databases[0], session)}
    assert len({session[0] for session in sessions}) == 2
    # Only the limits of this transaction itself, and nothing besides.
    assert {session[1:] for session in sessions} == {(0, 0, "10s", "5s")}


def test_behind_a_pooler_the_lock_and_the_time_limits_hold(
    behind_a_pooler: Callable[[], PostgresDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, other = behind_a_pooler(), behind_a_pooler()
    assert names(database) == names(other) == []
    # Each limit holds for one transaction alone: on a busy machine it must not end those that follow.
    with database.transaction(), monkeypatch.context() as short:
        short.setattr(lifecycle, "BUSY_SECONDS", 0.1)
        with pytest.raises(StoreBusy):
            add(other, "late")
    with monkeypatch.context() as short:
        short.setattr(engine, "STATEMENT_SECONDS", 0.5)
        with pytest.raises(StoreBusy), database.transaction() as transaction:
            transaction.rows("SELECT pg_sleep(20)")

    def stops_in_the_middle() -> None:
        with ExitStack() as stack:
            with monkeypatch.context() as short:
                short.setattr(engine, "STATEMENT_SECONDS", 1.0)
                frozen = stack.enter_context(database.transaction())
            frozen.rows("INSERT INTO monitors (name, target_url) VALUES ('frozen', '')")
            add(other, "thawed")  # waits until the server has ended the idle transaction
            frozen.rows("SELECT 1")

    with pytest.raises(StoreUnavailable, match="ended the connection") as raised:
        stops_in_the_middle()
    assert raised.value.is_transient
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
