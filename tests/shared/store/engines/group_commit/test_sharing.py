"""Requests that come together share a commit, and nothing else."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from shared.models import Event
from shared.store import Store, StoreUnavailable
from shared.store.engines.database import Database, Transaction
from tests.shared.store.engines.group_commit.works import Works, keep, kept, together, watched
from tests.support.builders import NOON, routes
from tests.support.store.engines import on_sqlite

pytestmark = pytest.mark.slow


def test_works_that_wait_for_a_commit_share_the_next_one(database: Database, group: Works) -> None:
    names = [f"n{number}" for number in range(20)]
    with watched(database) as transactions:
        futures = together(group, *map(keep, names))
    assert [future.result() for future in futures] == names, "each gets its own result"
    assert kept(database) == set(names)
    assert transactions.committed == 2


def test_a_failed_work_leaves_the_others_of_its_commit(database: Database, group: Works) -> None:
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


def test_a_work_that_fails_alone_leaves_nothing(database: Database, group: Works) -> None:
    with pytest.raises(ZeroDivisionError):
        group.run(lambda transaction: keep("half")(transaction) and str(1 // 0))
    assert group.run(keep("a")) == "a"
    assert kept(database) == {"a"}


@on_sqlite
def test_on_a_full_disk_nobody_gets_an_acceptance(database: Database, group: Works) -> None:
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
            [ingested] = store.events.add([event], received_at=NOON, channels=routes("console"))
            assert (ingested.event.event_id, ingested.is_duplicate) == (f"{number}-{turn}", False)
            assert ingested.change == ("OPENED", "RESOLVED")[turn % 2]
            assert ingested.alert is not None
            assert ingested.alert.subject == f"http://t/{number}"

    with watched(database) as transactions, ThreadPoolExecutor(24) as threads:
        list(threads.map(report, range(24)))
    assert transactions.committed < 24 * 5
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
        return store.events.add([event], received_at=NOON, channels=routes("console"))[0].is_duplicate

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(report, range(8))) == [False] + [True] * 7
    assert len(store.alerts.page(limit=9)) == 1
