"""The dashboard at a glance: every monitor, what is wrong, and whether people would hear of it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.models import Agent, Alert
from shared.store.engines.database import Database, Row
from shared.store.tables import agents, alert_notes, configuration, overview_rows, owed_notifications, watches


class Now(NamedTuple):
    """How everything is. ``alerts``: those that are active. ``messages``: the first ones of each, by the alert's id.

    ``notes``: the newest one of each alert. ``attempts``: the last one on each channel. ``version``: how often the
    configuration has changed. ``checked_by``: the names of the monitors that one agent alone checks, by agent.
    """

    monitors: list[Row]
    alerts: list[Alert]
    messages: Mapping[int, list[Row]]
    notes: Mapping[int, Row]
    attempts: list[Row]
    agents: list[Agent]
    owed: list[Row]
    version: int
    checked_by: Mapping[str, list[str]]


class Overview:
    """The facts of one store for the dashboard."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self, channels: Collection[str], *, late: datetime) -> Now:
        """How everything is; ``late``: since when a message that could be sent is overdue."""
        with self._database.snapshot() as snapshot:
            active = overview_rows.active_alerts(snapshot)
            ids = [alert.id for alert in active]
            messages: dict[int, list[Row]] = {}
            for row in overview_rows.first_messages(snapshot, ids):
                messages.setdefault(row["alert_id"], []).append(row)
            watched = overview_rows.monitors(snapshot)
            checked_by: dict[str, list[str]] = {}
            for row in watched:
                if row["only_agent"] is not None and row["is_watched"]:
                    checked_by.setdefault(row["only_agent"], []).append(row["name"])
            return Now(
                watched,
                active,
                messages,
                {row["alert_id"]: row for row in alert_notes.of_alerts(snapshot, ids)},
                overview_rows.last_attempts(snapshot, channels),
                agents.every(snapshot),
                owed_notifications.owed_by_channel(snapshot, late=late),
                configuration.version(snapshot),
                checked_by,
            )

    def deliveries(self, channels: Collection[str]) -> tuple[list[Row], list[Row]]:
        """The last attempt that a channel accepted, and the last one that it did not, of each that has one."""
        with self._database.snapshot() as snapshot:
            accepted = overview_rows.last_attempts(snapshot, channels, ("SENT",))
            return accepted, overview_rows.last_attempts(snapshot, channels, ("RETRY", "FAILED", "EXPIRED"))

    def owed(self, *, late: datetime) -> dict[str, int]:
        """How many messages each channel is still owed; those that are owed none are left out."""
        with self._database.snapshot() as snapshot:
            return {row["channel"]: int(row["owed"]) for row in owed_notifications.owed_by_channel(snapshot, late=late)}

    def upkeep(self) -> watches.Upkeep:
        """How the upkeep goes."""
        with self._database.snapshot() as snapshot:
            return watches.upkeep(snapshot)

    def names(self) -> list[Row]:
        """The ``name``, ``group_name`` and ``source`` of every monitor, by name."""
        with self._database.snapshot() as snapshot:
            return overview_rows.names(snapshot)

    def monitors_by_agent(self) -> dict[str, int]:
        """How many monitors each agent checks."""
        with self._database.snapshot() as snapshot:
            return {row["agent"]: int(row["monitors"]) for row in overview_rows.by_agent(snapshot)}
