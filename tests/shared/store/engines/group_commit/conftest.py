"""A group commit around an empty database."""

import pytest

from shared.models import as_text
from shared.store.engines.database import Database
from shared.store.engines.group_commit import Group
from shared.store.migrate import migrate
from tests.support.builders import NOON


@pytest.fixture
def group(database: Database, monkeypatch: pytest.MonkeyPatch) -> Group:
    # Otherwise a busy machine would make a crowd in tests that are not about one.
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 3.0)
    migrate(database, as_text(NOON))
    with database.transaction() as transaction:
        transaction.rows("CREATE TABLE kept (name TEXT UNIQUE)")
    return Group(database)
