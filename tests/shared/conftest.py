"""Fixtures of the shared modules' tests."""

import time
from collections.abc import Callable, Iterator

import pytest

from shared.models import as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import NOON


@pytest.fixture
def store(database: Database) -> Store:
    """An empty store, on the engines of ``new_database``."""
    migrate(database, as_text(NOON))
    return Store(database)


@pytest.fixture
def set_zone() -> Iterator[Callable[[str], None]]:
    """Sets this machine's time zone, for one test."""
    with pytest.MonkeyPatch.context() as patch:

        def set_to(name: str) -> None:
            patch.setenv("TZ", name)
            time.tzset()

        yield set_to
    time.tzset()
