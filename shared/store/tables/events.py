"""Events: the table ``raw_events``, the rows of former versions in ``old_events``, and ``events``, the view of both."""

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.narrowing import COLUMNS, Narrow, key_of, of_event, of_row
from shared.store.tables.results import Known

if TYPE_CHECKING:
    from shared.models import Event

Part = TypeVar("Part")

# Rows in one statement: the database may be far away, and the time to read a longer statement grows with its length.
_AT_ONCE = 100
_FIND = """
    SELECT id FROM raw_events WHERE key_high = :key_high AND key_low = :key_low
    UNION ALL SELECT id FROM old_events WHERE event_id = :event_id"""
_RESULTS = "SELECT id, digest, used_until FROM results WHERE digest IN"
_OLD_IDS = "SELECT id, event_id AS digest, -1 AS used_until FROM old_events WHERE event_id IN"
_TIMES = """
    SELECT id, response_time_ms, dns_ms, connect_ms, tls_ms, first_byte_ms, certificate_expires_at
    FROM events WHERE id IN"""
_INTO = f"INSERT INTO raw_events ({', '.join(COLUMNS)}, monitor_id, result_id)"
_INTO_WITH_ID = f"INSERT INTO raw_events ({', '.join(COLUMNS)}, monitor_id, result_id, id)"
_UNLESS_KNOWN = "ON CONFLICT (key_high, key_low) DO NOTHING RETURNING id, key_high, key_low"
_OLD = "SELECT * FROM old_events WHERE id > :after ORDER BY id LIMIT :most"


class Stored(NamedTuple):
    """An event's row, and whether it was there before."""

    id: int
    is_duplicate: bool


class Adding:
    """Events on their way into the table. Their stored rows are asked for before their monitors are known."""

    def __init__(self, transaction: Transaction, received: "Sequence[tuple[Event, datetime]]") -> None:
        """``received``: each event with the time of its receipt."""
        self._transaction, self._events = transaction, [event for event, _ in received]
        self._rows = [of_event(event, received_at) for event, received_at in received]
        self._asked = _ask(transaction, self._rows, [event.event_id for event in self._events])

    def add(self, monitor_ids: Sequence[int | None]) -> list[Stored]:
        """Store the events, each with its monitor's id, or None if its ``event_id`` is known; their rows, in order.

        A known event changes nothing.
        """
        results, old = _found(self._asked)
        new: dict[tuple[int, int], tuple[Narrow, int]] = {}
        for event, row, monitor_id in zip(self._events, self._rows, monitor_ids, strict=True):
            if monitor_id is not None and event.event_id not in old:
                new.setdefault(row.key, (row, monitor_id))
        known = Known(self._transaction, (row for row, _ in new.values()), results)
        rows = [(*row.values, monitor_id, known.id_of(row)) for row, monitor_id in new.values()]
        inserted = [self._transaction.ask_to_add(_INTO, part, _UNLESS_KNOWN) for part in _parts(rows)]
        added = {(row["key_high"], row["key_low"]): row["id"] for answer in inserted for row in answer()}
        if added:
            known.note_use((new[key][0] for key in added), max(added.values()))
        return list(self._stored(old, added))

    def _stored(self, old: Mapping[str, int], added: Mapping[tuple[int, int], int]) -> Iterator[Stored]:
        """The outcome of each. ``old``: the ids of those that a former version has stored."""
        given = zip(self._events, self._rows, strict=True)
        ids = [old.get(event.event_id) or added.get(row.key) for event, row in given]
        missing = [event.event_id for event, row_id in zip(self._events, ids, strict=True) if row_id is None]
        known = {event_id: _ask_id(self._transaction, event_id) for event_id in missing}
        fresh = set(added.values())
        for event, row_id in zip(self._events, ids, strict=True):
            yield Stored(row_id or _id_in(known[event.event_id]()) or 0, is_duplicate=row_id not in fresh)
            fresh.discard(row_id)


def with_ids(transaction: Transaction, ids: Iterable[int | None]) -> dict[int, Row]:
    """The rows with these ids, as the view shows them, by id."""
    named = _named({each for each in ids if each is not None})
    if not named:
        return {}
    sql = f"SELECT * FROM events WHERE id IN ({_placeholders(named)})"  # noqa: S608  # numbers
    return {row["id"]: row for row in transaction.rows(sql, **named)}


def times_of(transaction: Transaction, ids: Sequence[int]) -> dict[int, Row]:
    """How long the checks with these ids took, and until when the certificates hold that they saw, by id."""
    asked = [transaction.ask(f"{_TIMES} ({some})", **named) for some, named in in_parts(ids)]
    return {row["id"]: row for answer in asked for row in answer()}


def id_of(transaction: Transaction, event_id: str) -> int | None:
    """The id of the row that has this ``event_id``."""
    return _id_in(_ask_id(transaction, event_id)())


def _ask_id(transaction: Transaction, event_id: str) -> Callable[[], list[Row]]:
    key = key_of(event_id)
    return transaction.ask(_FIND, key_high=key.high, key_low=key.low, event_id=event_id)


def _id_in(rows: Sequence[Row]) -> int | None:
    return int(rows[0]["id"]) if rows else None


def newest_id(transaction: Transaction) -> int:
    """The greatest id of an event; 0 if there is none."""
    sql = (
        "SELECT max(id) AS newest FROM (SELECT max(id) AS id FROM raw_events UNION ALL SELECT max(id) FROM old_events)"
    )
    row = transaction.row(f"{sql} AS numbers")
    return int(row["newest"] or 0) if row else 0


def delete(transaction: Transaction, ids: Iterable[int]) -> None:
    """Delete the rows with these ids."""
    named = _named(ids)
    for table in ("raw_events", "old_events", "judgements"):
        transaction.rows(f"DELETE FROM {table} WHERE id IN ({_placeholders(named)})", **named)  # noqa: S608  # numbers


def old_rows(transaction: Transaction, after: int, most: int) -> list[Row]:
    """The first rows of former versions behind the id ``after``."""
    return transaction.rows(_OLD, after=after, most=most)


class Former(NamedTuple):
    """A row of a former version, and the narrow row that it becomes."""

    id: int
    monitor_id: int
    narrow: Narrow


def narrowed(rows: Iterable[Row]) -> list[Former]:
    """The events of rows of former versions; those that somebody damaged are left out."""
    found = []
    for row in rows:
        with contextlib.suppress(ValueError):
            found.append(Former(row["id"], row["monitor_id"], of_row(row)))
    return found


def move(transaction: Transaction, rows: Sequence[Former]) -> int:
    """Move rows of former versions, under their ids; how many were still there."""
    named = _named(row.id for row in rows)
    if not named:
        return 0
    sql = f"DELETE FROM old_events WHERE id IN ({_placeholders(named)}) RETURNING id"  # noqa: S608  # numbers
    # Another process may have moved, or pruned, some of them since they were read.
    left = {row["id"] for row in transaction.rows(sql, **named)}
    for part in _parts([row for row in rows if row.id in left]):
        results, _ = _found(_ask(transaction, [row.narrow for row in part]))
        known = Known(transaction, (row.narrow for row in part), results)
        added = [(*row.narrow.values, row.monitor_id, known.id_of(row.narrow), row.id) for row in part]
        transaction.ask_to_add(_INTO_WITH_ID, added, _UNLESS_KNOWN)
        known.note_use((row.narrow for row in part), max(row.id for row in part))
    return len(left)


def _ask(
    transaction: Transaction, rows: Sequence[Narrow], event_ids: Sequence[str] = ()
) -> list[Callable[[], list[Row]]]:
    """Ask for the results that are stored, and for the ids of the events that a former version has stored."""
    digests = _parts(list({row.digest for row in rows}))
    parts = itertools.zip_longest(digests, _parts(event_ids), fillvalue=())
    return [_ask_part(transaction, some, ids) for some, ids in parts]


def _ask_part(transaction: Transaction, some: Sequence[str], ids: Sequence[str]) -> Callable[[], list[Row]]:
    parts = [(_RESULTS, some), (_OLD_IDS, ids)]
    asked = [f"{sql} ({transaction.marks(len(values))})" for sql, values in parts if values]
    return transaction.ask_by_position(" UNION ALL ".join(asked), (*some, *ids))


def _found(asked: Iterable[Callable[[], list[Row]]]) -> tuple[list[Row], dict[str, int]]:
    """The results, and the ids of the events of a former version by their event_ids."""
    found = [row for answer in asked for row in answer()]
    old = {row["digest"]: int(row["id"]) for row in found if row["used_until"] < 0}
    return [row for row in found if row["used_until"] >= 0], old


def _parts(whole: Sequence[Part]) -> Iterator[Sequence[Part]]:
    yield from (whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE))


def _named(ids: Iterable[int]) -> dict[str, int]:
    return {f"id_{number}": row_id for number, row_id in enumerate(ids)}


def _placeholders(named: Iterable[str]) -> str:
    return ", ".join(f":{name}" for name in named)
