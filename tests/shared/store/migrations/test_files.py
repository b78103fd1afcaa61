"""The files of the migrations stay as they are, and stores that applied an edited one as it was before are updated."""

import hashlib
from pathlib import Path

import pytest

from shared.models import as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.shared.store.migrations.applied import APPLIED
from tests.support.builders import NOON, at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import MIGRATIONS, report, rows

_INDEX = """
{only_sqlite}CREATE INDEX events_of_monitor ON events (monitor_id);
{only_postgresql}CREATE INDEX events_of_monitor ON events (monitor_id, id);
"""


def test_no_migration_changes_once_stores_have_applied_it() -> None:
    found = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in MIGRATIONS}
    changed = [name for name in APPLIED if found.get(name) != APPLIED[name]]
    assert changed == [], "stores have applied it already: take the change back, and make it in a new migration"
    new = {name: digest for name, digest in found.items() if name not in APPLIED}
    assert new == {}, "a new migration: add its name and this digest to tests/shared/store/migrations/applied.py"


def with_index(text: str) -> str:
    """0012 as it was at first."""
    return text + _INDEX


def without_problem(text: str) -> str:
    """0005 as it was at first."""
    edited = "INTEGER NOT NULL DEFAULT 0,\n    body TEXT NOT NULL DEFAULT '{}',\n    problem TEXT\n"
    return text.replace(edited, "INTEGER NOT NULL,\n    body TEXT NOT NULL\n")


@pytest.fixture(params=[("0005", without_problem), ("0012", with_index)], ids=["0005", "0012"])
def at_first(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """The migrations up to one that was edited, as it was at first."""
    number, text_at_first = request.param
    *before, edited = [path for path in MIGRATIONS if path.stem[:4] <= number]
    file, text = tmp_path / edited.name, edited.read_text()
    file.write_text(text_at_first(text))
    assert file.read_text() != text
    return [*before, file]


@on_each_engine
def test_a_store_of_an_edited_migration_is_updated(database: Database, at_first: list[Path]) -> None:
    migrate(database, as_text(NOON), at_first)
    with database.transaction() as transaction:
        transaction.rows("""INSERT INTO configuration (id, version, body) VALUES (1, 7, '{"status_page": {}}')""")
    migrate(database, as_text(NOON))
    store = Store(database)
    [kept] = rows(store, "SELECT version, body, problem FROM configuration")
    assert kept == (8, '{"status_page": {}}', None)
    report(store, 0, ok=False, received=0)
    assert [row["id"] for row in store.history.events(1, limit=9)] == [1]
    with database.transaction() as transaction:
        transaction.rows("DELETE FROM configuration")
        transaction.rows("INSERT INTO configuration (id, problem) VALUES (1, 'line 7')")
    assert rows(store, "SELECT version, body, problem FROM configuration") == [(0, "{}", "line 7")]


@on_each_engine
def test_the_problem_of_a_file_outlives_the_update(database: Database) -> None:
    migrate(database, as_text(NOON), [path for path in MIGRATIONS if path.stem < "0035"])
    with database.transaction() as transaction:
        transaction.rows(
            """INSERT INTO configuration (id, version, problem, installation, mailing, channels)
            VALUES (1, 7, 'line 7', 'a', '["b"]', '["c"]')"""
        )
    migrate(database, as_text(at(1)))
    names = "id, version, body, problem, installation, mailing, channels"
    kept = rows(Store(database), f"SELECT {names} FROM configuration")
    assert kept == [(1, 7, "{}", "line 7", "a", '["b"]', '["c"]')]
