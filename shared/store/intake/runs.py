"""When each scheduled function ran, and whether its runs end as they should."""

import contextlib
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from shared.alerting import WatchPeriod, extend_watch
from shared.store.engines.database import Database, StoreUnavailable
from shared.store.tables import watches

# A watch is saved this often, not at each run.
SAVE_WATCH_SECONDS = 30.0


class Run:
    """A run of a scheduled function that began at ``now``. Its end is noted: whether it failed, or ended as it should.

    Otherwise ``GET /`` would say "ok" while each run crashes. It says by itself that the store is unavailable.
    """

    def __init__(self, database: Database, function: str, *, now: datetime) -> None:
        self._database, self._function, self._now = database, function, now
        self._failed = watches.failure_of(function)
        # Whether the runs before this one failed; None: not read yet.
        self._is_failing: bool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if isinstance(error, StoreUnavailable) or not isinstance(error, Exception | None):
            return
        # The run itself ended: what it did, or why it failed, is more than that this could not be noted.
        with contextlib.suppress(StoreUnavailable):
            self._note_end(has_failed=error is not None)

    def note(self) -> None:
        """Note that the function runs, so that the doctor can tell if it does not any more."""
        with self._database.snapshot() as snapshot:
            saved, failed = watches.of_function(snapshot, self._function)
        self._is_failing = failed is not None
        if is_fresh(saved, extend_watch(saved, self._now), self._now):
            return  # the usual case
        with self._database.transaction() as transaction:
            watch = extend_watch(watches.get(transaction, self._function), self._now)
            watches.save(transaction, self._function, watch)

    def _note_end(self, *, has_failed: bool) -> None:
        """Keep the time of the first failure in a row, until a run succeeds."""
        if self._is_failing is None:
            with self._database.snapshot() as snapshot:
                self._is_failing = watches.get(snapshot, self._failed) is not None
        if self._is_failing == has_failed:
            return  # the usual case
        with self._database.transaction() as transaction:
            if has_failed:
                watches.save(transaction, self._failed, WatchPeriod(self._now, self._now))
            else:
                watches.forget(transaction, self._failed)


def is_fresh(saved: WatchPeriod | None, watch: WatchPeriod, now: datetime) -> bool:
    """Whether the saved watch need not be saved again yet."""
    return saved is not None and watch.started_at < now < saved.seen_at + timedelta(seconds=SAVE_WATCH_SECONDS)
