"""A group commit around an empty database."""

import pytest

from shared.models import as_text
from shared.store.engines.database import Database
from shared.store.engines.group_commit import Group, each_alone
from shared.store.migrate import migrate
from tests.shared.store.engines.group_commit.works import Works
from tests.support.builders import NOON


@pytest.fixture
def group(database: Database, monkeypatch: pytest.MonkeyPatch) -> Works:
    # Otherwise a busy machine would make a crowd in tests that are not about one.
    monkeypatch.setattr("shared.store.engines.crowd.CROWDED_SECONDS", 3.0)
    migrate(database, as_text(NOON))
    with database.transaction() as transaction:
        transaction.rows("CREATE TABLE kept (name TEXT UNIQUE)")
    return Group(database, each_alone)
