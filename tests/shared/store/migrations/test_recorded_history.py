"""An update from version 0.1, which kept no changes of state: what is known begins with the update."""

import pytest

from shared.models import as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import NOON, at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import MIGRATIONS, report, rows

pytestmark = [on_each_engine, pytest.mark.slow]

FIRST_TABLES = MIGRATIONS[:1]
WITH_HISTORY = [path for path in MIGRATIONS if path.stem < "0034"]
AN_HOUR = 3_600.0


def made(database: Database) -> None:
    """Two monitors that were checked for an hour; "shop" failed in its last minute, which opened an alert."""
    migrate(database, as_text(NOON), FIRST_TABLES)
    moments = (("shop", 0, True), ("shop", 3_540, False), ("shop", 3_600, False), ("blog", 3_600, True))
    with database.transaction() as transaction:
        for name, state in (("shop", "DOWN"), ("blog", "UP")):
            transaction.rows(
                "INSERT INTO monitors (name, target_url, state, last_checked_at) VALUES (:name, 'x', :state, :at)",
                name=name,
                state=state,
                at=as_text(at(AN_HOUR)),
            )
        for number, (name, seconds, ok) in enumerate(moments, start=1):
            transaction.rows(
                """INSERT INTO events (event_id, monitor_id, target_url, timestamp, is_success, received_at)
                VALUES (:event_id, :monitor_id, 'x', :at, :ok, :at)""",
                event_id=f"{number:032x}",
                monitor_id=1 if name == "shop" else 2,
                at=as_text(at(seconds)),
                ok=int(ok),
            )
        transaction.rows(
            """INSERT INTO alerts (kind, subject, status, failed_at, opened_at)
            VALUES ('OUTAGE', 'shop', 'OPEN', :at, :at)""",
            at=as_text(at(3_540)),
        )


@pytest.fixture(params=[FIRST_TABLES, WITH_HISTORY], ids=["at once", "in two steps"])
def updated(database: Database, request: pytest.FixtureRequest) -> Store:
    made(database)
    migrate(database, as_text(NOON), request.param)
    migrate(database, as_text(NOON))
    return Store(database)


def test_what_is_known_begins_with_the_update(updated: Store) -> None:
    end = at(2 * AN_HOUR)
    report(updated, 1.5 * AN_HOUR, ok=True, received=1.5 * AN_HOUR)
    for monitor_id, down in ((1, AN_HOUR / 2), (2, 0)):
        assert updated.history.recorded_since(monitor_id) == as_text(at(AN_HOUR))
        [whole] = updated.history.of_monitor(monitor_id, [NOON, end], "whole", now=end)
        known, down_ms, outages = whole.availability
        assert (known / 1000, down_ms / 1000, outages) == (AN_HOUR, down, 0), "the outage began before"


def test_former_failures_have_no_invented_reason(updated: Store) -> None:
    moments = updated.timelines.page(1, since=NOON, until=at(2 * AN_HOUR), limit=9).moments
    reasons = [(moment.place.source.name, moment.row["reason"]) for moment in moments]
    assert reasons == [
        ("CHECK", "healthy"),
        ("CHECK", None),
        ("ALERT_OPENED", None),
        ("CHECK", None),
        ("STATE_CHANGE", "recorded_since_update"),
    ]
    assert rows(updated, "SELECT count(*) FROM state_changes WHERE reason = 'unchecked'") == [(0,)]
