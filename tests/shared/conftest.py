"""Fixtures of the shared modules' tests."""

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
