"""The facts that status pages show of all monitors: their states, and how available they were by hour, day or month."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.history.rollup import Rollup
from shared.history.uptime import Availability, measure
from shared.history.uptime import Span as Known
from shared.models import as_text
from shared.models.times import milliseconds
from shared.monitors.windows.planned import Planned
from shared.settings.status_pages import is_shown, pages_of
from shared.store.asking.availability import Availabilities
from shared.store.asking.incidents import Incident, incidents_of
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import alerts, configuration, incidents, monitors, page_outages, rollups, windows
from shared.store.tables.scope import Scope, monitors_in

# This is the limit for outages that ended. Every one that goes on is shown.
MOST_OUTAGES = 1_000
MOST_INCIDENTS = 200
_EVERYTHING = Scope()


class Bucket(NamedTuple):
    """An hour, a day or a month of a monitor, or a part of it."""

    known_ms: int = 0
    down_ms: int = 0
    slow_ms: int = 0
    planned_ms: int = 0

    def plus(self, other: "Bucket") -> "Bucket":
        """Both together."""
        return Bucket(*(own + its for own, its in zip(self, other, strict=True)))


class Board(NamedTuple):
    """How everything is now.

    ``outages``: the alerts OUTAGE and DEGRADED that are active, or ended lately and are shown, newest first.
    ``windows``: those of maintenance, with the row of each. ``hours``: of each monitor. ``mailing``: the channels that
    can mail people. ``unwatched``: the ids of the alerts that ended because nobody watches their monitor any more.
    """

    monitors: list[Row]
    outages: list[Row]
    windows: list[tuple[Planned, Row]]
    incidents: list[Incident]
    hours: Mapping[int, list[Bucket]]
    mailing: Sequence[str]
    unwatched: Collection[int] = ()


class Boards:
    """The facts of one store for status pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(
        self, hours: Sequence[datetime], since: datetime, pages: Mapping[str, Mapping[str, Any]], *, now: datetime
    ) -> Board:
        """How everything is. ``hours``: the edges of the last ones. ``since``: from when on outages matter.

        ``pages``: those that show it, as ``pages`` says.
        """
        with self._database.snapshot() as snapshot:
            begins_at = as_text(since)
            watched = monitors.for_pages(snapshot)
            ended = page_outages.ended(snapshot, _shown(watched, pages), begins_at, MOST_OUTAGES)
            rows = windows.not_over(snapshot, now)
            return Board(
                watched,
                sorted([*page_outages.active(snapshot), *ended], key=lambda row: -row["id"]),
                [(windows.planned(row), row) for row in rows if row["kind"] == "maintenance"],
                incidents_of(snapshot, incidents.since(snapshot, begins_at, MOST_INCIDENTS)),
                _buckets(snapshot, hours, now),
                configuration.mailing(snapshot),
                page_outages.unwatched(snapshot, [row["id"] for row in ended]),
            )

    def pages(self, is_on: bool | None) -> dict[str, dict[str, Any]]:
        """The pages that there are, by slug; that of the one at ``/status`` is empty. ``is_on``: ``STATUS_PAGE``."""
        with self._database.snapshot() as snapshot:
            return pages_of(is_on, configuration.body(snapshot))

    def past(self, edges: Sequence[datetime], *, now: datetime) -> dict[int, list[Bucket]]:
        """The buckets of each monitor between ``edges``, which have passed."""
        with self._database.snapshot() as snapshot:
            return _buckets(snapshot, edges, now)

    def paces(self, hours: Sequence[datetime]) -> dict[int, list[float | None]]:
        """The median response time of each monitor, in milliseconds, in each of these hours."""
        numbers = {as_text(hour): number for number, hour in enumerate(hours[:-1])}
        with self._database.snapshot() as snapshot:
            parts = rollups.between(snapshot, _EVERYTHING, "hour", as_text(hours[0]), as_text(hours[-1]))
        # An hour may have two parts.
        whole: dict[int, list[Rollup | None]] = {}
        for key, part in parts:
            of_monitor = whole.setdefault(key.monitor_id, [None] * len(numbers))
            known = of_monitor[numbers[key.starts_at]]
            if known is None:
                of_monitor[numbers[key.starts_at]] = part
            else:
                known.merge(part)
        return {
            monitor_id: [
                None if each is None else each.phases["response_time_ms"].percentile(0.5) for each in of_monitor
            ]
            for monitor_id, of_monitor in whole.items()
        }

    def settings(self) -> dict[str, Any]:
        """The parts of the file beside its monitors."""
        with self._database.snapshot() as snapshot:
            return configuration.body(snapshot)


def _shown(watched: Sequence[Row], pages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names of the monitors that some page shows."""
    groups = [(slug, page.get("groups")) for slug, page in pages.items()]
    said = ((row, json.loads(row["policy"]).get("public") if row["policy"] else None) for row in watched)
    return [row["name"] for row, public in said if any(is_shown(public, row["group_name"], *each) for each in groups)]


def _buckets(transaction: Transaction, edges: Sequence[datetime], now: datetime) -> dict[int, list[Bucket]]:
    watched = monitors_in(transaction, _EVERYTHING)
    available = Availabilities(transaction, _EVERYTHING, watched, edges, now)
    marks = [milliseconds(edge) for edge in edges]
    slow: dict[str, list[Known]] = {}
    for row in alerts.slow_between(transaction, as_text(edges[0]), as_text(edges[-1])):
        starts_at = max(marks[0], milliseconds(datetime.fromisoformat(row["failed_at"])))
        ended = datetime.fromisoformat(row["resolved_at"]) if row["resolved_at"] else now
        ends_at = min(marks[-1], milliseconds(ended))
        if starts_at < ends_at:
            slow.setdefault(row["subject"], []).append(Known(starts_at, ends_at, is_down=False))
    nothing = [Availability()] * (len(edges) - 1)
    found = {}
    for monitor in watched:
        planned = available.planned_of(monitor["id"])
        of_slow = slow.get(monitor["name"])
        parts = zip(
            available.of([monitor["id"]]),
            measure(of_slow, [], marks) if of_slow else nothing,
            measure(planned, [], marks) if planned else nothing,
            strict=False,
        )
        found[monitor["id"]] = [
            Bucket(known.known_ms, known.down_ms, slowly.known_ms, held.known_ms) for known, slowly, held in parts
        ]
    return found
