"""Monitors that were removed and then reported: they lose what their removed policies had said."""

import json

from shared.models import as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import NOON
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import MIGRATIONS, report, rows

NAME = next(path.name for path in MIGRATIONS if path.stem.endswith("_only_reported"))
BEFORE = [path for path in MIGRATIONS if path.name < NAME]


@on_each_engine
def test_only_what_is_reported_loses_a_former_policy(database: Database) -> None:
    migrate(database, as_text(NOON), BEFORE)
    report(Store(database), 0, ok=True, monitor="reported")
    report(Store(database), 0, ok=True, monitor="watched")
    with database.transaction() as transaction:
        transaction.rows(
            """UPDATE monitors SET interval_seconds = 5, timeout_seconds = 3, group_name = 'Web', tags = '["prod"]'"""
        )
        transaction.rows("UPDATE monitors SET source = 'api' WHERE name = 'watched'")
    migrate(database, as_text(NOON))
    store = Store(database)
    kept = rows(store, "SELECT name, interval_seconds, timeout_seconds, group_name, tags FROM monitors ORDER BY id")
    assert kept == [("reported", None, None, None, None), ("watched", 5, 3, "Web", '["prod"]')]
    [(after_event, body)] = rows(store, "SELECT after_event, body FROM replay_facts WHERE what = 'policy'")
    assert (after_event, json.loads(str(body))["interval_seconds"]) == (2, None)
    report(store, 60, ok=True, monitor="reported")
    assert len(rows(store, "SELECT id FROM replay_facts WHERE what = 'policy'")) == 1
