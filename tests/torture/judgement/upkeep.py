"""What upkeep prunes: kept for the judge in tables of our own, as it was when it was deleted, and judged."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import psycopg

from shared.store import Retention
from tests.support.running import rows_of
from tests.torture.channel import Life

Rows = list[dict[str, Any]]

# The tables and the view whose rows are kept, and the table whose deletions say which rows those are.
_DELETED_FROM = {
    "alerts": "alerts",
    "notifications": "notifications",
    "notification_logs": "notification_logs",
    "rollups": "rollups",
    "events": "raw_events",
}
_NOW = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    "postgresql": """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""",
}


def keep_what_is_pruned(url: str) -> None:
    """Have the store of a DATABASE_URL copy each row that is deleted, in the transaction that deletes it.

    A copy of a PostgreSQL store has the rows that were copied, and needs this anew.
    """
    engine = url.partition(":")[0]
    for name, table in _DELETED_FROM.items():
        statements = [
            f"CREATE TABLE IF NOT EXISTS pruned_{name} AS SELECT *, {_NOW[engine]} AS pruned_at FROM {name} WHERE 1 = 0"
        ]
        copy = f"INSERT INTO pruned_{name} SELECT *, {_NOW[engine]} FROM {name} WHERE id = OLD.id"
        if engine == "sqlite":
            statements.append(f"CREATE TRIGGER keep_{name} BEFORE DELETE ON {table} BEGIN {copy}; END")
        else:
            statements += [
                f"CREATE FUNCTION keep_{name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {copy}; RETURN OLD; END$$",
                f"CREATE TRIGGER keep_{name} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_{name}()",
            ]
        change(url, *statements)


def change(url: str, *statements: str) -> None:
    """Change the store of a DATABASE_URL."""
    if url.startswith("postgresql://"):
        with psycopg.connect(url, autocommit=True) as server:
            for statement in statements:
                server.execute(statement.encode())
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=5)) as file, file:
        for statement in statements:
            file.execute(statement)


def pruned_rows(url: str, name: str) -> Rows:
    """The rows of a table that were pruned, each with ``pruned_at``: when that was, by this machine's clock."""
    return rows_of(url, f"SELECT * FROM pruned_{name} ORDER BY id")  # our own names


def lost_by_pruning(tables: Mapping[str, Rows], retention: Retention, lives: Sequence[Life]) -> Iterator[str]:
    """A complaint for each alert and event that went too early, and each monitor whose events were not all counted.

    ``tables``: all rows, of which those that were pruned have ``pruned_at``.
    """
    for row in tables["alerts"]:
        name = f"alert {row['id']}"
        if "pruned_at" in row and row["status"] != "RESOLVED":
            yield f"{name} was pruned while it was {row['status']}"
        elif "pruned_at" in row and _is_early(row, row["resolved_at"], retention.alerts, lives):
            yield f"{name} was pruned {retention.alerts:g} s before its time, or less"
    for row in tables["events"]:
        if "pruned_at" in row and _is_early(row, row["timestamp"], retention.events, lives):
            yield f"event {row['event_id']} was pruned {retention.events:g} s before its time, or less"


def miscounted(tables: Mapping[str, Rows], folded: int) -> Iterator[str]:
    """A complaint for each monitor whose days do not count each folded event once. ``folded``: the last that is."""
    events = Counter(event["monitor_id"] for event in tables["events"] if event["id"] <= folded)
    counted: Counter[int] = Counter()
    for row in tables["rollups"]:
        if row["step"] == "day":
            counted[row["monitor_id"]] += row["checks"]
    for monitor_id in events | counted:
        if events[monitor_id] != counted[monitor_id]:
            yield f"monitor {monitor_id} has {events[monitor_id]} folded events, of which {counted[monitor_id]} count"


def given_twice(tables: Mapping[str, Rows]) -> Iterator[str]:
    """A complaint for each number that a later alert or message has again: a copy could not be told from it."""
    for name in ("alerts", "notifications", "events"):
        for number, count in Counter(row["id"] for row in tables[name]).items():
            if count > 1:
                yield f"{count} of the {name} have the number {number}"


def _is_early(row: Mapping[str, Any], at: str, kept_seconds: float, lives: Sequence[Life]) -> bool:
    pruned_at = datetime.fromisoformat(row["pruned_at"])
    # The clock of the life that pruned it.
    began = [life for life in lives if life.began_at - timedelta(seconds=life.later_by + 0.001) <= pruned_at]
    pruned_there = pruned_at + timedelta(seconds=began[-1].later_by if began else 0.0)
    return datetime.fromisoformat(at) > pruned_there - timedelta(seconds=kept_seconds - 0.002)
