"""Whether each scheduled function ends as it should. ``Store.note_run`` notes when it ran."""

import contextlib
from collections.abc import Iterator
from datetime import datetime

from shared.alerting import WatchPeriod
from shared.store.engines.database import Database, StoreUnavailable
from shared.store.tables import watches


@contextlib.contextmanager
def noting_failures(database: Database, function: str, *, now: datetime) -> Iterator[None]:
    """Note that a run of the function that began at ``now`` failed, or that it ended as it should.

    Otherwise ``GET /`` would say "ok" while each run crashes. It says by itself that the store is unavailable.
    """
    failed = f"{function} failed"
    try:
        yield
    except StoreUnavailable:
        raise
    except Exception:
        with contextlib.suppress(StoreUnavailable):
            _note(database, failed, WatchPeriod(now, now))
        raise
    # The run itself succeeded.
    with contextlib.suppress(StoreUnavailable):
        _note(database, failed, None)


def _note(database: Database, failed: str, first: WatchPeriod | None) -> None:
    """Keep the time of the first failure in a row, until a run succeeds (None)."""
    with database.snapshot() as snapshot:
        if (watches.get(snapshot, failed) is None) == (first is None):
            return  # the usual case
    with database.transaction() as transaction:
        if first is None:
            watches.forget(transaction, failed)
        else:
            watches.save(transaction, failed, first)
