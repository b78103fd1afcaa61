"""A store that makes no progress rejects a crowd, so that it does not hold every thread of a server."""

import itertools
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from shared.store.engines.crowd import MAX_WAITERS
from shared.store.engines.database import Database, StoreBusy, Transaction
from shared.store.engines.group_commit import each_alone
from tests.shared.store.engines.group_commit.works import Works, keep, kept, refused_of, together, watched
from tests.support.running import wait_until
from tests.support.store.engines import on_sqlite

pytestmark = pytest.mark.slow


def test_a_locked_store_rejects_a_crowd_and_stores_none_of_it(
    new_database: Callable[[], Database], database: Database, group: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 0.2)
    with ExitStack() as other, watched(database) as transactions, ThreadPoolExecutor(8) as threads:
        other.enter_context(new_database().transaction())
        futures = {"first": threads.submit(group.run, keep("first"))}
        wait_until(lambda: transactions.begun)
        futures |= {f"n{number}": threads.submit(group.run, keep(f"n{number}")) for number in range(7)}
        wait_until(lambda: len(refused_of(futures)) == 7 - MAX_WAITERS)
        other.close()
    refused = refused_of(futures)
    assert len(refused) == 7 - MAX_WAITERS, "a few go on waiting, as it may be over soon"
    assert kept(database) == futures.keys() - refused
    assert all(futures[name].result() == name for name in futures.keys() - refused)


@on_sqlite
def test_a_crowd_at_a_stuck_store_is_rejected_at_once(
    database: Database, group: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 2.0)
    is_begun, may_end = threading.Event(), threading.Event()

    def slow(_: Transaction) -> str:
        is_begun.set()
        assert may_end.wait(10)
        return "slow"

    with ThreadPoolExecutor(25) as threads:
        first = threads.submit(group.run, slow)
        assert is_begun.wait(10)
        time.sleep(2.0)
        began = time.monotonic()
        futures = {f"n{number}": threads.submit(group.run, keep(f"n{number}")) for number in range(24)}
        wait_until(lambda: len(refused_of(futures)) == 24 - MAX_WAITERS)
        took = time.monotonic() - began
        may_end.set()
        assert first.result() == "slow"
    assert took < 2.0, "the threads of a server are not all held by it for as long again"
    assert kept(database) == futures.keys() - refused_of(futures)


@on_sqlite
def test_a_collected_work_waits_for_its_commit_however_long(
    database: Database, group: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(transaction: Transaction) -> str:
        time.sleep(0.3)
        return keep("slow")(transaction)

    # Few enough to go on waiting: all of them are in the next commit.
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 0.1)
    names = [f"n{number}" for number in range(MAX_WAITERS - 1)]
    futures = together(group, slow, *map(keep, names))
    assert [each.result() for each in futures] == ["slow", *names]
    assert kept(database) == {"slow", *names}


@on_sqlite
@pytest.mark.usefixtures("group")
def test_callers_that_arrive_together_are_no_crowd(database: Database) -> None:
    class Unlucky(Works):
        """A group whose leader gets no processor for a moment before it begins."""

        def _lead(self) -> None:
            time.sleep(0.05)
            super()._lead()

    unlucky, barrier = Unlucky(database, each_alone), threading.Barrier(24)

    def come(number: int) -> str:
        barrier.wait(10)
        return unlucky.run(keep(f"n{number}"))

    with ThreadPoolExecutor(24) as threads:
        assert len(set(threads.map(come, range(24)))) == 24
    assert len(kept(database)) == 24


@on_sqlite
def test_what_is_accepted_is_stored_and_what_is_rejected_is_not(
    database: Database, group: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This is so short that works leave at every moment, also while the leader collects those that wait.
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
    database: Database, group: Works, monkeypatch: pytest.MonkeyPatch
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
