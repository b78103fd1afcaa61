"""The tables ``merged_days`` and ``merged_monitors``: rollups of days, merged for all and for each group.

A day is there for all and for each group that had checks, or not at all. It is the sum of the day's rollups of the
monitors in ``merged_monitors``. Code that changes those rollups changes or forgets the day in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.rollups import days_of
from shared.store.tables.scope import Scope

_COLUMNS = ("group_name", "starts_at", "checks", "failures", "slowest_ms", "times", "percentiles")
# Rows in one statement: the database may be far away.
_AT_ONCE = 100
# The monitors that are in another group than their rollups are merged for, or are new, or were removed.
_MOVED = """
    SELECT monitors.id FROM monitors LEFT JOIN merged_monitors ON monitor_id = monitors.id
    WHERE removed_at IS NULL AND (monitor_id IS NULL
        OR COALESCE(merged_monitors.group_name, '') <> COALESCE(monitors.group_name, ''))
    UNION ALL
    SELECT monitor_id FROM merged_monitors JOIN monitors ON monitors.id = monitor_id WHERE removed_at IS NOT NULL"""
_ADD_NEW = """
    INSERT INTO merged_monitors (monitor_id, group_name)
    SELECT id, group_name FROM monitors
    WHERE removed_at IS NULL AND id NOT IN (SELECT monitor_id FROM merged_monitors) ORDER BY id"""


def between(transaction: Transaction, scope: Scope, since: str, until: str) -> list[Row]:
    """The merged days that begin in ``[since, until)``, for a group or for all (no group) and each group.

    Those are left out in which a monitor was checked that has moved since they were merged.
    """
    of_group = "" if scope.group is None else " AND (group_name IS NULL OR group_name = :of_group)"
    sql = f"SELECT * FROM merged_days WHERE starts_at >= :since AND starts_at < :until{of_group}"  # noqa: S608  # ours
    rows = transaction.rows(sql, since=since, until=until, **scope.parameters)
    if not rows:
        return []
    stale = days_of(transaction, moved(transaction))
    return [row for row in rows if row["starts_at"] not in stale]


def moved(transaction: Transaction) -> list[int]:
    """The ids of the monitors that are in another group than in the merged days, or in none of them, or in vain."""
    return [row["id"] for row in transaction.rows(_MOVED)]


def follow_moves(transaction: Transaction) -> None:
    """Forget the days of the monitors that have moved, and write where all of them are now."""
    ids = moved(transaction)
    forget(transaction, days_of(transaction, ids))
    for some, named in in_parts(ids):
        transaction.rows(f"DELETE FROM merged_monitors WHERE monitor_id IN ({some})", **named)  # noqa: S608  # numbers
    transaction.rows(_ADD_NEW)


def groups(transaction: Transaction) -> dict[int, str | None]:
    """The group of each monitor that is merged, by the monitor's id."""
    rows = transaction.rows("SELECT monitor_id, group_name FROM merged_monitors")
    return {row["monitor_id"]: row["group_name"] for row in rows}


def present(transaction: Transaction) -> set[str]:
    """When the days began that are there."""
    return {row["starts_at"] for row in transaction.rows("SELECT starts_at FROM merged_days WHERE group_name IS NULL")}


def of_days(transaction: Transaction, days: Collection[str]) -> list[dict[str, Any]]:
    """Everything of the days that began then and are there."""
    sql = f"SELECT {', '.join(_COLUMNS)} FROM merged_days WHERE starts_at = :day ORDER BY id"  # noqa: S608  # our names
    return [dict(row) for day in sorted(days) for row in transaction.rows(sql, day=day)]


def put(transaction: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write whole days: of each a row for all and one for each group, with a value for each of the columns."""
    forget(transaction, {row["starts_at"] for row in rows})
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        values = ", ".join(f"({', '.join(f':{name}_{number}' for name in _COLUMNS)})" for number in range(len(part)))
        named = {f"{name}_{number}": row[name] for number, row in enumerate(part) for name in _COLUMNS}
        sql = f"INSERT INTO merged_days ({', '.join(_COLUMNS)}) VALUES {values}"  # noqa: S608  # our own names
        transaction.rows(sql, **named)


def forget(transaction: Transaction, days: Collection[str]) -> None:
    """Delete what is merged of the days that began then."""
    for day in days:
        transaction.rows("DELETE FROM merged_days WHERE starts_at = :day", day=day)


def prune(transaction: Transaction, before: str) -> None:
    """Delete the days that began before then."""
    transaction.rows("DELETE FROM merged_days WHERE starts_at < :before", before=before)
