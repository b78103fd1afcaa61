"""The bytes of a monitor's rollups, checked every 30 s: hours of 90 days and days of 400, packed day by day."""

import contextlib
import math
import random
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg

from shared.history.buckets import floor
from shared.history.rollup import Key, Rollup
from shared.models import as_text, now
from shared.monitors.policy import Policy
from shared.settings import Settings
from shared.store import Retention, open_store
from shared.store.tables import rollups
from tests.benchmarks.instruments.yardstick import table, verdict
from tests.support.postgres import Server
from tests.support.store.services import STEADY, VARYING, Service

ROUNDS = 1
MONITORS = 6
HOURS, DAYS = 90, 400
# The last days come one after the other, as they do in life. All before that come at once.
ONE_BY_ONE = 12
# Days of a monitor that differ; then they come again. A pack has no more of them.
DIFFERENT = 128
CHECKS_AN_HOUR = 120
BAR_KB = 90.0
A_DAY = timedelta(days=1)
RETENTION = Retention(events=7 * 86_400.0, rollups=DAYS * 86_400.0, alerts=DAYS * 86_400.0)
Past = list[list[Rollup]]


def run(folder: Path, rounds: int) -> str:
    """The table of the kinds of services on each engine. Each round would give the same."""
    lines = []
    with Server() as server:
        for kind, service in (("steady", STEADY), ("varying", VARYING)):
            dice = random.Random(1)  # the same in each run
            pasts = [_past(service, dice) for _ in range(MONITORS)]
            for engine, url in (("sqlite", f"sqlite:///{folder / f'{kind}.db'}"), ("postgresql", server.new_store())):
                _fill(url, pasts)
                packed, merged = _kilobytes(url, "packs", "rollups"), _kilobytes(url, "merged_days")
                a_year = packed / MONITORS * 365 / DAYS
                shown = [f"{packed / MONITORS:.1f}", f"{a_year:.1f}", *verdict(a_year, BAR_KB), f"{merged / 365:.1f}"]
                lines.append([f"{engine}, {kind} response times", *shown])
    head = [f"{MONITORS} monitors, {DAYS} days", "kB each", "kB a year", "bar", "", "kB of a merged day"]
    return table(head, lines)


def _past(service: Service, dice: random.Random) -> Past:
    """The hours of some days."""
    return [[service.rollup(CHECKS_AN_HOUR, dice) for _ in range(24)] for _ in range(DIFFERENT)]


def _fill(url: str, pasts: list[Past]) -> None:
    store = open_store(Settings.from_env({"DATABASE_URL": url}))
    today = floor(now(), "day")
    for number in range(1, MONITORS + 1):
        store.monitors.add(Policy(name=f"m{number}", url="http://x/"), now=today)
    with store.database.transaction() as transaction:
        rollups.save_folded(transaction, 1)
    for first, last in ((DAYS, ONE_BY_ONE), *((days, days - 1) for days in range(ONE_BY_ONE, 0, -1))):
        for days in range(first, last, -1):
            rows = [
                {**key._asdict(), **rollup.columns()}
                for number, past in enumerate(pasts, start=1)
                for key, rollup in _rollups_of(number, past[days % DIFFERENT], today - days * A_DAY, days <= HOURS)
            ]
            with store.database.transaction() as transaction:
                rollups.put(transaction, rows)
        at = today - last * A_DAY + timedelta(hours=2)
        store.upkeep.run(RETENTION, now=at, seconds=math.inf, pause=lambda _: None)
        if url.startswith("postgresql://"):
            # Rows that came at once leave no room behind, and afterwards the server tidies up as it does by itself.
            _tidy(url, "VACUUM FULL" if last == ONE_BY_ONE else "VACUUM")
    store.database.close()


def _tidy(url: str, how: str) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        for name in ("packs", "rollups"):
            server.execute(f"{how} {name}".encode())


def _rollups_of(monitor_id: int, hours: list[Rollup], day: datetime, has_hours: bool) -> Iterator[tuple[Key, Rollup]]:
    whole = Rollup()
    for number, hour in enumerate(hours):
        whole.merge(hour)
        if has_hours:
            yield Key(monitor_id, "hour", as_text(day + timedelta(hours=number))), hour
    yield Key(monitor_id, "day", as_text(day)), whole


def _kilobytes(url: str, *tables: str) -> float:
    """The room that these tables take with their indexes, in 1,000 bytes."""
    if url.startswith("postgresql://"):
        with psycopg.connect(url, autocommit=True) as server:
            sizes = [server.execute(f"SELECT pg_total_relation_size('{name}')".encode()).fetchone() for name in tables]
            return sum(int(size[0]) for size in sizes if size) / 1000
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
        # The pages that they give back if they are emptied.
        [[size]], [[before]] = (file.execute(f"PRAGMA {what}").fetchall() for what in ("page_size", "freelist_count"))
        file.execute("BEGIN")
        for name in tables:
            file.execute(f"DELETE FROM {name}")
        [[after]] = file.execute("PRAGMA freelist_count").fetchall()
        file.execute("ROLLBACK")
        return float((after - before) * size) / 1000
