"""Inspect what a store says about the system's health. This only reads: it does not create or migrate the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.models import Agent, Alert, AlertKind
from shared.store.engines.database import Database, Row
from shared.store.migrate import known_version, version_of
from shared.store.tables import agents, alerts, notifications, watches

# A message that is due goes out with the next run, at most a minute later. After this long, no run is coming.
OVERDUE = timedelta(minutes=3)


@dataclass(frozen=True)
class OwedSummary:
    """The messages owed to one channel: how many, how many of them are overdue, and when the oldest was created."""

    channel: str
    owed: int
    overdue: int
    oldest: datetime


@dataclass(frozen=True)
class StoreInspection:
    """The store's version and the program's; if they differ, nothing else is read.

    ``alerted``: the agents whose silence is an active alert. ``last_runs``: when each scheduled function last ran.
    """

    version: int
    known: int
    agents: tuple[Agent, ...] = ()
    alerted: frozenset[str] = frozenset()
    last_runs: Mapping[str, datetime] = field(default_factory=dict)
    owed: tuple[OwedSummary, ...] = ()
    refused: tuple[Alert, ...] = ()


@dataclass(frozen=True)
class PostgresServer:
    """The server behind a store: its version number (150000), its clock, and the database's size in bytes."""

    version: int
    clock: float
    size: int


def inspect_store(database: Database, now: datetime) -> StoreInspection:
    """The state of the store at ``now``, read in one snapshot.

    Raises:
        StoreUnavailable: it cannot be read.
    """
    with database.snapshot() as snapshot:
        version, known = version_of(database, snapshot), known_version()
        if version != known:
            return StoreInspection(version, known)
        silent = alerts.active_of_kind(snapshot, AlertKind.AGENT_SILENT)
        last_runs = {function: watches.get(snapshot, function) for function in watches.IDS}
        return StoreInspection(
            version,
            known,
            agents=tuple(agents.every(snapshot)),
            alerted=frozenset(alert.subject for alert in silent),
            last_runs={function: watch.seen_at for function, watch in last_runs.items() if watch},
            owed=tuple(map(_owed, notifications.owed_by_channel(snapshot, late=now - OVERDUE))),
            refused=tuple(alerts.active_of_kind(snapshot, AlertKind.CHANNEL_REFUSED)),
        )


def inspect_server(database: Database) -> PostgresServer:
    """The PostgreSQL server of the store. Raises StoreUnavailable."""
    with database.snapshot() as snapshot:
        row = snapshot.row(
            "SELECT current_setting('server_version_num') AS version, pg_database_size(current_database()) AS size, "
            "extract(epoch FROM clock_timestamp()) AS clock"
        )
    assert row is not None  # noqa: S101  # it always returns one row
    return PostgresServer(int(row["version"]), float(row["clock"]), int(row["size"]))


def _owed(row: Row) -> OwedSummary:
    return OwedSummary(row["channel"], int(row["owed"]), int(row["overdue"]), datetime.fromisoformat(row["oldest"]))
