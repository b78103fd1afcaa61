"""Days merged for all and for each group: they are what their rollups are, whatever happens to events and monitors."""

import math
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from shared.history.buckets import Step, edges
from shared.history.rollup import PHASES
from shared.monitors.policy import Policy
from shared.store import Retention, Store
from shared.store.engines.database import Database, Transaction
from shared.store.tables import merged_days
from shared.store.upkeep.merging import merge_days
from tests.support.builders import NOON, at, event
from tests.support.store.engines import on_each_engine, on_sqlite
from tests.support.store.steps import CHANNELS, rows

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
DAYS = 12
Answer = list[tuple[Any, ...]]


def keep(store: Store, days: float, *, rollups: float = 400, seconds: float = math.inf) -> None:
    retention = Retention(events=7 * A_DAY, rollups=rollups * A_DAY, alerts=400 * A_DAY)
    store.upkeep.run(retention, now=at(days * A_DAY), seconds=seconds, pause=lambda _: None)


def answer(store: Store, now: float, step: Step = "day", group: str | None = None) -> Answer:
    """All that is counted, with every percentile."""
    cut = edges(at(-3.3 * A_DAY), at(DAYS * A_DAY), step)
    return [
        (
            *(each.group, each.starts_at, each.availability),
            *(each.counts.checks, each.counts.failures, each.counts.slowest_ms),
            *(each.counts.percentiles(phase) for phase in PHASES),
        )
        for each in store.history.of_groups(cut, step, group=group, now=at(now * A_DAY))
    ]


def without_merged(store: Store, read: Callable[[], Answer]) -> Answer:
    """The answer that the rollups give."""
    with store.database.transaction() as transaction:
        merged = transaction.rows("SELECT * FROM merged_days")
        merged_days.forget(transaction, {row["starts_at"] for row in merged})
    try:
        return read()
    finally:
        with store.database.transaction() as transaction:
            merged_days.put(transaction, merged)


def days(store: Store) -> list[object]:
    return [row[0] for row in rows(store, "SELECT starts_at FROM merged_days WHERE group_name IS NULL ORDER BY 1")]


def add(store: Store, name: str, day: float, received: float, milliseconds: float = 50.0) -> None:
    made = event(day * A_DAY, ok=True, monitor=name, response_time_ms=milliseconds, dns_ms=3.0)
    store.events.add([made], received_at=at(received * A_DAY), channels={})


class Walk:
    """Anything that can happen to a store, one thing after the other."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store, self.dice, self.now, self.rollups = store, random.Random(seed), 0.0, 400.0

    def step(self) -> None:
        dice = self.dice
        act = dice.choice((self.report, self.report, self.report, self.put, self.remove, self.wait, self.keep))
        act()

    def report(self) -> None:
        """Events of now, and late ones."""
        for _ in range(self.dice.randint(1, 10)):
            day = self.now - self.dice.choice((0.0, 0.0, 0.01, self.dice.uniform(0, 6)))
            add(self.store, self.dice.choice("abcde"), day, self.now, self.dice.lognormvariate(4, 1))

    def put(self) -> None:
        """A monitor is new, or comes back, or goes to another group."""
        policy = Policy(name=self.dice.choice("abcde"), url="http://x/", group=self.dice.choice((None, "Web", "API")))
        found = self.found(policy.name)
        if found:
            self.store.monitors.replace(found, policy, now=at(self.now * A_DAY), channels=CHANNELS)
        else:
            self.store.monitors.add(policy, now=at(self.now * A_DAY))

    def remove(self) -> None:
        if found := self.found(self.dice.choice("abcde")):
            self.store.monitors.remove(found, now=at(self.now * A_DAY), channels=CHANNELS)

    def wait(self) -> None:
        self.now += self.dice.choice((0.01, 0.5, 1.0))

    def keep(self) -> None:
        """Whole runs, and such as end early."""
        if self.dice.random() < 0.1:
            self.rollups = self.dice.choice((400.0, 3.0))
        keep(self.store, self.now, rollups=self.rollups, seconds=self.dice.choice((math.inf, 0.005)))

    def found(self, name: str) -> int | None:
        with self.store.database.snapshot() as snapshot:
            row = snapshot.row(
                "SELECT id FROM monitors WHERE name = :name AND source = 'api' AND removed_at IS NULL", name=name
            )
        return row["id"] if row else None


@pytest.mark.parametrize(
    ("new_database", "seed"),
    # The engines differ in no step of a walk.
    [("sqlite", 0), ("sqlite", 1), ("sqlite", 2), pytest.param("postgresql", 0, marks=pytest.mark.system)],
    indirect=["new_database"],
)
def test_merged_days_change_no_answer(store: Store, seed: int) -> None:
    walk = Walk(store, seed)
    were_merged = 0
    for number in range(90):
        walk.step()
        if number % 4 == 0:
            for step, group in (("day", None), ("day", "Web"), ("whole", None)):
                read = answer(store, walk.now, step, group)  # type: ignore[arg-type]  # the steps are literals
                assert read == without_merged(store, lambda: answer(store, walk.now, step, group)), (number, step)  # type: ignore[arg-type]  # noqa: B023
            were_merged += bool(days(store))
    assert were_merged > 5


@on_each_engine
def test_days_are_merged_once(store: Store) -> None:
    for day in (0.0, 1.0, 4.0):
        add(store, "a", day, day)
    keep(store, 4.1)
    # A day without checks is merged too, so that nobody looks for its rollups again.
    assert days(store) == [f"2025-01-{day:02}T00:00:00.000Z" for day in (8, 9, 10, 11, 12)]
    before = rows(store, "SELECT id FROM merged_days")
    keep(store, 4.2)
    assert rows(store, "SELECT id FROM merged_days") == before


@on_each_engine
def test_a_late_event_has_its_day_merged_again(store: Store) -> None:
    add(store, "a", 0, 0)
    keep(store, 3)
    add(store, "a", 0.1, 3)
    add(store, "b", 0.1, 3)
    keep(store, 4)
    assert rows(store, "SELECT checks FROM merged_days WHERE starts_at LIKE '2025-01-08%'") == [(3,)]


@on_each_engine
def test_a_new_monitor_costs_only_its_own_days(store: Store) -> None:
    for day in (0.0, 1.0, 2.0):
        add(store, "a", day, day)
    keep(store, 3)
    [oldest, *_] = rows(store, "SELECT id FROM merged_days ORDER BY starts_at")
    add(store, "b", 1.5, 3)
    keep(store, 4)
    [still, *_] = rows(store, "SELECT id FROM merged_days ORDER BY starts_at")
    assert still == oldest
    assert answer(store, 4) == without_merged(store, lambda: answer(store, 4))


@on_each_engine
def test_merged_days_go_with_their_rollups(store: Store) -> None:
    add(store, "a", 0, 0)
    add(store, "a", 20, 20)
    keep(store, 21)
    assert days(store)
    keep(store, 421.6)
    assert days(store) == []


class Meanwhile:
    """A database in which something else happens just before the next write."""

    def __init__(self, database: Database, work: Callable[[], object]) -> None:
        self._database, self._work = database, work
        self.snapshot = database.snapshot

    def transaction(self) -> AbstractContextManager[Transaction]:
        self._work()
        return self._database.transaction()


@on_sqlite
@pytest.mark.parametrize("what", ["fold", "prune", "move"])
def test_what_changes_while_a_day_is_merged_counts(store: Store, what: str) -> None:
    store.monitors.add(Policy(name="a", url="http://a/", group="Web"), now=NOON)
    add(store, "a", 0, 0)
    add(store, "b", 0, 0)
    keep(store, 2)
    with store.database.transaction() as transaction:
        merged_days.forget(transaction, {"2025-01-08T00:00:00.000Z"})
    add(store, "a", 0.1, 2)

    def work() -> None:
        if what == "move":
            policy = Policy(name="a", url="http://a/", group="API")
            store.monitors.replace(1, policy, now=at(2 * A_DAY), channels=CHANNELS)
        keep(store, 403 if what == "prune" else 3, seconds=math.inf)

    database: Any = Meanwhile(store.database, work)
    assert merge_days(database, at(-A_DAY), at(2 * A_DAY)) == 1
    assert answer(store, 3) == without_merged(store, lambda: answer(store, 3))
    assert days(store) == ([] if what == "prune" else ["2025-01-08T00:00:00.000Z"])
