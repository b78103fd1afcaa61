"""How everything is at one moment, as numbers; each is read in few milliseconds, however much is stored."""

from typing import TYPE_CHECKING, NamedTuple

from shared.models import Agent
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import (
    agents,
    alerts,
    attempt_counts,
    delivery_times,
    events,
    monitors,
    owed_notifications,
)

if TYPE_CHECKING:
    from shared.history.histogram import Histogram

# Each is a handful of time series in the database of whoever asks.
MOST_MONITORS = 2_000


class MonitorMeasure(NamedTuple):
    """A monitor that is watched. ``check``: the row of its last check, if it is kept: its times and certificate."""

    name: str
    group: str | None
    state: str
    check: Row | None


class Measures(NamedTuple):
    """Everything that is measured. ``alerts``, ``owed`` and ``attempts`` are rows with a count.

    ``time_to_notify``: every first message that was ever delivered.
    """

    monitors: list[MonitorMeasure]
    alerts: list[Row]
    owed: list[Row]
    attempts: list[Row]
    time_to_notify: "Histogram"
    agents: list[Agent]
    store_bytes: int


def measure(database: Database) -> Measures:
    """Measure everything in one snapshot. Raises StoreUnavailable."""
    with database.snapshot() as snapshot:
        return Measures(
            _monitors(snapshot),
            alerts.counts(snapshot),
            owed_notifications.counts(snapshot),
            attempt_counts.totals(snapshot),
            delivery_times.total(snapshot),
            agents.every(snapshot),
            sum(int(row["bytes"]) for row in snapshot.rows(database.SIZE)),
        )


def _monitors(transaction: Transaction) -> list[MonitorMeasure]:
    rows = monitors.for_metrics(transaction, MOST_MONITORS)
    last = [row["last_event_id"] for row in rows]
    checks = events.times_of(transaction, [each for each in last if each is not None])
    named = ((row["name"], row["group_name"], row["state"]) for row in rows)
    return [MonitorMeasure(*known, checks.get(each)) for known, each in zip(named, last, strict=True)]
