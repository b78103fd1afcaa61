"""A database of PostgreSQL in which others have something too."""

import pytest
from pydantic import SecretStr

from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import drop_everything
from tests.shared.store.engines.postgres.use import prepare
from tests.support.postgres import Server
from tests.support.running import rows_of
from tests.support.store.monitor_names import add, names

pytestmark = pytest.mark.system


def test_tables_of_another_schema_are_left_alone(postgres: Server) -> None:
    """The next schema of the search path belongs to another program, which has a table ``schema_migrations`` too."""
    url, theirs = postgres.new_store(), postgres.new_store()
    rows_of(theirs, "CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY)")
    rows_of(theirs, "INSERT INTO schema_migrations VALUES ('20240101000000')")
    database = PostgresDatabase(SecretStr(f"{url}%2C{theirs.rpartition('%3D')[2]}"), prepare=prepare)
    add(database, "ours")
    assert names(database) == ["ours"]
    with database.transaction() as transaction:
        drop_everything(transaction)
    assert names(database) == []
    database.close()
    assert rows_of(theirs, "SELECT version FROM schema_migrations") == [{"version": "20240101000000"}]
