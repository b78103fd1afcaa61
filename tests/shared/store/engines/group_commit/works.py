"""Works for a group commit, and their results."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from shared.store.engines.database import Database, StoreBusy, Transaction
from shared.store.engines.group_commit import Group
from tests.support.running import wait_until

# A group of works that have nothing in common.
Works = Group[Callable[[Transaction], str], str]


def keep(name: str) -> Callable[[Transaction], str]:
    """A work that stores the name and returns it."""

    def work(transaction: Transaction) -> str:
        transaction.rows("INSERT INTO kept VALUES (:name)", name=name)
        return name

    return work


def kept(database: Database) -> set[str]:
    """The names that were stored."""
    with database.snapshot() as snapshot:
        return {row["name"] for row in snapshot.rows("SELECT name FROM kept")}


def refused_of(futures: dict[str, Future[str]]) -> set[str]:
    """The names of the works that were rejected because the store is busy."""
    return {name for name, each in futures.items() if each.done() and isinstance(each.exception(), StoreBusy)}


class Transactions:
    """How many transactions of a database were begun, and how many were committed."""

    def __init__(self) -> None:
        self.begun = self.committed = 0


@contextmanager
def watched(database: Database) -> Iterator[Transactions]:
    """Count the transactions of the database meanwhile."""
    counts, begin = Transactions(), database.transaction

    @contextmanager
    def counted(*, is_durable: bool = True) -> Iterator[Transaction]:
        counts.begun += 1
        with begin(is_durable=is_durable) as transaction:
            yield transaction
        counts.committed += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "transaction", counted)
        yield counts


def together(group: Works, *works: Callable[[Transaction], str]) -> list[Future[str]]:
    """Let works arrive one after the other while another one is being committed; their results."""
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
            wait_until(lambda: len(group._waiting) == count)  # noqa: B023  # it is called now
        may_end.set()
        assert before.result() == "first"
    return futures
