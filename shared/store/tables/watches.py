"""The table ``watches``: since when each scheduled function has run without a gap, or has failed without a success."""

from datetime import datetime
from typing import NamedTuple

from shared.alerting import WatchPeriod
from shared.models import as_text
from shared.store.engines.database import Transaction

# When the local system started last. This is no watch: nothing could be missed before.
START = "local_start"
# Since when the clock has gone without a leap: see ``store.clock``.
CLOCK = "clock"
# The ids of the rows. Version 0.1 has the first one alone.
IDS = {
    "review_alerts": 1,
    "deliver_notifications": 2,
    START: 3,
    CLOCK: 4,
    "review_alerts failed": 5,
    "deliver_notifications failed": 6,
    "maintain_store failed": 7,
    "maintain_store": 8,
}

_SAVE = """
    INSERT INTO watches (id, started_at, seen_at) VALUES (:id, :started_at, :seen_at)
    ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, seen_at = excluded.seen_at"""


class Upkeep(NamedTuple):
    """When the upkeep last succeeded, and since when each run of it has failed. People are notified all the same."""

    kept_at: datetime | None = None
    failing_since: datetime | None = None


def get(transaction: Transaction, function: str) -> WatchPeriod | None:
    """The function's watch as it was saved last."""
    row = transaction.row("SELECT * FROM watches WHERE id = :id", id=IDS[function])
    return WatchPeriod(*(datetime.fromisoformat(row[name]) for name in ("started_at", "seen_at"))) if row else None


def upkeep(transaction: Transaction) -> Upkeep:
    """How the upkeep goes."""
    success, failure = get(transaction, "maintain_store"), get(transaction, "maintain_store failed")
    return Upkeep(success and success.seen_at, failure and failure.started_at)


def save(transaction: Transaction, function: str, watch: WatchPeriod) -> None:
    """Write the function's watch."""
    times = {"started_at": as_text(watch.started_at), "seen_at": as_text(watch.seen_at)}
    transaction.rows(_SAVE, id=IDS[function], **times)


def forget(transaction: Transaction, function: str) -> None:
    """Delete the function's watch."""
    transaction.rows("DELETE FROM watches WHERE id = :id", id=IDS[function])
