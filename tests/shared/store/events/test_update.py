"""An update from a version with the wide table: its rows are shown where they are, and moved in small steps."""

import itertools
import math
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.models import as_text
from shared.store import Retention, Store
from shared.store.engines.database import Database
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from shared.store.tables import events
from shared.store.upkeep import moving
from tests.support.builders import NOON, at, event
from tests.support.running.beside import killed_when
from tests.support.store.engines import on_each_engine
from tests.support.store.past import rollups_of
from tests.support.store.steps import MIGRATIONS, add, report, rows

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
BEFORE = next(number for number, path in enumerate(MIGRATIONS) if path.stem.endswith("narrow_events"))
KEPT = Retention(events=1e9, rollups=1e9, alerts=1e9)


def keep(store: Store, seconds: float = 2 * A_DAY, retention: Retention = KEPT) -> dict[str, int]:
    """A run of upkeep that has as much time as it needs."""
    return store.upkeep.run(retention, now=at(seconds), seconds=math.inf, pause=lambda _: None)


def all_events(store: Store) -> list[dict[str, Any]]:
    with store.database.snapshot() as snapshot:
        return [dict(row) for row in snapshot.rows("SELECT * FROM events ORDER BY id")]


def former(number: int) -> dict[str, Any]:
    """A row as version 0.1 wrote it."""
    return {
        "id": number,
        "event_id": [f"{number:032x}", str(uuid.UUID(int=number)), f"event {number}"][number % 3],
        "monitor_id": 1 + number % 2,
        "location": None,
        "target_url": "http://shop/",
        "timestamp": as_text(NOON + timedelta(seconds=number)),
        "is_success": int(number % 4 > 0),
        "status_code": 200 if number % 4 else None,
        "response_time_ms": 84.211 if number % 4 else None,
        "error_message": None if number % 4 else "connection refused",
        "received_at": as_text(NOON + timedelta(seconds=number, milliseconds=3)),
    }


@pytest.fixture
def updated(database: Database) -> Store:
    """A store of a former version with 50 events, ids 11 to 60, just updated."""
    migrate(database, as_text(NOON), MIGRATIONS[:BEFORE])
    with database.transaction() as transaction:
        for name in ("shop", "blog"):
            transaction.rows("INSERT INTO monitors (name, target_url) VALUES (:name, 'http://shop/')", name=name)
        for number in range(11, 61):
            row = former(number)
            names = ", ".join(f":{name}" for name in row)
            transaction.rows(f"INSERT INTO events ({', '.join(row)}) VALUES ({names})", **row)
    migrate(database, as_text(NOON))
    return Store(database)


@on_each_engine
def test_former_rows_are_shown_as_they_were(updated: Store) -> None:
    shown = all_events(updated)
    assert [{name: row[name] for name in former(row["id"])} for row in shown] == [former(n) for n in range(11, 61)]
    assert keep(updated)["moved"] == 50
    assert rows(updated, "SELECT count(*) FROM old_events") == [(0,)]
    assert all_events(updated) == shown


@on_each_engine
@pytest.mark.parametrize("is_moved", [False, True])
def test_an_event_of_a_former_version_is_a_duplicate(updated: Store, is_moved: bool) -> None:
    if is_moved:
        keep(updated)
    known = [event(number, ok=True, monitor="new", event_id=former(number)["event_id"]) for number in range(11, 61)]
    assert [(each.is_duplicate, each.id) for each in add(updated, *known)] == [(True, n) for n in range(11, 61)]
    assert [each.is_duplicate for each in add(updated, known[0], event(99, ok=True), known[1])] == [True, False, True]
    assert rows(updated, "SELECT name FROM monitors ORDER BY id") == [("shop",), ("blog",)]


@on_each_engine
def test_numbers_go_on_after_an_update(updated: Store) -> None:
    assert report(updated, 100, ok=True).id == 61
    keep(updated)
    assert report(updated, 101, ok=True).id == 62


@on_each_engine
def test_the_numbers_of_pruned_events_are_not_given_again(database: Database) -> None:
    migrate(database, as_text(NOON), MIGRATIONS[:BEFORE])
    with database.transaction() as transaction:
        transaction.rows("INSERT INTO folded (id, event_id) VALUES (1, 700)")
    migrate(database, as_text(NOON))
    assert report(Store(database), ok=True).id == 701


@on_each_engine
def test_former_and_new_events_are_folded_and_pruned_alike(updated: Store) -> None:
    for seconds in (100, 3 * A_DAY):
        report(updated, seconds, ok=True, received=seconds)
    week = Retention(events=A_DAY, rollups=1e9, alerts=1e9)
    assert keep(updated, 3 * A_DAY + 90, week) == {"folded": 52, "pruned": 51, "moved": 0}
    days = rollups_of(updated, "day").values()
    assert (sum(day.checks for day in days), sum(day.failures for day in days)) == (52, 13)
    assert [row["id"] for row in all_events(updated)] == [62]


@on_each_engine
def test_a_row_that_cannot_be_read_holds_nothing_up(updated: Store) -> None:
    with updated.database.transaction() as transaction:
        transaction.rows("UPDATE old_events SET received_at = 'yesterday' WHERE id = 12")
    assert keep(updated)["moved"] == 50
    assert rows(updated, "SELECT id FROM old_events") == [(12,)]
    assert len(all_events(updated)) == 50


@on_each_engine
def test_the_password_of_a_former_url_is_masked(updated: Store) -> None:
    with updated.database.transaction() as transaction:
        transaction.rows("UPDATE old_events SET target_url = :url", url="http://me:planted@shop/")
    keep(updated)
    assert {row["target_url"] for row in all_events(updated)} == {"http://me:***@shop/"}


@on_each_engine
def test_two_runs_at_once_move_each_row_once(updated: Store) -> None:
    shown = all_events(updated)
    with updated.database.snapshot() as snapshot:
        seen_before = events.narrowed(events.old_rows(snapshot, 0, 30))
    assert moving.moving(20)(updated.database) == 20
    with updated.database.transaction() as transaction:
        assert events.move(transaction, seen_before) == 10
    assert all_events(updated) == shown


@on_each_engine
def test_the_events_of_a_monitor_are_found_by_time(updated: Store) -> None:
    """Whichever table they are in."""
    report(updated, 200, ok=True)
    sql = "SELECT id FROM events_by_time WHERE monitor_id = 1 AND at >= {} AND at < {} ORDER BY at, id"
    first = int(at(56).timestamp()) * 1000
    for _ in range(2):
        assert rows(updated, sql.format(first, first + 1_000_000)) == [(56,), (58,), (60,), (61,)]
        keep(updated)


def database_at(where: Path | SecretStr) -> Database:
    return SqliteDatabase(where) if isinstance(where, Path) else PostgresDatabase(where)


def move_slowly(where: Path | SecretStr) -> None:
    """Move as slow machines do, with pauses, so that a kill meets it somewhere in between."""
    database, step = database_at(where), moving.moving(1, itertools.count().__next__)
    while step(database):
        time.sleep(0.01)


@on_each_engine
def test_a_killed_update_goes_on_and_loses_nothing(updated: Store) -> None:
    database = updated.database
    assert isinstance(database, SqliteDatabase | PostgresDatabase)
    where = database.path if isinstance(database, SqliteDatabase) else database._url
    shown = all_events(updated)

    def left() -> int:
        return len(rows(updated, "SELECT id FROM old_events"))

    for most in (45, 25):
        assert killed_when(lambda most=most: left() < most, move_slowly, where)  # type: ignore[misc]
        assert 0 < left() < most
        assert all_events(updated) == shown
    keep(updated)
    assert left() == 0
    assert all_events(updated) == shown


@on_each_engine
def test_a_fast_machine_moves_more_at_once(updated: Store) -> None:
    slow = moving.moving(20, itertools.count().__next__)
    assert [slow(updated.database) for _ in range(2)] == [20, 10]
    fast = moving.moving(5, lambda: 0.0)
    assert [fast(updated.database) for _ in range(4)] == [5, 10, 5, 0]
