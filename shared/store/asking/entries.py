"""Monitors with all that an answer says of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shared.models import Alert, MonitorState, columns_of
from shared.models.monitor import DEFAULT_LOCATION, SEVERAL
from shared.monitors.policy import Policy
from shared.store.engines.database import Row, Transaction
from shared.store.tables import alerts, events, monitor_locations, policies

# The state of a monitor that is not watched. The table holds UNKNOWN then, with which it begins again.
PAUSED = "PAUSED"


class Entry(NamedTuple):
    """A monitor with all that an answer says of it. ``policy``: None if its source is 'env' or 'report'.

    ``locations``: ``location``, ``state``, ``since`` and ``last_checked_at`` of each that reports it.
    """

    row: Row
    policy: Policy | None
    last_event: Row | None
    active_alert: Alert | None
    is_degraded: bool
    locations: Sequence[Mapping[str, Any]]

    @property
    def state(self) -> str:
        """Its state, or PAUSED."""
        return str(MonitorState(self.row["state"])) if self.row["is_watched"] else PAUSED


def entry(transaction: Transaction, row: Row) -> Entry:
    """The monitor of one row."""
    return entries(transaction, [row])[0]


def entries(transaction: Transaction, rows: Sequence[Row]) -> list[Entry]:
    """The monitors of these rows, in their order."""
    # A few questions for a whole page: a page may have a thousand monitors, and the database may be far away.
    newest = events.with_ids(transaction, [row["last_event_id"] for row in rows])
    names = [row["name"] for row in rows]
    outages = {alert.subject: alert for alert in alerts.active_outages(transaction, names)}
    slow = alerts.degraded(transaction, names)
    places: dict[int, list[dict[str, Any]]] = {}
    several = [row["id"] for row in rows if row["location"] == SEVERAL]
    for place in monitor_locations.of_monitors(transaction, several):
        seen = columns_of(place, ("location", "state", "since", "last_checked_at"))
        places.setdefault(place.monitor_id, []).append(seen)
    return [
        Entry(
            row,
            policies.policy_of(row),
            newest.get(row["last_event_id"]),
            outages.get(row["name"]),
            row["name"] in slow,
            places.get(row["id"]) or _only(row),
        )
        for row in rows
    ]


def _only(row: Row) -> list[dict[str, Any]]:
    """The monitor as the only location sees it that reports it."""
    if row["last_checked_at"] is None:
        return []
    seen = {name: row[name] for name in ("state", "since", "last_checked_at")}
    return [{"location": row["location"] or DEFAULT_LOCATION, **seen}]
