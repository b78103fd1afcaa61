"""The table ``results``: what checks found, apart from their times. Many events share one."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.narrowing import RESULT, digest_of

Result = tuple[Any, ...]

_COLUMNS = ("digest", "used_until", *RESULT, "id_form")
# For so many further events a result may be used without a note, so that few events cause one.
_LEASE = 100_000
# Rows in one statement, which has a parameter for each of their values.
_AT_ONCE = 100
# So many events may stay among the oldest although they could be pruned: those that are dated ahead.
_STAY = 1_000
_PRUNABLE = """
    SELECT id FROM results r
    WHERE used_until < coalesce(
        (SELECT id FROM raw_events ORDER BY id LIMIT 1 OFFSET :stay), (SELECT max(id) + 1 FROM raw_events))
      AND NOT EXISTS (SELECT 1 FROM raw_events e WHERE e.id <= r.used_until AND e.result_id = r.id)
    ORDER BY used_until LIMIT :most"""


class Known:
    """The results that a transaction needs, by their values; what is new among them is added."""

    def __init__(self, transaction: Transaction, wanted: Iterable[Result], stored: Sequence[Row]) -> None:
        """``stored``: those of ``wanted`` that are there, with ``id``, ``digest`` and ``used_until``."""
        self._transaction = transaction
        self._rows: dict[str, Mapping[str, Any]] = {row["digest"]: row for row in stored}
        new = {digest: result for result in wanted if (digest := digest_of(result)) not in self._rows}
        missing = iter(new.items())
        while some := list(itertools.islice(missing, _AT_ONCE)):
            self._rows |= {row["digest"]: row for row in _add(transaction, some)}

    def id_of(self, result: Result) -> int:
        """The id of one of the wanted results."""
        return int(self._rows[digest_of(result)]["id"])

    def note_use(self, used: Iterable[Result], event_id: int) -> None:
        """Note that events up to this id have these results."""
        rows = (self._rows[digest] for digest in {digest_of(result) for result in used})
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


def _add(transaction: Transaction, new: Sequence[tuple[str, Result]]) -> list[Row]:
    values: list[str] = []
    named: dict[str, Any] = {}
    for number, (digest, result) in enumerate(new):
        row = dict(zip(_COLUMNS, (digest, 0, *result), strict=True))
        values.append(f"({', '.join(f':{name}_{number}' for name in _COLUMNS)})")
        named |= {f"{name}_{number}": value for name, value in row.items()}
    sql = f"INSERT INTO results ({', '.join(_COLUMNS)}) VALUES {', '.join(values)} RETURNING id, digest, used_until"  # noqa: S608  # our own names
    return transaction.rows(sql, **named)


def _placeholders(named: Collection[str]) -> str:
    return ", ".join(f":{name}" for name in named)
