"""A store of version 0.1 whose monitors are named after URLs with passwords."""

import pytest

from shared.models import AlertStatus
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import at, event

MASKED = "http://monitor:***@shop.example/"


def url(password: str = "planted-pw") -> str:
    return f"http://monitor:{password}@shop.example/"


@pytest.fixture
def store(database: Database) -> Store:
    migrate(database, "2025-01-08T12:00:00.000Z")
    return Store(database)


def of_0_1(database: Database, name: str, seconds: int, status: str = "OPEN") -> None:
    """A monitor as 0.1 stored it: down, with an outage and its event."""
    then = f"2025-01-08T12:00:0{seconds}.000Z"
    with database.transaction() as transaction:
        transaction.rows(
            "INSERT INTO monitors (name, target_url, state, consecutive_failures, failing_since, last_checked_at)"
            " VALUES (:name, :name, 'DOWN', 1, :then, :then)",
            name=name,
            then=then,
        )
        transaction.rows(
            "INSERT INTO old_events (event_id, monitor_id, target_url, timestamp, is_success, received_at) VALUES"
            " (:name, (SELECT id FROM monitors WHERE name = :name), :name, :then, 0, :then)",
            name=name,
            then=then,
        )
        transaction.rows(
            "INSERT INTO alerts (kind, subject, target_url, status, cause, failed_at, opened_at)"
            " VALUES ('OUTAGE', :name, :name, :status, 'HTTP 500', :then, :then)",
            name=name,
            then=then,
            status=status,
        )


def everything(database: Database) -> str:
    with database.snapshot() as snapshot:
        columns = {"monitors": "name, target_url", "alerts": "subject, target_url", "events": "target_url"}
        rows = [snapshot.rows(f"SELECT {names} FROM {table}") for table, names in columns.items()]
        return str([dict(row) for found in rows for row in found])


def add(store: Store, *, ok: bool, seconds: float = 60, password: str = "planted-pw") -> AlertStatus | None:
    given = event(seconds, ok=ok, monitor=url(password), target_url=url(password))
    assert given.monitor == given.target_url == MASKED
    [done] = store.events.add([given], received_at=at(seconds), sent_at=None, channels=("a",))
    return done.alert.status if done.alert else None


def test_its_open_alert_goes_on_under_the_masked_name(store: Store, database: Database) -> None:
    of_0_1(database, url(), 1)
    assert add(store, ok=False) is AlertStatus.OPEN
    assert add(store, ok=True, seconds=70) is AlertStatus.RESOLVED
    [alert] = store.alerts.page(limit=9)
    assert (alert.subject, alert.target_url, alert.status) == (MASKED, MASKED, AlertStatus.RESOLVED)
    assert "planted" not in everything(database)


def test_an_alert_shows_no_password_before_it_is_renamed(store: Store, database: Database) -> None:
    of_0_1(database, url(), 1)
    [alert] = store.alerts.page(limit=9)
    assert (alert.subject, alert.target_url) == (MASKED, MASKED)


def test_a_new_password_is_the_same_monitor(store: Store, database: Database) -> None:
    of_0_1(database, url(), 1)
    assert add(store, ok=True, password="another-planted") is AlertStatus.RESOLVED
    assert add(store, ok=False, seconds=70, password="a-third") is AlertStatus.OPEN
    assert len(store.alerts.page(limit=9)) == 2


def test_of_several_names_the_one_that_is_down_goes_on(store: Store, database: Database) -> None:
    of_0_1(database, url("planted-1"), 1, "OPEN")
    of_0_1(database, url("planted-2"), 2, "RESOLVED")
    assert add(store, ok=True) is AlertStatus.RESOLVED
    assert "planted" not in everything(database)
    assert f"{MASKED} (" in everything(database)


def test_another_address_is_another_monitor(store: Store, database: Database) -> None:
    of_0_1(database, "http://monitor:planted-1@other.example/", 1)
    assert add(store, ok=True) is None
    assert add(store, ok=False, seconds=70) is AlertStatus.OPEN
