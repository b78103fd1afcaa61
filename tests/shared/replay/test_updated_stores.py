"""A store that was updated: what is in force then is taken to have been in force before."""

from shared.models import as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from shared.store.tables import replay_facts
from tests.support.builders import NOON, at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import MIGRATIONS, rows

pytestmark = on_each_engine
BEFORE = [path for path in MIGRATIONS if path.stem < "0016"]


def test_policies_and_windows_are_taken_over(database: Database) -> None:
    migrate(database, as_text(NOON), BEFORE)
    with database.transaction() as transaction:
        transaction.rows(
            """INSERT INTO monitors (name, target_url, failure_threshold, tags, quorum, is_watched)
            VALUES ('shop', 'http://shop/', 3, '["빨강"]', 2, 0)"""
        )
        transaction.rows(
            """INSERT INTO windows (source, body, kind, targets, starts_at, ends_at, created_at)
            VALUES ('api', '{}', 'maintenance', '{"all": true}', :at, :until, :at)""",
            at=as_text(NOON),
            until=as_text(at(60)),
        )
    migrate(database, as_text(NOON))
    with database.snapshot() as snapshot:
        policy, window = replay_facts.of_monitor(snapshot, 1)
    assert policy.body == {
        "name": "shop",
        "group_name": None,
        "tags": '["빨강"]',
        "failure_threshold": 3,
        "success_threshold": 1,
        "quorum": 2,
        "locations": None,
        "interval_seconds": None,
        "is_watched": 0,
    }
    assert (window.window_id, window.at, window.after_event) == (1, NOON, 0)
    assert window.body == {
        "kind": "maintenance",
        "targets": '{"all": true}',
        "starts_at": as_text(NOON),
        "ends_at": as_text(at(60)),
        "recurrence": None,
    }


def test_what_did_not_change_is_not_written_again(database: Database) -> None:
    migrate(database, as_text(NOON), BEFORE)
    with database.transaction() as transaction:
        transaction.rows("INSERT INTO monitors (name, target_url) VALUES ('http://shop/', 'http://shop/')")
    migrate(database, as_text(NOON))
    store = Store(database)
    for _ in range(2):
        store.checks.claim("seoul", now=NOON, seconds=1, targets=["http://shop/"], target_interval=30)
        store = Store(database)
    assert rows(store, "SELECT what FROM replay_facts") == [("policy",), ("policy",)], "the interval is new, once"
