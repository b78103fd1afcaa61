"""The table ``results``: what checks found, apart from their times. Many events share one."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.narrowing import RESULT, Narrow

_INTO = f"INSERT INTO results (digest, used_until, {', '.join(RESULT)}, id_form)"
# For so many further events a result may be used without a note, so that few events cause one.
_LEASE = 100_000
# Rows in one statement, which has a parameter for each of their values.
_AT_ONCE = 100
# How many events that could be pruned may stay among the oldest: those that are dated ahead.
_STAY = 1_000
_PRUNABLE = """
    SELECT id FROM results r
    WHERE used_until < coalesce(
        (SELECT id FROM raw_events ORDER BY id LIMIT 1 OFFSET :stay), (SELECT max(id) + 1 FROM raw_events))
      AND NOT EXISTS (SELECT 1 FROM raw_events e WHERE e.id <= r.used_until AND e.result_id = r.id)
    ORDER BY used_until LIMIT :most"""


class Known:
    """The results that a transaction needs, by their values; what is new among them is added."""

    def __init__(self, transaction: Transaction, wanted: Iterable[Narrow], stored: Sequence[Row]) -> None:
        """``wanted``: the rows that have them. ``stored``: those that are there: ``id``, ``digest``, ``used_until``."""
        self._transaction = transaction
        self._rows: dict[str, Mapping[str, Any]] = {row["digest"]: row for row in stored}
        new = {row.digest: (row.digest, 0, *row.result) for row in wanted if row.digest not in self._rows}
        missing = iter(new.values())
        while some := list(itertools.islice(missing, _AT_ONCE)):
            added = transaction.ask_to_add(_INTO, some, "RETURNING id, digest, used_until")
            self._rows |= {row["digest"]: row for row in added()}
        self._ids = {digest: int(row["id"]) for digest, row in self._rows.items()}

    def id_of(self, row: Narrow) -> int:
        """The id of the result of one of the rows."""
        return self._ids[row.digest]

    def note_use(self, used: Iterable[Narrow], event_id: int) -> None:
        """Note that events up to this id have the results of these rows."""
        rows = (self._rows[digest] for digest in {row.digest for row in used})
        for ids, named in in_parts([row["id"] for row in rows if row["used_until"] < event_id]):
            sql = f"UPDATE results SET used_until = :until WHERE id IN ({ids})"  # noqa: S608  # numbers
            self._transaction.run(sql, until=event_id + _LEASE, **named)


def prune(transaction: Transaction, most: int) -> int:
    """Delete at most so many results that no event has any more; how many there were."""
    named = {f"id_{number}": row["id"] for number, row in enumerate(prunable(transaction, most))}
    if named:
        transaction.rows(f"DELETE FROM results WHERE id IN ({_placeholders(named)})", **named)  # noqa: S608  # ids
    return len(named)


def prunable(transaction: Transaction, most: int) -> list[Row]:
    """The ids of at most so many results that no event has any more."""
    return transaction.rows(_PRUNABLE, stay=_STAY, most=most)


def _placeholders(named: Collection[str]) -> str:
    return ", ".join(f":{name}" for name in named)
