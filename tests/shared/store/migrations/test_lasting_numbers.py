"""Numbers that stand in addresses, feeds and mails: each is given out once, on every engine."""

import pytest

from shared.models import as_text
from shared.monitors.windows.window import Window
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from shared.store.refusals import IncidentNotFound, WindowNotFound
from shared.store.upkeep.retention import Retention
from tests.shared.subscribing.steps import KIM, subscribe
from tests.support.builders import NOON, at
from tests.support.store.engines import on_each_engine, on_sqlite
from tests.support.store.steps import CHANNELS, MIGRATIONS, opened, rows

HOUR = 3_600
DAY = 24 * HOUR
NAME = next(path.name for path in MIGRATIONS if path.stem.endswith("_lasting_numbers"))
BEFORE = [path for path in MIGRATIONS if path.name < NAME]


def planned(store: Store, begins: float = HOUR, seconds: float = 0) -> int:
    """The number of a new window of an hour about everything."""
    window = Window(kind="maintenance", all=True, starts_at=at(begins), duration=HOUR)
    return store.windows.add(window, now=at(seconds)).planned.id


def written(store: Store, seconds: float = 0) -> int:
    """The number of a new incident."""
    return store.incidents.add("Payments fail", "We look into it.", "investigating", [], now=at(seconds)).id


def remove_window(store: Store, window_id: int, seconds: float = 0) -> None:
    store.windows.remove(window_id, now=at(seconds), channels=CHANNELS)


@on_each_engine
def test_a_late_delete_ends_no_other_window(store: Store) -> None:
    first = planned(store)
    remove_window(store, first)
    second = planned(store)
    with pytest.raises(WindowNotFound):
        remove_window(store, first)
    assert second > first
    assert store.windows.get(second).planned.id == second


@on_each_engine
def test_a_pruned_window_leaves_its_number_to_none(store: Store) -> None:
    first = planned(store)
    store.upkeep.run(Retention(DAY, DAY, DAY), now=at(9 * DAY), seconds=9.0, pause=lambda _: None)
    assert rows(store, "SELECT id FROM windows") == []
    assert planned(store, 10 * DAY, 9 * DAY) > first


@on_each_engine
def test_a_late_delete_ends_no_other_incident(store: Store) -> None:
    first = written(store)
    store.incidents.remove(first)
    second = written(store)
    with pytest.raises(IncidentNotFound):
        store.incidents.remove(first)
    assert second > first
    assert [each.text for each in store.incidents.get(second).updates] == ["We look into it."]


@on_each_engine
def test_subscribers_hear_of_the_window_after_a_removed_one(store: Store) -> None:
    opened(store)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET group_name = 'Shop'")
        transaction.rows("UPDATE alerts SET status = 'RESOLVED', resolved_at = failed_at")
    subscribe(store, KIM)
    for seconds in (1, 2):
        window_id = planned(store, HOUR * seconds, seconds)
        news = store.subscriptions.announcements.review(now=at(seconds), is_on=True)
        assert [each.kind for each in news] == ["WINDOW"], seconds
        remove_window(store, window_id, seconds)


@pytest.fixture
def former(database: Database) -> Store:
    """A store of a version that gave numbers out again."""
    migrate(database, as_text(NOON), BEFORE)
    return Store(database)


@on_each_engine
def test_an_older_store_keeps_its_windows_and_incidents(former: Store) -> None:
    planned(former)
    written(former)
    tables = [f"SELECT * FROM {table} ORDER BY id" for table in ("incidents", "incident_updates")]
    tables.append("SELECT id, source, body, kind, targets, starts_at, ends_at, recurrence, created_at FROM windows")
    before = [rows(former, sql) for sql in tables]
    assert migrate(former.database, as_text(NOON))[0] == NAME.removesuffix(".sql")
    assert [rows(former, sql) for sql in tables] == before
    former.incidents.remove(1)
    remove_window(former, 1)
    assert (planned(former), written(former)) == (2, 2)
    assert rows(former, "SELECT incident_id FROM incident_updates") == [(2,)]


@on_sqlite
def test_what_an_older_store_deleted_keeps_its_number(former: Store) -> None:
    subscribe(former, KIM)
    for _ in range(2):
        planned(former)
        written(former)
    assert former.subscriptions.announcements.review(now=at(1), is_on=True)
    for number in (1, 2):
        remove_window(former, number)
        former.incidents.remove(number)
    migrate(former.database, as_text(NOON))
    assert (planned(former), written(former)) == (3, 3)
