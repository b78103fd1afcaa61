"""Inspect what a store says about the system's health. This only reads: it does not create or migrate the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.alerting.health import OVERDUE, HealthFacts
from shared.models import Alert, AlertKind
from shared.store.engines.database import Database, Row
from shared.store.health import health_facts
from shared.store.migrate import known_version, updated_at, version_of
from shared.store.tables import alerts, drills, owed_notifications, watches


@dataclass(frozen=True)
class OwedSummary:
    """The messages owed to one channel: how many, how many of them are overdue, and when the oldest was created."""

    channel: str
    owed: int
    overdue: int
    oldest: datetime


@dataclass(frozen=True)
class StoreInspection:
    """The store's version and the program's; if they differ, nothing else is read."""

    version: int
    known: int
    facts: HealthFacts | None = None
    owed: tuple[OwedSummary, ...] = ()
    # How many active alerts each channel was notified of.
    notified: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[Alert, ...] = ()
    silent: tuple[Alert, ...] = ()
    last_drill: Mapping[str, Any] | None = None
    # When the newest migration was applied.
    updated_at: datetime | None = None
    upkeep: watches.Upkeep = field(default_factory=watches.Upkeep)


@dataclass(frozen=True)
class PostgresServer:
    """The server behind a store: its version number (150000), its clock, and the database's size in bytes.

    ``has_schema``: there is a schema in which the store's tables are made.
    """

    version: int
    clock: float
    size: int
    has_schema: bool


def inspect_store(database: Database, now: datetime) -> StoreInspection:
    """The state of the store at ``now``, read in one snapshot.

    Raises:
        StoreUnavailable: it cannot be read.
    """
    with database.snapshot() as snapshot:
        version, known = version_of(database, snapshot), known_version()
        if version != known:
            return StoreInspection(version, known)
        return StoreInspection(
            version,
            known,
            facts=health_facts(snapshot, now),
            owed=tuple(map(_owed, owed_notifications.owed_by_channel(snapshot, late=now - OVERDUE))),
            notified={row["channel"]: int(row["alerts"]) for row in owed_notifications.notified(snapshot)},
            refused=tuple(alerts.active_of_kind(snapshot, AlertKind.CHANNEL_REFUSED)),
            silent=tuple(alerts.active_of_kind(snapshot, AlertKind.AGENT_SILENT)),
            last_drill=drills.last(snapshot),
            updated_at=updated_at(snapshot),
            upkeep=watches.upkeep(snapshot),
        )


def inspect_server(database: Database) -> PostgresServer:
    """The PostgreSQL server of the store. Raises StoreUnavailable."""
    with database.snapshot() as snapshot:
        row = snapshot.row(
            "SELECT current_setting('server_version_num') AS version, pg_database_size(current_database()) AS size, "
            "extract(epoch FROM clock_timestamp()) AS clock, current_schema() IS NOT NULL AS has_schema"
        )
    assert row is not None  # noqa: S101  # it always returns one row
    return PostgresServer(int(row["version"]), float(row["clock"]), int(row["size"]), bool(row["has_schema"]))


def _owed(row: Row) -> OwedSummary:
    return OwedSummary(row["channel"], int(row["owed"]), int(row["overdue"]), datetime.fromisoformat(row["oldest"]))
