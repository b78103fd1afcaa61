"""Statements that are begun, and sent together: their order, what they see, and what becomes of them if one fails."""

from collections.abc import Callable

import psycopg
import pytest

from shared.models import as_text
from shared.store import StoreUnavailable
from shared.store.engines.database import Database, StoreBusy
from shared.store.engines.postgres import connection as postgres_connection
from shared.store.engines.postgres import database as engine
from shared.store.migrate import migrate
from tests.support.builders import NOON
from tests.support.store.engines import on, on_each_engine_and_pooler
from tests.support.store.monitor_names import add, names

pytestmark = pytest.mark.slow

on_postgres = on("postgresql", "pgbouncer")

ADD = "INSERT INTO monitors (name, target_url) VALUES (:name, '')"
NAMES = "SELECT name FROM monitors ORDER BY id"
MISTAKE = "INSERT INTO monitors (name, target_url) VALUES (:name, NULL)"


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    made = new_database()
    migrate(made, as_text(NOON))
    return made


@on_each_engine_and_pooler
def test_what_is_asked_has_the_rows_of_that_moment(database: Database) -> None:
    add(database, "one")
    with database.transaction() as transaction:
        before = transaction.ask(NAMES)
        transaction.run(ADD, name="two")
        between = transaction.ask(NAMES)
        transaction.run_each(ADD, [{"name": "three"}, {"name": "four"}])
        assert [len(answer()) for answer in (between, before, between)] == [2, 1, 2]
        assert [row["name"] for row in transaction.rows(NAMES)] == ["one", "two", "three", "four"]


@on_each_engine_and_pooler
def test_what_is_run_and_what_nobody_reads_is_committed(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.run(ADD, name="one")
        transaction.ask(f"{ADD} RETURNING id", name="two")
        transaction.run_each(ADD, [{"name": "three"}])
        transaction.run_each(ADD, [])
    assert names(database) == ["one", "two", "three"]


@on_each_engine_and_pooler
@pytest.mark.parametrize("is_read", [True, False])
def test_a_mistake_leaves_nothing_of_its_transaction(database: Database, is_read: bool) -> None:
    def mistaken() -> None:
        with database.transaction() as transaction:
            transaction.run(ADD, name="lost")
            transaction.run(MISTAKE, name="mistake")
            transaction.run(ADD, name="lost too")
            if is_read:
                transaction.rows(NAMES)

    for _ in range(2):
        with pytest.raises(Exception, match=r"(?i)not.null constraint") as raised:
            mistaken()
        assert not isinstance(raised.value, StoreUnavailable)
    add(database, "kept")
    assert names(database) == ["kept"]


@on_postgres
def test_of_several_mistakes_the_first_is_raised(database: Database) -> None:
    add(database, "one")

    def mistaken() -> None:
        with database.transaction() as transaction:
            transaction.run(ADD, name="one")
            transaction.run(MISTAKE, name="mistake")

    with pytest.raises(psycopg.errors.UniqueViolation):
        mistaken()


@on_postgres
def test_a_begun_statement_that_takes_too_long_is_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    names(database)

    def slow() -> None:
        with database.transaction() as transaction:
            transaction.run(ADD, name="lost")
            transaction.ask("SELECT pg_sleep(20)")

    with monkeypatch.context() as short:
        short.setattr(engine, "STATEMENT_SECONDS", 0.5)
        with pytest.raises(StoreBusy):
            slow()
    add(database, "kept")
    assert names(database) == ["kept"]


@on_postgres
def test_a_server_that_stands_still_is_given_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    names(database)

    def waits() -> None:
        with database.transaction() as transaction:
            transaction.run(ADD, name="lost")
            transaction.ask("SELECT pg_sleep(3)")

    with monkeypatch.context() as short:
        # As if the server's own limit did not reach us in time.
        short.setattr(postgres_connection, "ANSWER_SECONDS", -9.5)
        with pytest.raises(StoreUnavailable, match="does not respond") as raised:
            waits()
    assert raised.value.is_transient
    # Nobody knows whether the rest is saved, as after any COMMIT that nothing answers.
    add(database, "kept")
    assert names(database)[-1] == "kept"
