"""Databases of PostgreSQL that others made, or in which they have something too."""

import pytest
from pydantic import SecretStr

from shared.store import StoreUnavailable
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


def test_a_search_path_without_a_schema_is_told(postgres: Server) -> None:
    database = PostgresDatabase(SecretStr(f"{postgres.url}?options=-csearch_path%3Dnowhere"), prepare=prepare)
    with pytest.raises(StoreUnavailable, match="no schema for our tables: its search_path names none") as raised:
        database.open()
    assert not raised.value.is_transient
    database.close()


def test_a_view_of_somebody_elses_stops_a_reset(url: str, database: PostgresDatabase) -> None:
    add(database, "kept")
    rows_of(url, "CREATE VIEW newest AS SELECT max(id) AS id FROM events")

    def reset() -> None:
        with database.transaction() as transaction:
            drop_everything(transaction)

    with pytest.raises(StoreUnavailable, match=r"needs our tables.*cannot drop view events") as raised:
        reset()
    assert not raised.value.is_transient
    assert names(database) == ["kept"]


def test_a_text_that_fits_no_index_is_told(database: PostgresDatabase) -> None:
    with pytest.raises(StoreUnavailable, match=r"cannot store something of this length \(index row size") as raised:
        add(database, "".join(map(chr, range(0xAC00, 0xAC00 + 1000))))
    assert not raised.value.is_transient


@pytest.mark.parametrize(("encoding", "is_taken"), [("LATIN1", False), ("EUC_KR", False), ("SQL_ASCII", True)])
def test_a_database_must_hold_every_character(postgres: Server, encoding: str, *, is_taken: bool) -> None:
    name = f"in_{encoding.lower()}"
    rows_of(postgres.url, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    database = PostgresDatabase(SecretStr(f"{postgres.url.rpartition('/')[0]}/{name}"), prepare=prepare)
    if is_taken:
        add(database, "서울")
        assert names(database) == ["서울"]
    else:
        with pytest.raises(StoreUnavailable, match=f"has the encoding {encoding}: make one with ENCODING") as raised:
            database.open()
        assert not raised.value.is_transient
    database.close()
    rows_of(postgres.url, f"DROP DATABASE {name}")
