"""Inspect what a store says about the system's health. This only reads: it does not create or migrate the store."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.models import Agent, Alert, AlertKind, as_text
from shared.store.engines.database import Database
from shared.store.migrate import known_version, version_of

# A message that is due goes out with the next run, at most a minute later. After this long, no run is coming.
OVERDUE = timedelta(minutes=3)


@dataclass(frozen=True)
class OwedSummary:
    """The messages owed to one channel: how many, how many of them are overdue, and when the oldest was created."""

    channel: str
    count: int
    overdue: int
    oldest: datetime


@dataclass(frozen=True)
class StoreInspection:
    """The store's version and the program's; if they differ, nothing else is read.

    ``alerted``: the agents whose silence is an active alert. ``delivered_at``: when deliver_notifications last ran.
    """

    version: int
    known: int
    agents: tuple[Agent, ...] = ()
    alerted: frozenset[str] = frozenset()
    delivered_at: datetime | None = None
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
        agents = snapshot.rows("SELECT * FROM agents ORDER BY name")
        watch = snapshot.row("SELECT seen_at FROM watches WHERE id = 1")
        alerts = snapshot.rows(
            "SELECT * FROM alerts WHERE status IN ('OPEN', 'ACK') AND kind IN ('AGENT_SILENT', 'CHANNEL_REFUSED') "
            "ORDER BY id"
        )
        owed = snapshot.rows(_OWED, late=as_text(now - OVERDUE))
    about = [Alert.model_validate(dict(row)) for row in alerts]
    return StoreInspection(
        version,
        known,
        tuple(Agent.model_validate(dict(row)) for row in agents),
        frozenset(alert.subject for alert in about if alert.kind is AlertKind.AGENT_SILENT),
        datetime.fromisoformat(watch["seen_at"]) if watch else None,
        tuple(_owed(dict(row)) for row in owed),
        tuple(alert for alert in about if alert.kind is AlertKind.CHANNEL_REFUSED),
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


# A message behind an earlier one on the same subject is not due while that one is still being tried.
_OWED = """
    SELECT due.channel AS channel, count(*) AS owed, min(due.created_at) AS oldest, sum(
        CASE WHEN due.due_at <= :late AND (due.leased_until IS NULL OR due.leased_until <= :late)
            AND NOT EXISTS (
                SELECT 1 FROM notifications earlier JOIN alerts same ON same.id = earlier.alert_id
                WHERE earlier.channel = due.channel AND earlier.status IN ('PENDING', 'SENDING')
                    AND earlier.id < due.id AND same.subject = about.subject AND same.kind = about.kind)
        THEN 1 ELSE 0 END) AS overdue
    FROM notifications due JOIN alerts about ON about.id = due.alert_id
    WHERE due.status IN ('PENDING', 'SENDING') GROUP BY due.channel ORDER BY due.channel"""


def _owed(row: dict[str, Any]) -> OwedSummary:
    return OwedSummary(row["channel"], int(row["owed"]), int(row["overdue"]), datetime.fromisoformat(row["oldest"]))
