"""The rows that upkeep prunes: kept for the judge in tables of our own, as it was when it was deleted, and judged."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import psycopg

from shared.history.packing import unpacked
from shared.store import Retention
from shared.store.tables.packs import time_of
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
# A rollup that is packed is deleted too. It is not pruned: the pack has it.
_IS_PRUNED = {
    "rollups": """NOT EXISTS (SELECT 1 FROM packs WHERE packs.monitor_id = OLD.monitor_id AND packs.step = OLD.step
        AND OLD.starts_at BETWEEN packs.starts_at AND packs.last_at)"""
}
# A pack that loses its oldest days, or all: what began before then is gone.
_PRUNED_PACKS = {
    "UPDATE": ("NEW.starts_at", "NEW.starts_at > OLD.starts_at"),
    "DELETE": ("'9999'", "1 = 1"),
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
        made = (
            f"CREATE TABLE IF NOT EXISTS pruned_{name} AS SELECT *, {_NOW[engine]} AS pruned_at FROM {name} WHERE 1 = 0"
        )
        copy = f"INSERT INTO pruned_{name} SELECT *, {_NOW[engine]} FROM {name} WHERE id = OLD.id"
        is_pruned = _IS_PRUNED.get(name, "1 = 1")
        change(url, made, *_trigger(engine, f"keep_{name}", f"DELETE ON {table}", f"{copy} AND {is_pruned}"))
    change(url, "CREATE TABLE IF NOT EXISTS pruned_packs AS SELECT *, starts_at AS gone_before FROM packs WHERE 1 = 0")
    for event, (gone_before, is_pruned) in _PRUNED_PACKS.items():
        copy = f"INSERT INTO pruned_packs SELECT *, {gone_before} FROM packs WHERE id = OLD.id AND {is_pruned}"
        change(url, *_trigger(engine, f"keep_packs_at_{event.lower()}", f"{event} ON packs", copy))


def _trigger(engine: str, name: str, event: str, work: str) -> list[str]:
    """Do some work before each row's change."""
    if engine == "sqlite":
        return [f"CREATE TRIGGER {name} BEFORE {event} BEGIN {work}; END"]
    row = "NEW" if event.startswith("UPDATE") else "OLD"
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {work}; RETURN {row}; END$$",
        f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


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


def packed_days(url: str) -> Rows:
    """The days in packs, also those that were pruned from them, as rows of ``rollups`` that say what is judged."""
    found = rows_of(url, "SELECT monitor_id, content, '9999' AS gone_before FROM packs WHERE step = 'day'")
    found += rows_of(url, "SELECT monitor_id, content, gone_before FROM pruned_packs WHERE step = 'day'")
    return [
        {"monitor_id": row["monitor_id"], "step": "day", "checks": rollup.checks}
        for row in found
        for number, rollup in unpacked(row["content"]).items()
        if time_of("day", number) < row["gone_before"]
    ]


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
