"""The tables ``rollups`` and ``folded``: events as counts and histograms, and which events are in them.

An hour or a day that is over has its row in ``packs``; what arrives for it later has one here until it is packed too. A
question reads both.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from shared.history.rollup import Key, Rollup
from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.packs import Part, count_packed, number_of, packed_between, packed_days_of
from shared.store.tables.scope import Scope

Piece = TypeVar("Piece")

_COLUMNS = ("monitor_id", "step", "starts_at", "checks", "failures", "slowest_ms", "times")
_UPDATED = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[3:])
# Rows in one statement: the database may be far away.
_AT_ONCE = 250
_SAVE_FOLDED = """
    INSERT INTO folded (id, event_id) VALUES (1, :event_id)
    ON CONFLICT (id) DO UPDATE SET event_id = excluded.event_id"""
_PRUNE = """
    DELETE FROM rollups WHERE id IN (
        SELECT id FROM rollups WHERE step = :step AND starts_at < :before ORDER BY starts_at LIMIT :most)
    RETURNING id"""


_OLDEST = """
    SELECT monitor_id, step, starts_at FROM rollups WHERE step = :step AND starts_at < :before
    ORDER BY starts_at LIMIT 1"""
_OF_PART = """
    SELECT * FROM rollups
    WHERE monitor_id = :monitor_id AND step = :step AND starts_at >= :since AND starts_at < :until"""


class Mark(NamedTuple):
    """The last event that is folded in, and how often packs were written."""

    event_id: int
    packed_times: int


def stored(transaction: Transaction, keys: Sequence[Key]) -> list[Row]:
    """The rows of those rollups that are stored here."""
    return [row for part in _parts(keys) for row in _stored(transaction, part)]


def between(
    transaction: Transaction, scope: Scope | None, step: str, since: str, until: str
) -> list[tuple[Key, Rollup]]:
    """The rollups of hours or days that begin in ``[since, until)``, some in two parts, here and in ``packs``.

    Without a scope: of all monitors, also of those that were removed.
    """
    of_scope = f" AND {scope.condition}" if scope else ""
    sql = f"""SELECT monitor_id, step, starts_at, checks, failures, slowest_ms, times FROM rollups
        WHERE step = :step AND starts_at >= :since AND starts_at < :until{of_scope}"""  # noqa: S608  # our own text
    rows = transaction.rows(sql, step=step, since=since, until=until, **(scope.parameters if scope else {}))
    found = [(_key(row), Rollup.of(row)) for row in rows]
    return [*packed_between(transaction, scope, step, since, until), *found]


def count_of_day(transaction: Transaction, day: str) -> int:
    """How many rows have a part of the day. If nothing is folded or packed, it falls only when some are pruned."""
    row = transaction.row("SELECT count(*) AS count FROM rollups WHERE step = 'day' AND starts_at = :day", day=day)
    return (int(row["count"]) if row else 0) + count_packed(transaction, day)


def first_and_last_day(transaction: Transaction) -> tuple[str | None, str | None]:
    """When the oldest and the newest of the days began of which there are rollups."""
    sql = """SELECT {0}(day) AS day FROM (SELECT {0}(starts_at) AS day FROM rollups WHERE step = 'day'
        UNION ALL SELECT {0}({1}) FROM packs WHERE step = 'day') found"""
    first, last = (transaction.row(sql.format(*which)) for which in (("min", "starts_at"), ("max", "last_at")))
    return (first["day"] if first else None), (last["day"] if last else None)


def days_of(transaction: Transaction, monitor_ids: Sequence[int]) -> set[str]:
    """When the days began in which these monitors were checked, and perhaps some between those."""
    found = packed_days_of(transaction, monitor_ids)
    for some, named in in_parts(monitor_ids):
        sql = f"SELECT DISTINCT starts_at FROM rollups WHERE step = 'day' AND monitor_id IN ({some})"  # noqa: S608
        found |= {row["starts_at"] for row in transaction.rows(sql, **named)}
    return found


def oldest_part(transaction: Transaction, step: str, before: str) -> Part | None:
    """The pack of the oldest hour or day that began before then; None if there is none."""
    row = transaction.row(_OLDEST, step=step, before=before)
    return Part.of(_key(row)) if row else None


def of_part(transaction: Transaction, part: Part, before: str) -> dict[int, tuple[int, Rollup]]:
    """The rollups that belong there and began before then, by the ids of their rows, each with its number."""
    since, until = part.edges
    rows = transaction.rows(_OF_PART, monitor_id=part.monitor_id, step=part.step, since=since, until=min(until, before))
    return {row["id"]: (number_of(part.step, row["starts_at"]), Rollup.of(row)) for row in rows}


def delete(transaction: Transaction, ids: Sequence[int]) -> None:
    """Delete the rows with these ids."""
    for some, named in in_parts(ids):
        transaction.run(f"DELETE FROM rollups WHERE id IN ({some})", **named)  # noqa: S608  # numbers


def _key(row: Row) -> Key:
    return Key(row["monitor_id"], row["step"], row["starts_at"])


def put(transaction: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rollups over those that are stored. Each row has a value for each of the columns."""
    for part in _parts(rows):
        values = ", ".join(f"({', '.join(f':{name}_{number}' for name in _COLUMNS)})" for number in range(len(part)))
        named = {f"{name}_{number}": row[name] for number, row in enumerate(part) for name in _COLUMNS}
        transaction.rows(
            f"INSERT INTO rollups ({', '.join(_COLUMNS)}) VALUES {values} "  # noqa: S608  # our own names
            f"ON CONFLICT (monitor_id, step, starts_at) DO UPDATE SET {_UPDATED}",
            **named,
        )


def _parts(whole: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    yield from (whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE))


def _stored(transaction: Transaction, keys: Sequence[Key]) -> list[Row]:
    values: list[str] = []
    named: dict[str, Any] = {}
    for number, key in enumerate(keys):
        # PostgreSQL does not find out the types by itself.
        values.append(f"(CAST(:m_{number} AS BIGINT), CAST(:s_{number} AS TEXT), CAST(:t_{number} AS TEXT))")
        named |= {f"m_{number}": key.monitor_id, f"s_{number}": key.step, f"t_{number}": key.starts_at}
    sql = "SELECT * FROM rollups WHERE (monitor_id, step, starts_at) IN"
    return transaction.rows(f"{sql} (VALUES {', '.join(values)})", **named)


def folded(transaction: Transaction) -> int:
    """The last event that is folded in; 0 if none is."""
    return mark(transaction).event_id


def mark(transaction: Transaction) -> Mark:
    """How far folding and packing are. If it is another one, what was read before is no longer true."""
    row = transaction.row("SELECT event_id, packed_times FROM folded WHERE id = 1")
    return Mark(int(row["event_id"]), int(row["packed_times"])) if row else Mark(0, 0)


def note_packing(transaction: Transaction) -> None:
    """Change the mark; whatever writes ``packs`` does it."""
    transaction.run("UPDATE folded SET packed_times = packed_times + 1 WHERE id = 1")


def save_folded(transaction: Transaction, event_id: int) -> None:
    """Write which event is the last that is folded in."""
    transaction.rows(_SAVE_FOLDED, event_id=event_id)


def prune(transaction: Transaction, step: str, before: str, most: int) -> int:
    """Delete the oldest rollups of hours or days that began before then, at most so many; how many there were."""
    return len(transaction.rows(_PRUNE, step=step, before=before, most=most))
