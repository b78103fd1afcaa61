"""Databases of one store on PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest

from shared.store.engines.postgres.database import PostgresDatabase
from tests.shared.store.engines.postgres.use import databases_at
from tests.support.pgbouncer import Pgbouncer
from tests.support.postgres import Server


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.new_store()


@pytest.fixture
def new(url: str) -> Iterator[Callable[[], PostgresDatabase]]:
    """Makes databases of one store."""
    with databases_at(url) as new_one:
        yield new_one


@pytest.fixture
def behind_a_pooler(pgbouncer: Pgbouncer) -> Iterator[Callable[[], PostgresDatabase]]:
    """Makes databases of one store that are connected through a pooler."""
    url = pgbouncer.new_store()
    with databases_at(url) as new_one:
        yield new_one
    pgbouncer.forget(url)


@pytest.fixture
def database(new: Callable[[], PostgresDatabase]) -> PostgresDatabase:
    opened = new()
    opened.open()
    return opened
