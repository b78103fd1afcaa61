"""Events folded into rollups, each exactly once."""

from datetime import datetime, timedelta

from shared.history.rollup import Key, Rollup, keys_of
from shared.models import as_text
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import rollups
from shared.store.upkeep.merging import Additions

# Few enough that nobody waits long while they are written.
EVENTS_AT_ONCE = 1_000
# An event may get its number before, and its commit after, one with a greater number.
SETTLED = timedelta(seconds=60)

_NEXT = """
    SELECT id, monitor_id, timestamp, received_at, is_success, is_inconclusive, response_time_ms, dns_ms, connect_ms,
        tls_ms, first_byte_ms
    FROM events WHERE id > :after ORDER BY id LIMIT :most"""


def fold(database: Database, now: datetime) -> int:
    """Fold the next events into the rollups; how many there were. 0: all that have settled are folded.

    Nobody waits while it counts: it writes afterwards, if no other run has folded or packed anything meanwhile.
    """
    with database.snapshot() as snapshot:
        mark = rollups.mark(snapshot)
        events = _settled(snapshot, mark.event_id, now)
    if not events:
        return 0
    found: dict[Key, Rollup] = {}
    for event in events:
        for key in keys_of(event["monitor_id"], event["timestamp"]):
            found.setdefault(key, Rollup()).add(event)
    with database.snapshot() as snapshot:
        stored = rollups.stored(snapshot, list(found))
        additions = Additions(snapshot, found)
    for row in stored:
        found[Key(row["monitor_id"], row["step"], row["starts_at"])].merge(Rollup.of(row))
    columns = [{**key._asdict(), **rollup.columns()} for key, rollup in found.items()]
    with database.transaction() as transaction:
        if rollups.mark(transaction) == mark:
            rollups.put(transaction, columns)
            additions.save(transaction)
            rollups.save_folded(transaction, events[-1]["id"])
    return len(events)


def _settled(transaction: Transaction, after: int, now: datetime) -> list[Row]:
    """The next events up to the first that has not settled."""
    settled = as_text(now - SETTLED)
    events = transaction.rows(_NEXT, after=after, most=EVENTS_AT_ONCE)
    fresh = next((number for number, event in enumerate(events) if event["received_at"] >= settled), len(events))
    # An event that was received ahead of now dates from before the clock was set back.
    ahead = as_text(now + SETTLED)
    if fresh < len(events) and events[fresh]["received_at"] > ahead:
        fresh = len(events)
    return events[:fresh]
