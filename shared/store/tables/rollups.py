"""The tables ``rollups`` and ``folded``: events as counts and histograms, and which events are in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from shared.history.rollup import Key
from shared.store.engines.database import Row, Transaction
from shared.store.tables.scope import Scope

Part = TypeVar("Part")

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


def stored(transaction: Transaction, keys: Sequence[Key]) -> list[Row]:
    """The rows of those rollups that are stored."""
    return [row for part in _parts(keys) for row in _stored(transaction, part)]


def between(transaction: Transaction, scope: Scope, step: str, since: str, until: str) -> list[Row]:
    """The rollups of hours or days that begin in ``[since, until)``."""
    sql = f"""SELECT monitor_id, starts_at, checks, failures, slowest_ms, times FROM rollups
        WHERE step = :step AND starts_at >= :since AND starts_at < :until AND {scope.condition}"""  # noqa: S608
    return transaction.rows(sql, step=step, since=since, until=until, **scope.parameters)


def of_day(transaction: Transaction, day: str) -> list[Row]:
    """The rollups of all monitors, also of those that were removed, of the day that began then."""
    sql = """SELECT monitor_id, checks, failures, slowest_ms, times FROM rollups
        WHERE step = 'day' AND starts_at = :day"""
    return transaction.rows(sql, day=day)


def count_of_day(transaction: Transaction, day: str) -> int:
    """How many rollups of the day there are."""
    row = transaction.row("SELECT count(*) AS count FROM rollups WHERE step = 'day' AND starts_at = :day", day=day)
    return int(row["count"]) if row else 0


def first_and_last_day(transaction: Transaction) -> tuple[str | None, str | None]:
    """When the oldest and the newest of the days began of which there are rollups."""
    sql = "SELECT {} AS day FROM rollups WHERE step = 'day'"
    first, last = (transaction.row(sql.format(f"{which}(starts_at)")) for which in ("min", "max"))
    return (first["day"] if first else None), (last["day"] if last else None)


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


def _parts(whole: Sequence[Part]) -> Iterator[Sequence[Part]]:
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
    row = transaction.row("SELECT event_id FROM folded WHERE id = 1")
    return int(row["event_id"]) if row else 0


def save_folded(transaction: Transaction, event_id: int) -> None:
    """Write which event is the last that is folded in."""
    transaction.rows(_SAVE_FOLDED, event_id=event_id)


def prune(transaction: Transaction, step: str, before: str, most: int) -> int:
    """Delete the oldest rollups of hours or days that began before then, at most so many; how many there were."""
    return len(transaction.rows(_PRUNE, step=step, before=before, most=most))
