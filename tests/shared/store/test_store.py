"""The store as a whole: its summary, what its database holds by itself, and when it waits for the disk."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from shared.models import Attempt, AttemptStatus
from shared.store import Store
from shared.store.engines.database import Transaction
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.tables import configuration
from tests.support.builders import NOON
from tests.support.store.engines import on_each_engine_and_pooler
from tests.support.store.steps import claim, opened, report

pytestmark = on_each_engine_and_pooler


def test_the_summary_counts_what_is_open(store: Store) -> None:
    assert store.summary() == {"last_check": None, "open_alerts": 0, "owed_notifications": 0}
    opened(store)
    report(store, 20, ok=True, monitor="other")
    assert store.summary() == {
        "last_check": "2025-01-08T12:00:20.000Z",
        "open_alerts": 1,
        "owed_notifications": 2,
    }


def test_an_installation_has_one_name_that_it_keeps(store: Store) -> None:
    """The configuration may be written before or after it, and several processes may be the first to ask."""
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda _: store.notifications.installation(), range(4)))
    assert len(names) == 1
    with store.database.transaction() as transaction:
        configuration.save(transaction, 3, {"console": "off"})
        configuration.name_installation(transaction, "another")
    assert {store.notifications.installation()} == names
    assert re.fullmatch("[0-9a-f]{16}", names.pop())
    with store.database.snapshot() as snapshot:
        assert (configuration.version(snapshot), configuration.body(snapshot)) == (3, {"console": "off"})


def test_the_database_allows_a_subject_one_active_alert(store: Store) -> None:
    opened(store)
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)), store.database.transaction() as transaction:
        transaction.rows(
            "INSERT INTO alerts (kind, subject, status, failed_at, opened_at) VALUES ('OUTAGE', 'shop', 'ACK', '', '')"
        )


@pytest.mark.usefixtures("commits_wait_for_the_disk")
def test_every_commit_but_a_leases_waits_for_the_disk(store: Store) -> None:
    """Stored data survives a power cut, and a lease need not."""
    levels: list[str] = []
    level = "PRAGMA synchronous" if isinstance(store.database, SqliteDatabase) else "SHOW synchronous_commit"

    @contextlib.contextmanager
    def noted(**options: bool) -> Iterator[Transaction]:
        with begin(**options) as transaction:
            levels.append(str(*tuple(dict(transaction.rows(level)[0]).values())))
            yield transaction

    begin = store.database.transaction
    store.database.transaction = noted  # type: ignore[method-assign]
    opened(store)
    owed = claim(store, lease=0)
    assert owed is not None
    store.notifications.record(Attempt(owed.notification, AttemptStatus.SENT, NOON, 1, ""), channels={})
    assert levels in (["2", "1", "2"], ["on", "off", "on"])
