"""How available monitors were, how often they were checked and how fast they answered: by minute, hour or day."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.history.buckets import Step, neighbours
from shared.history.buckets import edges as edges_of
from shared.history.rollup import Rollup
from shared.history.uptime import Availability
from shared.models import as_text
from shared.store.asking.availability import availability
from shared.store.asking.counts import Counts
from shared.store.engines.database import MAX_ID, Database, Row, Transaction
from shared.store.refusals import MonitorNotFound
from shared.store.tables import past_events
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
    """What is read of some monitors for one answer."""

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
        self._available = availability(transaction, scope, monitors, edges, now)
        self._marks = [as_text(edge) for edge in edges]
        self._counts: dict[str | None, list[Rollup]] = defaultdict(lambda: [Rollup() for _ in edges[1:]])
        # A whole is counted day by day.
        parts = edges_of(edges[0], edges[-1], "day") if step == "whole" else edges
        Counts(transaction, scope, self._find).read(parts, "day" if step == "whole" else step, now)

    def whole(self) -> Iterator[Measured]:
        """The buckets of all that was read."""
        counts = [Rollup() for _ in self._edges[1:]]
        for of_group in self._counts.values():
            for all_of_them, some in zip(counts, of_group, strict=True):
                all_of_them.merge(some)
        yield from self._rows(None, list(self._groups), counts)

    def by_group(self) -> Iterator[Measured]:
        """The buckets of each group. Monitors without one are left out."""
        for group in sorted({each for each in self._groups.values() if each is not None}):
            members = [monitor_id for monitor_id, each in self._groups.items() if each == group]
            yield from self._rows(group, members, self._counts[group])

    def _rows(self, group: str | None, monitor_ids: Sequence[int], counts: Sequence[Rollup]) -> Iterator[Measured]:
        for number, (starts_at, ends_at) in enumerate(neighbours(self._edges)):
            whole = Availability()
            for monitor_id in monitor_ids:
                whole = whole.plus(self._available[monitor_id][number])
            yield Measured(group, starts_at, ends_at, whole, counts[number])

    def _find(self, monitor_id: int, at: str) -> Rollup:
        """Where it is counted what a monitor has at a time."""
        return self._counts[self._groups[monitor_id]][bisect_right(self._marks, at) - 1]
