"""The events of former versions are moved to the narrow table, in steps that hold nobody up."""

import time
from collections.abc import Callable

from shared.store.engines.database import Database
from shared.store.tables import events

# As many rows in a step as a machine writes within the goal, in seconds, so that nobody waits for 50 ms.
_GOAL_SECONDS = 0.02
_FEWEST, _MOST = 10, 1_000


def moving(count: int = 50, clock: Callable[[], float] = time.perf_counter) -> Callable[[Database], int]:
    """A step that moves the oldest events and returns how many it has seen; to be repeated until that is 0.

    ``count``: the rows of the first step.
    """
    after = 0

    def step(database: Database) -> int:
        nonlocal after, count
        with database.snapshot() as snapshot:
            rows = events.old_rows(snapshot, after, count)
        if not rows:
            return 0
        after, former = rows[-1]["id"], events.narrowed(rows)
        # It need not wait for the disk: after a power cut the rows are either here or there.
        with database.transaction(is_durable=False) as transaction:
            began = clock()
            events.move(transaction, former)
            seconds = max(clock() - began, 1e-6)
        # At most twice as many at once: one fast step says little.
        count = max(_FEWEST, min(_MOST, 2 * count, int(count * _GOAL_SECONDS / seconds)))
        return len(rows)

    return step
