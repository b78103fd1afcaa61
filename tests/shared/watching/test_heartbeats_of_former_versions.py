"""Heartbeats as former versions stored them: with locations, and no ping of theirs ever counted."""

from shared.alerting.heartbeats import Ping
from shared.models import as_text
from shared.monitors.policy import Policy
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, MIGRATIONS, rows

pytestmark = on_each_engine
TOKEN = "token-of-the-backup"


def test_a_heartbeat_with_locations_counts_after_the_update(database: Database) -> None:
    """The one that was missed meanwhile is noticed once more: nobody was notified."""
    migrate(database, as_text(at(0)), [path for path in MIGRATIONS if path.stem < "0030"])
    store = Store(database)
    for name in ("dead", "alive"):
        beat = {"period": "1m", "grace": "1m", "token": f"{TOKEN}-{name}"}
        store.monitors.add(Policy.model_validate({"name": name, "heartbeat": beat}), now=at(0))
    with database.transaction() as transaction:
        transaction.rows("""UPDATE monitors SET locations = '["seoul"]', quorum = 2""")
        transaction.rows("UPDATE monitors SET pinged_at = :at WHERE name = 'dead'", at=as_text(at(1)))
        transaction.rows("DELETE FROM replay_facts")
    migrate(database, as_text(at(600)))

    assert [each.event.monitor for each in store.heartbeats.review(now=at(601), channels=CHANNELS)] == ["dead"]
    failure = Ping(is_success=False, error_message="disk full")
    store.heartbeats.take(f"{TOKEN}-alive", failure, now=at(602), channels=CHANNELS)
    assert rows(store, "SELECT subject FROM alerts ORDER BY id") == [("dead",), ("alive",)]
    assert rows(store, "SELECT locations, quorum FROM monitors") == [(None, None)] * 2
    facts = "SELECT count(*) FROM replay_facts WHERE what = 'policy' AND at = "
    assert rows(store, f"{facts}'{as_text(at(600))}'") == [(2,)], "a replay judges what comes later by that too"
