"""A store of version 0.1, which stored the passwords of URLs, and named monitors after whole URLs."""

from uuid import uuid4

import pytest

from shared.models import AlertStatus, as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import TABLES, migrate
from tests.support.builders import NOON, at, event, routes
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import MIGRATIONS, rows

pytestmark = [on_each_engine, pytest.mark.slow]

FIRST_TABLES = MIGRATIONS[:1]
NOT_MASKED = [path for path in MIGRATIONS if path.stem < "0038"]
MASKED = "http://monitor:***@shop.example/"


def url(password: str = "planted-pw") -> str:
    return f"http://monitor:{password}@shop.example/"


@pytest.fixture
def former(database: Database) -> Database:
    """A store of version 0.1."""
    migrate(database, as_text(NOON), FIRST_TABLES)
    return database


def update(database: Database) -> Store:
    migrate(database, as_text(NOON))
    return Store(database)


def of_0_1(database: Database, target: str, seconds: int, status: str = "OPEN", name: str | None = None) -> None:
    """A monitor that is down, with an outage and its event; by default it is named after its target."""
    values = {"name": name or target, "url": target, "at": as_text(at(seconds))}
    with database.transaction() as transaction:
        transaction.rows(
            """INSERT INTO monitors (name, target_url, state, consecutive_failures, failing_since, last_checked_at)
            VALUES (:name, :url, 'DOWN', 1, :at, :at)""",
            **values,
        )
        transaction.rows(
            """INSERT INTO events (event_id, monitor_id, target_url, timestamp, is_success, received_at)
            VALUES (:event_id, (SELECT id FROM monitors WHERE name = :name), :url, :at, 0, :at)""",
            **values,
            event_id=uuid4().hex,
        )
        transaction.rows(
            """INSERT INTO alerts (kind, subject, target_url, status, cause, failed_at, opened_at)
            VALUES ('OUTAGE', :name, :url, :status, 'HTTP 500', :at, :at)""",
            **values,
            status=status,
        )


def everything(store: Store) -> str:
    if isinstance(store.database, SqliteDatabase):
        store.database.close()
        return store.database.path.read_bytes().decode(errors="replace")
    return str([rows(store, f"SELECT * FROM {table}") for table in TABLES])


def add(store: Store, *, ok: bool, seconds: float = 60, password: str = "planted-pw") -> AlertStatus | None:
    given = event(seconds, ok=ok, monitor=url(password), target_url=url(password))
    assert given.monitor == given.target_url == MASKED
    [done] = store.events.add([given], received_at=at(seconds), sent_at=None, channels=routes("a"))
    return done.alert.status if done.alert else None


@pytest.mark.parametrize("name", [None, "shop"], ids=["its name", "its target"])
def test_no_password_is_left_of_what_nobody_checks_now(former: Database, name: str | None) -> None:
    """It is no longer in TARGET_URL: nobody claims or reports it."""
    of_0_1(former, url(), 1, name=name)
    store = update(former)
    assert "planted" not in everything(store)
    assert MASKED in everything(store)
    assert rows(store, "SELECT name, target_url FROM monitors") == [(name or MASKED, MASKED)]


def test_a_store_that_was_updated_before_loses_them_too(former: Database) -> None:
    """Its monitor was renamed when it was reported; what "replay" reads was not."""
    of_0_1(former, url(), 1)
    migrate(former, as_text(NOON), NOT_MASKED)
    with former.transaction() as transaction:
        transaction.rows("UPDATE replay_facts SET body = replace(body, '***', 'planted-pw')")
    assert "planted" in str(rows(Store(former), "SELECT body FROM replay_facts"))
    assert "planted" not in everything(update(former))


def test_its_open_alert_goes_on_under_the_masked_name(former: Database) -> None:
    of_0_1(former, url(), 1)
    store = update(former)
    assert add(store, ok=False) is AlertStatus.OPEN
    assert add(store, ok=True, seconds=70) is AlertStatus.RESOLVED
    [alert] = store.alerts.page(limit=9)
    assert (alert.subject, alert.target_url, alert.status) == (MASKED, MASKED, AlertStatus.RESOLVED)


def test_a_new_password_is_the_same_monitor(former: Database) -> None:
    of_0_1(former, url(), 1)
    store = update(former)
    assert add(store, ok=True, password="another-planted") is AlertStatus.RESOLVED
    assert add(store, ok=False, seconds=70, password="a-third") is AlertStatus.OPEN
    assert len(store.alerts.page(limit=9)) == 2


@pytest.mark.parametrize("is_named_already", [False, True])
def test_of_several_names_the_one_that_is_down_goes_on(former: Database, *, is_named_already: bool) -> None:
    of_0_1(former, url("planted-1"), 1, "RESOLVED" if is_named_already else "OPEN")
    of_0_1(former, url("planted-2"), 2, "RESOLVED")
    if is_named_already:
        of_0_1(former, MASKED, 1)
    store = update(former)
    assert add(store, ok=True) is AlertStatus.RESOLVED
    names = {3: [f"{MASKED} (1)", f"{MASKED} (2)", MASKED], 2: [MASKED, f"{MASKED} (2)"]}[2 + is_named_already]
    assert rows(store, "SELECT name FROM monitors ORDER BY id") == [(name,) for name in names]
    assert "planted" not in everything(store)


def test_another_address_is_another_monitor(former: Database) -> None:
    of_0_1(former, "http://monitor:planted-1@other.example/", 1)
    store = update(former)
    assert add(store, ok=True) is None
    assert add(store, ok=False, seconds=70) is AlertStatus.OPEN
