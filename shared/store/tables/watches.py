"""The table ``watches``: since when each scheduled function has run without a gap, or has failed without a success."""

from datetime import datetime
from typing import NamedTuple

from shared.alerting import WatchPeriod
from shared.models import as_text
from shared.store.engines.database import Row, Transaction

# When the local system started last. This is no watch: nothing could be missed before.
START = "local_start"
# Since when the clock has gone without a leap: see ``store.clock``.
CLOCK = "clock"
# Each scheduled function has two rows: when it ran, and since when it fails. Version 0.1 has the first one alone.
_RUNS = {"review_alerts": 1, "deliver_notifications": 2, "maintain_store": 8}
_FAILURES = {"review_alerts": 5, "deliver_notifications": 6, "maintain_store": 7}
_NAMES = {function: f"{function} failed" for function in _FAILURES}
# The ids of the rows.
IDS = {**_RUNS, START: 3, CLOCK: 4, **{_NAMES[function]: number for function, number in _FAILURES.items()}}

_SAVE = """
    INSERT INTO watches (id, started_at, seen_at) VALUES (:id, :started_at, :seen_at)
    ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, seen_at = excluded.seen_at"""


class Upkeep(NamedTuple):
    """When the upkeep last succeeded, and since when each run of it has failed. People are notified all the same."""

    kept_at: datetime | None = None
    failing_since: datetime | None = None


def failure_of(function: str) -> str:
    """The watch that says since when the scheduled function fails. Raises KeyError if it has no such row."""
    return _NAMES[function]


def get(transaction: Transaction, function: str) -> WatchPeriod | None:
    """The function's watch as it was saved last."""
    row = transaction.row("SELECT * FROM watches WHERE id = :id", id=IDS[function])
    return _watch(row) if row else None


def of_function(transaction: Transaction, function: str) -> tuple[WatchPeriod | None, WatchPeriod | None]:
    """The scheduled function's watch, and that of its failures."""
    ids = {"ran": IDS[function], "failed": IDS[failure_of(function)]}
    found = {
        row["id"]: _watch(row) for row in transaction.rows("SELECT * FROM watches WHERE id IN (:ran, :failed)", **ids)
    }
    return found.get(ids["ran"]), found.get(ids["failed"])


def upkeep(transaction: Transaction) -> Upkeep:
    """How the upkeep goes."""
    success, failure = of_function(transaction, "maintain_store")
    return Upkeep(success and success.seen_at, failure and failure.started_at)


def save(transaction: Transaction, function: str, watch: WatchPeriod) -> None:
    """Write the function's watch."""
    times = {"started_at": as_text(watch.started_at), "seen_at": as_text(watch.seen_at)}
    transaction.rows(_SAVE, id=IDS[function], **times)


def forget(transaction: Transaction, function: str) -> None:
    """Delete the function's watch."""
    transaction.rows("DELETE FROM watches WHERE id = :id", id=IDS[function])


def _watch(row: Row) -> WatchPeriod:
    return WatchPeriod(*(datetime.fromisoformat(row[name]) for name in ("started_at", "seen_at")))
