"""Group commit on a real database: requests that come together share a commit, and nothing else."""

import itertools
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from shared.models import Event, as_text
from shared.store import Store, StoreUnavailable
from shared.store.engines.crowd import MAX_WAITERS
from shared.store.engines.database import Database, StoreBusy, Transaction
from shared.store.engines.group_commit import Group
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.support.running import wait_until

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)


# What is decided before the database is asked, and what only SQLite can be made to do.
on_sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)


@pytest.fixture
def group(database: Database, monkeypatch: pytest.MonkeyPatch) -> Group:
    # A busy machine makes no crowd where a test is not about one.
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 3.0)
    migrate(database, as_text(NOON))
    with database.transaction() as transaction:
        transaction.rows("CREATE TABLE kept (name TEXT UNIQUE)")
    return Group(database)


def keep(name: str) -> Callable[[Transaction], str]:
    def work(transaction: Transaction) -> str:
        transaction.rows("INSERT INTO kept VALUES (:name)", name=name)
        return name

    return work


def kept(database: Database) -> set[str]:
    with database.snapshot() as snapshot:
        return {row["name"] for row in snapshot.rows("SELECT name FROM kept")}


def refused_of(futures: dict[str, Future[str]]) -> set[str]:
    """Those that were told to come back."""
    return {name for name, each in futures.items() if each.done() and isinstance(each.exception(), StoreBusy)}


@contextmanager
def commits(database: Database) -> Iterator[list[str]]:
    """The commits of the connection meanwhile."""
    seen: list[str] = []
    database.open()
    assert isinstance(database, SqliteDatabase | PostgresDatabase)
    connection = database._connection
    if isinstance(connection, sqlite3.Connection):
        connection.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
        yield seen
        connection.set_trace_callback(None)
    else:
        assert connection is not None
        ask = connection.execute

        def listened(query: Any, *words: Any) -> Any:
            if query == "COMMIT":
                seen.append(query)
            return ask(query, *words)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "execute", listened)
            yield seen


def together(group: Group, *works: Callable[[Transaction], str]) -> list[Future[str]]:
    """What comes of works that all wait while another one is being committed."""
    is_begun, may_end = threading.Event(), threading.Event()

    def first(_: Transaction) -> str:
        is_begun.set()
        assert may_end.wait(10)
        return "first"

    with ThreadPoolExecutor(len(works) + 1) as threads:
        before = threads.submit(group.run, first)
        assert is_begun.wait(10)
        futures = []
        for count, work in enumerate(works, start=1):
            futures.append(threads.submit(group.run, work))
            wait_until(lambda: len(group._waiting) == count)  # noqa: B023  # asked now
        may_end.set()
        assert before.result() == "first"
    return futures


def test_works_that_wait_for_a_commit_share_the_next_one(database: Database, group: Group) -> None:
    names = [f"n{number}" for number in range(20)]
    with commits(database) as seen:
        futures = together(group, *map(keep, names))
    assert [future.result() for future in futures] == names, "each gets its own result"
    assert kept(database) == set(names)
    assert len(seen) == 2


def test_a_failed_work_leaves_the_others_of_its_commit(database: Database, group: Group) -> None:
    def breaks(transaction: Transaction) -> str:
        keep("half")(transaction)
        raise RuntimeError("a defect")

    def contradicts(transaction: Transaction) -> str:
        keep("other half")(transaction)
        return keep("a")(transaction)

    a, broken, b, contradicting, c = together(group, keep("a"), breaks, keep("b"), contradicts, keep("c"))
    assert [each.result() for each in (a, b, c)] == ["a", "b", "c"]
    with pytest.raises(RuntimeError, match="a defect"):
        broken.result()
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        contradicting.result()
    assert kept(database) == {"a", "b", "c"}


def test_a_work_that_fails_alone_leaves_nothing(database: Database, group: Group) -> None:
    with pytest.raises(ZeroDivisionError):
        group.run(lambda transaction: keep("half")(transaction) and str(1 // 0))
    assert group.run(keep("a")) == "a"
    assert kept(database) == {"a"}


@on_sqlite
def test_on_a_full_disk_nobody_gets_an_acceptance(database: Database, group: Group) -> None:
    with database.transaction() as transaction:
        pages = transaction.rows("PRAGMA page_count")[0]["page_count"]
        transaction.rows(f"PRAGMA max_page_count = {pages}")
    futures = together(group, keep("a"), keep("b" * 1_000_000), keep("c"))
    for future in futures:
        with pytest.raises(StoreUnavailable, match="no room left") as raised:
            future.result()
        assert raised.value.is_transient
    assert kept(database) == set()
    with database.transaction() as transaction:
        transaction.rows("PRAGMA max_page_count = 1000000")
    assert [each.result() for each in together(group, keep("a"), keep("c"))] == ["a", "c"]


def test_a_locked_store_rejects_a_crowd_and_stores_none_of_it(
    new_database: Callable[[], Database], database: Database, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 0.2)
    with ExitStack() as other, ThreadPoolExecutor(8) as threads:
        other.enter_context(new_database().transaction())
        futures = {"first": threads.submit(group.run, keep("first"))}
        wait_until(lambda: group._has_leader and not group._waiting)
        futures |= {f"n{number}": threads.submit(group.run, keep(f"n{number}")) for number in range(7)}
        wait_until(lambda: len(refused_of(futures)) == 7 - MAX_WAITERS)
        other.close()
    refused = refused_of(futures)
    assert len(refused) == 7 - MAX_WAITERS, "a few go on waiting, as it may be over soon"
    assert kept(database) == futures.keys() - refused
    assert all(futures[name].result() == name for name in futures.keys() - refused)


@on_sqlite
def test_a_crowd_at_a_stuck_store_is_rejected_at_once(
    database: Database, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 0.5)
    is_begun, may_end = threading.Event(), threading.Event()

    def slow(_: Transaction) -> str:
        is_begun.set()
        assert may_end.wait(10)
        return "slow"

    with ThreadPoolExecutor(25) as threads:
        first = threads.submit(group.run, slow)
        assert is_begun.wait(10)
        time.sleep(0.5)
        began = time.monotonic()
        futures = {f"n{number}": threads.submit(group.run, keep(f"n{number}")) for number in range(24)}
        wait_until(lambda: len(refused_of(futures)) == 24 - MAX_WAITERS)
        took = time.monotonic() - began
        may_end.set()
        assert first.result() == "slow"
    assert took < 0.5, "the threads of a server are not all held by it for as long again"
    assert kept(database) == futures.keys() - refused_of(futures)


@on_sqlite
def test_a_collected_work_waits_for_its_commit_however_long(
    database: Database, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(transaction: Transaction) -> str:
        time.sleep(0.3)
        return keep("slow")(transaction)

    # No more than go on waiting before, so that all of them are taken along.
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 0.1)
    names = [f"n{number}" for number in range(MAX_WAITERS - 1)]
    futures = together(group, slow, *map(keep, names))
    assert [each.result() for each in futures] == ["slow", *names]
    assert kept(database) == {"slow", *names}


@on_sqlite
@pytest.mark.usefixtures("group")
def test_callers_that_arrive_together_are_no_crowd(database: Database) -> None:
    class Unlucky(Group):
        """Whoever has the turn gets no processor for a moment, before it begins."""

        def _lead(self) -> None:
            time.sleep(0.05)
            super()._lead()

    unlucky, barrier = Unlucky(database), threading.Barrier(24)

    def come(number: int) -> str:
        barrier.wait(10)
        return unlucky.run(keep(f"n{number}"))

    with ThreadPoolExecutor(24) as threads:
        assert len(set(threads.map(come, range(24)))) == 24
    assert len(kept(database)) == 24


@on_sqlite
def test_what_is_accepted_is_stored_and_what_is_rejected_is_not(
    database: Database, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So short that many leave at every moment, among them that in which the waiting are collected.
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 0.0005)
    monkeypatch.setattr("shared.store.engines.group_commit.RECHECK_SECONDS", 0.0005)
    numbers, stored, refused = itertools.count(), set(), set()
    until = time.monotonic() + 0.7

    def go(_: int) -> None:
        while time.monotonic() < until:
            name = f"n{next(numbers)}"
            try:
                assert group.run(keep(name)) == name
                stored.add(name)
            except StoreBusy:
                refused.add(name)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(go, range(16)))
    finally:
        sys.setswitchinterval(interval)
    assert kept(database) == stored
    assert stored
    assert refused


@on_sqlite
def test_long_work_that_makes_progress_is_no_crowd(
    database: Database, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 0.2)
    monkeypatch.setattr("shared.store.engines.group_commit.RECHECK_SECONDS", 0.01)

    def slowly(number: int) -> str:
        def work(transaction: Transaction) -> str:
            time.sleep(0.05)
            return keep(f"n{number}")(transaction)

        return group.run(work)

    with ThreadPoolExecutor(16) as threads:
        assert len(set(threads.map(slowly, range(16)))) == 16
    assert len(kept(database)) == 16


@pytest.mark.usefixtures("group")
def test_many_threads_share_commits_and_get_their_own_results(database: Database) -> None:
    store = Store(database)
    barrier = threading.Barrier(24)

    def report(number: int) -> None:
        barrier.wait(10)
        for turn in range(5):
            event = Event(
                target_url=f"http://t/{number}",
                timestamp=NOON,
                is_success=turn % 2 == 1,
                event_id=f"{number}-{turn}",
            )
            [ingested] = store.events.add([event], received_at=NOON, channels=("console",))
            assert (ingested.event.event_id, ingested.is_duplicate) == (f"{number}-{turn}", False)
            assert ingested.change == ("OPENED", "RESOLVED")[turn % 2]
            assert ingested.alert is not None
            assert ingested.alert.subject == f"http://t/{number}"

    with commits(database) as seen, ThreadPoolExecutor(24) as threads:
        list(threads.map(report, range(24)))
    assert len(seen) < 24 * 5
    with database.snapshot() as snapshot:
        assert snapshot.rows("SELECT count(*) AS n FROM events")[0]["n"] == 24 * 5
        assert snapshot.rows("SELECT count(*) AS n FROM alerts")[0]["n"] == 24 * 3


@pytest.mark.usefixtures("group")
def test_the_same_event_twice_in_one_commit_is_stored_once(database: Database) -> None:
    store = Store(database)
    event = Event(target_url="http://t/", timestamp=NOON, is_success=False, event_id="e")
    barrier = threading.Barrier(8)

    def report(_: int) -> bool:
        barrier.wait(10)
        return store.events.add([event], received_at=NOON, channels=("console",))[0].is_duplicate

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(report, range(8))) == [False] + [True] * 7
    assert len(store.alerts.page(limit=9)) == 1
