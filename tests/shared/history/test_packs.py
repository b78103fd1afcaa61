"""Hours and days that are over take a tenth of the room, and every answer stays what it was."""

import contextlib
import functools
import math
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shared.history.buckets import Step, edges
from shared.history.rollup import PHASES
from shared.models import as_text
from shared.monitors.policy import Policy
from shared.store import Retention, Store
from shared.store.admin.transfer import transfer
from shared.store.asking.history import Measured
from shared.store.engines.database import Database, Transaction
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.tables import packs
from shared.store.upkeep import packing
from shared.store.upkeep.folding import fold
from tests.support.builders import NOON, at, event
from tests.support.store.engines import on_each_engine, on_sqlite
from tests.support.store.new_file import new_file
from tests.support.store.past import rollups_of
from tests.support.store.steps import rows

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
DAYS = 11
RETENTION = Retention(events=A_DAY, rollups=400 * A_DAY, alerts=400 * A_DAY)
GROUPS = {"a": "Web", "b": "Web", "c": "API", "d": None}


def test_a_row_of_any_time_has_its_place() -> None:
    for text in ("0001-01-01T00:00:00.000Z", "1969-12-31T23:00:00.000Z", "2025-01-08T12:00:00.000Z"):
        assert packs.time_of("hour", packs.number_of("hour", text)) == text


def fill(store: Store, days: float = DAYS) -> None:
    """Checks of four monitors in three groups, every half an hour or so, all of them folded."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "filled.db")
        file.write_bytes(_filled(days))
        if isinstance(store.database, PostgresDatabase):
            with closing(SqliteDatabase(file)) as filled:
                transfer(filled, store.database)
            return
        assert isinstance(store.database, SqliteDatabase)
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(store.database.path)) as target:
            source.backup(target)


@functools.cache
def _filled(days: float) -> bytes:
    """A store's file. To fill one takes longer than most of what is asked of it."""
    dice = random.Random(1)  # the same in each run
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "store.db")
        new_file(file, as_text(NOON))
        with closing(SqliteDatabase(file)) as database:
            store = Store(database)
            for name, group in GROUPS.items():
                store.monitors.add(Policy(name=name, url=f"http://{name}/", group=group), now=NOON)
            made = [
                event(
                    dice.uniform(0, days * A_DAY),
                    ok=dice.random() < 0.9,
                    monitor=dice.choice("abcd"),
                    response_time_ms=round(dice.lognormvariate(4, 1), 3),
                    dns_ms=round(dice.uniform(0.5, 5), 3) if dice.random() < 0.8 else None,
                )
                for _ in range(int(days * 48))
            ]
            store.events.add(made, received_at=at(days * A_DAY), channels={})
            fold_all(store, days)
        return file.read_bytes()


def fold_all(store: Store, days: float) -> None:
    while fold(store.database, at((days + 1) * A_DAY)):
        pass


def pack_all(database: Database, days: float) -> int:
    """How many steps that took."""
    steps = 0
    for step in ("hour", "day"):
        while packing.pack(database, step, at(days * A_DAY)):
            steps += 1
    return steps


def keep(store: Store, days: float, retention: Retention = RETENTION) -> None:
    store.upkeep.run(retention, now=at(days * A_DAY), seconds=math.inf, pause=lambda _: None)


SPANS: list[tuple[Step, float, float]] = [
    *(("day", -3, DAYS), ("day", 0.3001, 9.7003), ("day", 2.0207, 2.0212), ("whole", -3, DAYS)),
    *(("whole", 0.3001, 9.7003), ("hour", 0.5, DAYS), ("hour", 0.4999, 4.2345)),
]


def answers(store: Store) -> list[list[tuple[Any, ...]]]:
    """All that is counted of all, of each group and of a monitor, with every percentile."""
    found = []
    for step, first, last in SPANS:
        cut: list[datetime] = edges(at(first * A_DAY), at(last * A_DAY), step)
        now = at(DAYS * A_DAY)
        found.append([_shown(each) for each in store.history.of_groups(cut, step, now=now)])
        found.append([_shown(each) for each in store.history.of_monitor(2, cut, step, now=now)])
    return found


def _shown(each: Measured) -> tuple[Any, ...]:
    counts = each.counts
    times = [counts.percentiles(phase) for phase in PHASES]
    return each.group, each.starts_at, each.availability, counts.checks, counts.failures, counts.slowest_ms, times


@on_each_engine
def test_packing_changes_no_answer(store: Store) -> None:
    fill(store)
    before = answers(store)
    assert pack_all(store.database, DAYS + 1) > 4 * 2
    assert rows(store, "SELECT id FROM rollups") == []
    assert answers(store) == before
    keep(store, DAYS + 1)
    assert answers(store) == before, "days are merged from packs too"


@on_each_engine
def test_a_day_is_packed_an_hour_after_its_end(store: Store) -> None:
    fill(store, 2)
    midnight = 1.5
    pack_all(store.database, midnight + 0.99 / 24)
    assert {str(row[0])[:10] for row in rows(store, "SELECT starts_at FROM rollups")} >= {"2025-01-09", "2025-01-10"}
    pack_all(store.database, midnight + 1.01 / 24)
    assert {str(row[0])[:10] for row in rows(store, "SELECT starts_at FROM rollups")} == {"2025-01-10"}


@on_each_engine
def test_a_late_event_counts_in_a_day_that_is_packed(store: Store) -> None:
    fill(store)
    pack_all(store.database, DAYS + 1)
    before = rollups_of(store, "day")
    for received in (DAYS, DAYS + 1):
        late = event(1.2 * A_DAY, ok=False, monitor="a", response_time_ms=received)
        store.events.add([late], received_at=at(received * A_DAY), channels={})
        fold_all(store, received)
        assert len(rows(store, "SELECT id FROM rollups")) == 2, "its hour and its day"
        unpacked_answers = answers(store)
        pack_all(store.database, DAYS + 2)
        assert answers(store) == unpacked_answers
    added = {key: each.checks - before[key].checks for key, each in rollups_of(store, "day").items()}
    assert [(key.starts_at[:10], checks) for key, checks in added.items() if checks] == [("2025-01-09", 2)]


@on_each_engine
def test_packs_keep_what_is_young_enough(store: Store) -> None:
    fill(store, 24)
    retention = Retention(events=A_DAY, rollups=12.2 * A_DAY, alerts=A_DAY)
    before = {step: rollups_of(store, step) for step in ("hour", "day")}
    pack_all(store.database, 25)
    keep(store, 24, retention)
    for step, found in before.items():
        young = {key: each.columns() for key, each in found.items() if key.starts_at >= as_text(at(11.8 * A_DAY))}
        assert {key: each.columns() for key, each in rollups_of(store, step).items()} == young
    keep(store, 38, retention)
    assert [rows(store, f"SELECT id FROM {table}") for table in ("packs", "rollups", "merged_days")] == [[], [], []]


class Dies(Exception):
    """The process ends."""


class Mortal:
    """A database whose process dies in the transaction with a number, before or after its commit."""

    def __init__(self, database: Database, number: int, *, has_committed: bool) -> None:
        self._database, self._left, self._has_committed = database, number, has_committed
        self.snapshot = database.snapshot

    @contextlib.contextmanager
    def transaction(self, *, is_durable: bool = True) -> Iterator[Transaction]:
        with self._database.transaction(is_durable=is_durable) as transaction:
            yield transaction
            self._left -= 1
            if not self._left and not self._has_committed:
                raise Dies
        if not self._left:
            raise Dies


@pytest.mark.parametrize("has_committed", [False, True])
@on_each_engine
def test_a_death_in_any_step_loses_nothing(store: Store, has_committed: bool) -> None:
    fill(store)
    before = answers(store)
    hours = {key: each.columns() for key, each in rollups_of(store, "hour").items()}
    deaths = 0
    for number in (1, 2, 1, 3, 2, 1, 1, 1, 1, 1, 1, 1):
        mortal: Any = Mortal(store.database, number, has_committed=has_committed)
        try:
            pack_all(mortal, DAYS + 1)
        except Dies:
            deaths += 1
        assert {key: each.columns() for key, each in rollups_of(store, "hour").items()} == hours
    pack_all(store.database, DAYS + 1)
    assert deaths > 5
    assert answers(store) == before
    assert rows(store, "SELECT id FROM rollups") == []


class Meanwhile:
    """A database in which something else happens just before the next write."""

    def __init__(self, database: Database, work: Callable[[], object]) -> None:
        self._database, self._work = database, work
        self.snapshot = database.snapshot

    def transaction(self, *, is_durable: bool = True) -> AbstractContextManager[Transaction]:
        work, self._work = self._work, lambda: None
        work()
        return self._database.transaction(is_durable=is_durable)


@on_sqlite
@pytest.mark.parametrize("first", ["fold", "pack", "prune"])
@pytest.mark.parametrize("other", ["fold", "pack", "prune"])
def test_two_runs_at_once_count_each_event_once(store: Store, first: str, other: str) -> None:
    """The work of the other between the first one's reading and writing."""
    fill(store)
    pack_all(store.database, 6)
    late = [event(day * A_DAY, ok=False, monitor=each, response_time_ms=50) for day in (5.2, 8.2) for each in "abcd"]
    store.events.add(late, received_at=at(DAYS * A_DAY), channels={})
    ready = as_text(at(3.5 * A_DAY))
    steps: dict[str, Callable[[Any], int]] = {
        "fold": lambda database: fold(database, at((DAYS + 1) * A_DAY)),
        "pack": lambda database: packing.pack(database, "day", at((DAYS + 1) * A_DAY)),
        "prune": lambda database: packing.prune(database, "day", ready),
    }
    steps[first](Meanwhile(store.database, lambda: steps[other](store.database)))
    for step in steps.values():
        for _ in iter(lambda: step(store.database), 0):  # noqa: B023
            pass
    counted = sum(each.checks for key, each in rollups_of(store, "day").items() if key.starts_at >= ready)
    young = rows(store, f"SELECT count(*) FROM events WHERE timestamp >= '{ready[:10]}'")
    assert (counted,) == (int(str(young[0][0])),)


@on_each_engine
def test_a_row_of_a_removed_monitor_is_packed_and_pruned_too(store: Store) -> None:
    fill(store, 3)
    store.monitors.remove(1, now=at(3 * A_DAY), channels={})
    pack_all(store.database, 5)
    assert rows(store, "SELECT id FROM rollups") == []
    keep(store, 405)
    assert rows(store, "SELECT id FROM packs") == []
