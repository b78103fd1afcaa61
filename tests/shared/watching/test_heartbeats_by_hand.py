"""Heartbeats whose outage a person resolves although the job is dead: the next missed ping opens another one."""

import pytest

from shared.alerting.heartbeats import Ping
from shared.models import ChangeKind
from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, MIGRATIONS, move, rows

pytestmark = [on_each_engine, pytest.mark.slow]
TOKEN = "token-of-the-backup"
OUTAGES = "SELECT opened_at FROM alerts ORDER BY id"


@pytest.fixture
def dead(store: Store) -> Store:
    """A store with a heartbeat that was pinged at noon, and missed 100 s later."""
    beat = {"period": "90s", "grace": "10s", "token": TOKEN}
    store.monitors.add(Policy.model_validate({"name": "backup", "heartbeat": beat}), now=at(-600))
    review(store, -600, 0)
    store.heartbeats.take(TOKEN, Ping(), now=at(0), channels=CHANNELS)
    assert review(store, 0, 110) == [100]
    return store


def review(store: Store, start: int, end: int) -> list[int]:
    """Reviews every 10 s from ``start`` on, before ``end``; the times at which one opened an outage."""
    opened = []
    for seconds in range(start, end, 10):
        store.agents.review(now=at(seconds), channels=CHANNELS)
        noticed = store.heartbeats.review(now=at(seconds), channels=CHANNELS)
        opened += [seconds for each in noticed if each.change is ChangeKind.OPENED]
    return opened


def test_a_dead_job_opens_again_after_it_was_resolved(dead: Store) -> None:
    move(dead, 1, "RESOLVED", 200)
    assert review(dead, 200, 500) == [300], "once: nobody has resolved the second one"
    move(dead, 2, "RESOLVED", 500)
    dead.heartbeats.take(TOKEN, Ping(), now=at(550), channels=CHANNELS)
    assert review(dead, 550, 700) == [650]


def test_a_job_that_comes_back_is_no_second_outage(dead: Store) -> None:
    move(dead, 1, "RESOLVED", 200)
    for seconds in range(250, 1000, 90):
        dead.heartbeats.take(TOKEN, Ping(), now=at(seconds), channels=CHANNELS)
        assert review(dead, seconds, seconds + 90) == []
    assert len(rows(dead, OUTAGES)) == 1


def test_an_outage_that_is_acknowledged_or_reopened_stays_one(dead: Store) -> None:
    move(dead, 1, "ACK", 200)
    assert review(dead, 200, 400) == []
    move(dead, 1, "RESOLVED", 400)
    move(dead, 1, "OPEN", 410)
    assert review(dead, 410, 700) == []
    assert len(rows(dead, OUTAGES)) == 1


def test_one_that_is_paused_expects_no_ping(dead: Store) -> None:
    [monitor] = dead.monitors.page(limit=9)
    paused = {"name": "backup", "enabled": False, "heartbeat": {"period": "90s", "token": TOKEN}}
    dead.monitors.replace(monitor.row["id"], Policy.model_validate(paused), now=at(150), channels=CHANNELS)
    move(dead, 1, "OPEN", 160)
    move(dead, 1, "RESOLVED", 200)
    assert review(dead, 200, 600) == []


def test_a_store_of_a_former_version_notices_it_once_more(dead: Store) -> None:
    move(dead, 1, "RESOLVED", 200)
    [migration] = [path for path in MIGRATIONS if path.stem == "0036_dead_heartbeats"]
    with dead.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET missed_at = NULL")
        transaction.rows(migration.read_text(encoding="utf-8"))
    assert review(dead, 300, 600) == [300]
