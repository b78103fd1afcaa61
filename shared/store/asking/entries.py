"""Monitors with all that an answer says of them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.models import Alert, Monitor, MonitorState, columns_of, value_of
from shared.models.monitor import SEVERAL, MonitorLocation
from shared.monitors.policy import Policy
from shared.store.engines.database import Row, Transaction
from shared.store.tables import agents, alerts, events, monitor_locations, policies

# The state of a monitor that is not watched. The table holds UNKNOWN then, with which it begins again.
PAUSED = "PAUSED"
_SEEN = ("location", "state", "since", "last_checked_at")


class Entry(NamedTuple):
    """A monitor with all that an answer says of it. ``policy``: None if its source is 'env' or 'report'.

    ``places``: as each location sees it, if several report it; ``agents_seconds``: how often its last agent reports.
    """

    row: Row
    policy: Policy | None
    last_event: Row | None
    active_alert: Alert | None
    is_degraded: bool
    places: Sequence[MonitorLocation]
    agents_seconds: float | None

    @property
    def state(self) -> str:
        """Its state, or PAUSED."""
        return str(MonitorState(self.row["state"])) if self.row["is_watched"] else PAUSED

    def locations(self, at: datetime) -> list[Mapping[str, Any]]:
        """The ``location``, ``state``, ``since`` and ``last_checked_at`` of each that reports it, as it is then.

        One whose last check is too old to say anything is UNKNOWN. One that the policy does not name is left out.
        """
        row = self.row
        if not self.places:
            if row["location"] is None or row["last_checked_at"] is None:
                return []  # nobody has checked it, or not since it was paused
            named = json.loads(row["locations"]) if row["locations"] else None
            seen = {name: row[name] for name in _SEEN[1:]}
            return [{"location": row["location"], **seen}] if named is None or row["location"] in named else []
        # Imported here: few monitors are reported from several locations, and votes cost a cold start.
        from shared.alerting.votes import aged

        shown = aged(value_of(Monitor, row), self.places, at, self.agents_seconds)
        return [columns_of(place, _SEEN) for place in shown]


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
    places: dict[int, list[MonitorLocation]] = {}
    several = {row["id"]: row["agent"] for row in rows if row["location"] == SEVERAL}
    reporting = agents.ask_named(transaction, {agent for agent in several.values() if agent is not None})
    for place in monitor_locations.of_monitors(transaction, several):
        places.setdefault(place.monitor_id, []).append(place)
    seconds = {agent.name: agent.interval_seconds for agent in reporting()}
    return [
        Entry(
            row,
            policies.policy_of(row),
            newest.get(row["last_event_id"]),
            outages.get(row["name"]),
            row["name"] in slow,
            places.get(row["id"], ()),
            seconds.get(row["agent"]),
        )
        for row in rows
    ]
