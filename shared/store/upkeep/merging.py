"""The rollups of a day, merged for all monitors and for each group, so that a long history is read fast."""

import itertools
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.history.buckets import ceiling, floor
from shared.history.rollup import Key, Rollup
from shared.models import as_text
from shared.store.engines.database import Database, Transaction
from shared.store.tables import merged_days, rollups

_A_DAY = timedelta(days=1)
# Packs have many days, and each is read once for all of these.
_DAYS_AT_ONCE = 8
# Events that are folded together are of one day, or around midnight of two.
_MOST_DAYS = 3


class Additions:
    """The additions of new events to the merged days that are there.

    It is read and counted while nobody waits. ``save`` writes it, or forgets the days if they are others by then.
    """

    def __init__(self, transaction: Transaction, added: Mapping[Key, Rollup]) -> None:
        of_days = {key: rollup for key, rollup in added.items() if key.step == "day"}
        self._days = {key.starts_at for key in of_days}
        self._stored: list[dict[str, Any]] = []
        self._groups: dict[int, str | None] = {}
        self._rows: list[dict[str, Any]] = []
        if len(self._days) <= _MOST_DAYS:
            self._stored = merged_days.of_days(transaction, self._days)
        if self._stored:
            self._groups = merged_days.groups(transaction)
            self._count(of_days)

    def save(self, transaction: Transaction) -> None:
        """Write them with the rollups that they are part of."""
        is_same = self._stored and merged_days.of_days(transaction, self._days) == self._stored
        if is_same and merged_days.groups(transaction) == self._groups:
            merged_days.put(transaction, self._rows)
        else:
            merged_days.forget(transaction, self._days)

    def _count(self, added: Mapping[Key, Rollup]) -> None:
        found: dict[str, dict[str | None, Rollup]] = defaultdict(dict)
        for row in self._stored:
            found[row["starts_at"]][row["group_name"]] = Rollup.of(row)
        for key, rollup in added.items():
            if key.starts_at in found and key.monitor_id in self._groups:
                for group in {None, self._groups[key.monitor_id]}:
                    found[key.starts_at].setdefault(group, Rollup()).merge(rollup)
        self._rows = [_row(day, group, each) for day, groups in found.items() for group, each in groups.items()]


def follow_moves(database: Database) -> int:
    """Forget the days of monitors that are new, were removed or are in another group; how many there were."""
    with database.snapshot() as snapshot:
        moved = len(merged_days.moved(snapshot))
    if moved:
        with database.transaction() as transaction:
            merged_days.follow_moves(transaction)
    return moved


def merge_days(database: Database, kept_since: datetime, now: datetime) -> int:
    """Merge the newest days that are not merged; how many. 0 if there is none that is kept.

    Nobody waits while it counts: it writes each of them afterwards, if the day's rollups are the same then.
    """
    with database.snapshot() as snapshot:
        days = _missing(snapshot, kept_since, now)
        if not days:
            return 0
        groups, mark = merged_days.groups(snapshot), rollups.mark(snapshot)
        counts = {day: rollups.count_of_day(snapshot, day) for day in days}
        end = as_text(datetime.fromisoformat(days[0]) + _A_DAY)
        stored = rollups.between(snapshot, None, "day", days[-1], end)
    found: dict[str, dict[str | None, Rollup]] = {day: defaultdict(Rollup) for day in days}
    for key, rollup in stored:
        if key.starts_at in found and key.monitor_id in groups:
            found[key.starts_at][groups[key.monitor_id]].merge(rollup)
    for day, merged in found.items():
        rows = _rows(day, merged)
        with database.transaction() as transaction:
            is_same = rollups.mark(transaction) == mark and rollups.count_of_day(transaction, day) == counts[day]
            if is_same and merged_days.groups(transaction) == groups:
                merged_days.put(transaction, rows)
    return len(days)


def _rows(day: str, merged: Mapping[str | None, Rollup]) -> list[dict[str, Any]]:
    """The rows of a day: of all monitors, and of each group. ``merged``: of each group, and of those without one."""
    together = Rollup()
    for rollup in merged.values():
        together.merge(rollup)
    return [_row(day, group, rollup) for group, rollup in {**merged, None: together}.items()]


def _row(day: str, group: str | None, rollup: Rollup) -> dict[str, Any]:
    return {"group_name": group, "starts_at": day, **rollup.merged_columns()}


def _missing(transaction: Transaction, kept_since: datetime, now: datetime) -> list[str]:
    """The newest days that are not merged, newest first; as many as are merged at once."""
    first, last = rollups.first_and_last_day(transaction)
    if first is None or last is None:
        return []
    earliest = max(datetime.fromisoformat(first), ceiling(kept_since, "day"))
    newest = min(datetime.fromisoformat(last), floor(now, "day"))
    present = merged_days.present(transaction)
    days = (as_text(newest - number * _A_DAY) for number in range((newest - earliest) // _A_DAY + 1))
    return list(itertools.islice((day for day in days if day not in present), _DAYS_AT_ONCE))
