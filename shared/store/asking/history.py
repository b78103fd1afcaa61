"""How available monitors were, how often they were checked and how fast they answered: by minute, hour or day."""

import functools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.history.buckets import Step, neighbours
from shared.history.buckets import edges as edges_of
from shared.history.rollup import Rollup
from shared.history.uptime import Availability
from shared.models import as_text
from shared.models.values import MAX_ID
from shared.store.asking.availability import Availabilities
from shared.store.asking.counts import Counts
from shared.store.engines.database import Database, Row, Transaction
from shared.store.refusals import MonitorNotFound
from shared.store.tables import past_events, state_changes
from shared.store.tables.scope import Scope, monitors_in


class Measured(NamedTuple):
    """A bucket of the history. ``group``: None for all monitors, and for a single one."""

    group: str | None
    starts_at: datetime
    ends_at: datetime
    availability: Availability
    counts: Rollup


class History:
    """The past of one store. ``edges``: see ``history.buckets``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_monitor(self, monitor_id: int, edges: Sequence[datetime], step: Step, *, now: datetime) -> list[Measured]:
        """The buckets of one monitor. Raises MonitorNotFound."""
        with self._database.snapshot() as snapshot:
            scope, monitor = _one(snapshot, monitor_id)
            return list(_Reading(snapshot, scope, [monitor], edges, step, now).whole())

    def recorded_since(self, monitor_id: int) -> str | None:
        """From when on something may be known of one monitor; None if nothing ever was. Raises MonitorNotFound."""
        with self._database.snapshot() as snapshot:
            return state_changes.recorded_since(snapshot, _one(snapshot, monitor_id)[1])

    def of_groups(
        self, edges: Sequence[datetime], step: Step, *, group: str | None = None, now: datetime
    ) -> list[Measured]:
        """The buckets of all monitors together, then of each group in the order of their names; or of one ``group``."""
        scope = Scope(group=group)
        with self._database.snapshot() as snapshot:
            reading = _Reading(snapshot, scope, monitors_in(snapshot, scope), edges, step, now)
            by_group = list(reading.by_group())
            return by_group if group is not None else [*reading.whole(), *by_group]

    def count_groups(self) -> int:
        """How many groups there are."""
        with self._database.snapshot() as snapshot:
            return len({row["group_name"] for row in monitors_in(snapshot, Scope())} - {None})

    def events(
        self,
        monitor_id: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int,
        before: int | None = None,
    ) -> list[Row]:
        """The newest events of a monitor first; ``before``: only those with a smaller id. Raises MonitorNotFound."""
        with self._database.snapshot() as snapshot:
            _one(snapshot, monitor_id)
            return past_events.of_monitor(
                snapshot,
                monitor_id,
                since=as_text(since) if since else None,
                until=as_text(until) if until else None,
                limit=limit,
                before=MAX_ID if before is None else before,
            )


def _one(transaction: Transaction, monitor_id: int) -> tuple[Scope, Row]:
    scope = Scope(monitor_id=monitor_id)
    found = monitors_in(transaction, scope) if monitor_id <= MAX_ID else []
    if not found:
        raise MonitorNotFound(monitor_id)
    return scope, found[0]


class _Reading:
    """The rows of some monitors for one answer."""

    def __init__(
        self,
        transaction: Transaction,
        scope: Scope,
        monitors: Sequence[Row],
        edges: Sequence[datetime],
        step: Step,
        now: datetime,
    ) -> None:
        self._edges = edges
        self._groups = {monitor["id"]: monitor["group_name"] for monitor in monitors}
        available = Availabilities(transaction, scope, monitors, edges, now)
        members: dict[str | None, list[int]] = defaultdict(list)
        for monitor in monitors:
            members[monitor["group_name"]].append(monitor["id"])
        self._available = {group: available.of(ids) for group, ids in members.items()}
        self._marks = [as_text(edge) for edge in edges]
        # By the bucket's number: what is merged already, of all (None) or of a group; and what is added to that, of a
        # group or of none.
        self._merged: dict[str | None, dict[int, Rollup]] = defaultdict(_nothing)
        self._counts: dict[str | None, dict[int, Rollup]] = defaultdict(_nothing)
        # A whole is counted day by day.
        parts = edges_of(edges[0], edges[-1], "day") if step == "whole" else edges
        Counts(transaction, scope, self._find, self._take).read(parts, "day" if step == "whole" else step, now)

    def whole(self) -> Iterator[Measured]:
        """The buckets of all that was read."""
        groups = zip(*self._available.values(), strict=True)
        available = [functools.reduce(Availability.plus, each) for each in groups] or [Availability()] * len(
            self._edges[1:]
        )
        return self._rows(None, available, list(self._counts.values()))

    def by_group(self) -> Iterator[Measured]:
        """The buckets of each group. Monitors without one are left out."""
        for group in sorted(each for each in self._available if each is not None):
            yield from self._rows(group, self._available[group], [self._counts[group]])

    def _rows(
        self, group: str | None, available: Sequence[Availability], added: Sequence[Mapping[int, Rollup]]
    ) -> Iterator[Measured]:
        counts = self._merged[group]
        for some in added:
            for number, other in some.items():
                counts[number].merge(other)
        for number, ((starts_at, ends_at), whole) in enumerate(zip(neighbours(self._edges), available, strict=True)):
            yield Measured(group, starts_at, ends_at, whole, counts[number])

    def _find(self, monitor_id: int, at: str) -> Rollup:
        """The bucket in which an hour or a day of a monitor counts."""
        return self._counts[self._groups[monitor_id]][self._number(at)]

    def _take(self, row: Row) -> None:
        """Count a merged day."""
        self._merged[row["group_name"]][self._number(row["starts_at"])].take_merged(row)

    def _number(self, at: str) -> int:
        return bisect_right(self._marks, at) - 1


def _nothing() -> dict[int, Rollup]:
    return defaultdict(Rollup)
