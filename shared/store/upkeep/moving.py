"""The events of former versions are moved to the narrow table, in steps that hold nobody up."""

from collections.abc import Callable

from shared.store.engines.database import Database
from shared.store.tables import events

# Few enough that nobody waits for longer than 50 ms while they are written.
EVENTS_AT_ONCE = 300


def moving() -> Callable[[Database], int]:
    """A step that moves the oldest events and returns how many it has seen; to be repeated until that is 0."""
    after = 0

    def step(database: Database) -> int:
        nonlocal after
        with database.snapshot() as snapshot:
            rows = events.old_rows(snapshot, after, EVENTS_AT_ONCE)
        if rows:
            after = rows[-1]["id"]
            # It need not wait for the disk: after a power cut they are either here or there.
            with database.transaction(is_durable=False) as transaction:
                events.move(transaction, rows)
        return len(rows)

    return step
