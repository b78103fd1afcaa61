"""How many checks there were, how many failed and how long they took: of the rollups, and of what is not folded yet."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from shared.history.buckets import LENGTHS, Step, ceiling, floor, neighbours, shifted
from shared.history.rollup import Key, Rollup
from shared.models import as_text
from shared.models.values import MAX_ID
from shared.store.engines.database import Row, Transaction
from shared.store.tables import events, merged_days, past_events, rollups
from shared.store.tables.scope import Scope

# An event is received after its time, but the clocks of its agent and of the store may differ.
SKEW = timedelta(minutes=2)
# An event that waited for the backend for longer than this is counted with its hour, and not by its own time.
DELAY = timedelta(hours=1)
# The parts of which a longer span is made.
_FINER: dict[Step, Step] = {"day": "hour"}
# Finds the rollup that counts what a monitor (by its id) has at a time (as text).
Find = Callable[[int, str], Rollup]
# Counts a row of ``merged_days``.
Take = Callable[[Row], None]


class Counts:
    """The answer to one question. It is counted in the rollups that ``find`` finds.

    Days that are merged already are left to ``take``, if there is one. Merged days are no single monitor's.
    """

    def __init__(self, transaction: Transaction, scope: Scope, find: Find, take: Take | None) -> None:
        self._transaction, self._scope, self._find, self._take = transaction, scope, find, take
        self._folded = rollups.folded(transaction)

    def read(self, edges: Sequence[datetime], step: Step, now: datetime) -> None:
        """Count everything between the first and the last of ``edges``, which are ``buckets.edges`` of ``step``."""
        if step == "minute":
            self._add_events(self._events(edges[0], edges[-1]))
            return
        # Nothing is there after now, so that what is still going on is whole.
        buckets = [(start, end if end < now else ceiling(end, step)) for start, end in neighbours(edges)]
        whole = [(start, end) for start, end in buckets if end - start == LENGTHS[step]]
        if whole:
            taken = self._take_merged(whole[0][0], whole[-1][1]) if step == "day" else set()
            for is_taken, run in itertools.groupby(whole, lambda bucket: as_text(bucket[0]) in taken):
                some = list(run)
                if not is_taken:
                    self._add_rollups(self._rollups(step, some[0][0], some[-1][1]))
        for start, end in buckets:
            if end - start != LENGTHS[step]:
                self._add_part(step, start, end)
        unfolded = past_events.measured(
            self._transaction, self._scope, as_text(edges[0]), as_text(edges[-1]), after=self._folded
        )
        self._add_events(unfolded)

    def _take_merged(self, since: datetime, until: datetime) -> set[str]:
        """Take the days that are merged; when they began."""
        if self._take is None or self._scope.monitor_id is not None:
            return set()
        rows = merged_days.between(self._transaction, self._scope, as_text(since), as_text(until))
        for row in rows:
            self._take(row)
        return {row["starts_at"] for row in rows}

    def _add_part(self, step: Step, start: datetime, end: datetime) -> None:
        """Count what is folded of a part of one day or hour.

        It is made of hours, or of events. If those are gone already, the whole counts where it begins.
        """
        begins_at = floor(start, step)
        ends_at = shifted(begins_at, LENGTHS[step])
        whole = self._rollups(step, begins_at, ends_at)
        finer = _FINER.get(step)
        if finer is None:
            events_of_it = list(self._events(begins_at, ends_at, up_to=self._folded))
            is_gone = len(events_of_it) < _checks(whole)
        else:
            parts = self._rollups(finer, begins_at, ends_at)
            is_gone = _checks(parts) < _checks(whole)
        if is_gone:
            self._add_rollups(whole if start == begins_at else [])
        elif finer is None:
            since, until = as_text(start), as_text(end)
            self._add_events(row for row in events_of_it if since <= row["timestamp"] < until)
        else:
            first, last = ceiling(start, finer), floor(end, finer)
            since, until = as_text(first), as_text(last)
            self._add_rollups(part for part in parts if since <= part[0].starts_at < until)
            for part in _clipped(start, end, first, last):
                self._add_part(finer, *part)

    def _rollups(self, step: Step, since: datetime, until: datetime) -> list[tuple[Key, Rollup]]:
        return rollups.between(self._transaction, self._scope, step, as_text(since), as_text(until))

    def _events(self, since: datetime, until: datetime, up_to: int = MAX_ID) -> Iterable[Row]:
        after = 0
        if self._scope.monitor_id is None:
            # Only those of one monitor are found without reading all.
            newest = events.newest_id(self._transaction)
            after, last = (
                past_events.last_received_before(self._transaction, as_text(at), newest)
                for at in (shifted(since, -SKEW), shifted(until, DELAY))
            )
            up_to = min(up_to, last)
        return past_events.measured(
            self._transaction, self._scope, as_text(since), as_text(until), after=after, up_to=up_to
        )

    def _add_rollups(self, found: Iterable[tuple[Key, Rollup]]) -> None:
        for key, rollup in found:
            self._find(key.monitor_id, key.starts_at).merge(rollup)

    def _add_events(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._find(row["monitor_id"], row["timestamp"]).add(row)


def _checks(found: Iterable[tuple[Key, Rollup]]) -> int:
    return sum(rollup.checks for _, rollup in found)


def _clipped(start: datetime, end: datetime, first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of ``[start, end)`` outside the whole hours ``[first, last)``."""
    if first > last:
        return [(start, end)]
    return [part for part in ((start, first), (last, end)) if part[0] < part[1]]
