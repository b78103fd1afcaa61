"""GET /history of 90 days by the day, for 100 monitors in 5 groups, with 5 million stored events.

``show_history`` alone, with SQLite and with PostgreSQL, asked over a kept connection.
"""

import contextlib
import http.client
import json
import random
import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from shared.history.buckets import floor
from shared.history.rollup import Rollup
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import Retention, open_store
from tests.benchmarks.instruments.yardstick import middle_half, table, verdict
from tests.support.postgres import Server
from tests.support.running import FunctionAlone, copy_project, started_together

ROUNDS = 5
REQUESTS = 20
MONITORS, GROUPS, DAYS, EVENTS = 100, 5, 90, 5_000_000
INTERVAL_SECONDS = 30
# Events that nobody has folded yet.
FRESH = 300
FREE_BYTES = 8_000_000_000
BAR_MS = 50.0
# An outage of each monitor once in so many days.
OUTAGE_EVERY = 15

_URL = "'https://service-' || {} || '.example.com/health'"
_NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {}) "
_RESULTS = """INSERT INTO results
        (id, digest, used_until, target_url, is_success, status_code, is_inconclusive, id_form)
    SELECT n, 'result-' || n, {events} + 1000000, {url}, 1, 200, 0, 0 FROM numbers"""
# One check after the other, of all monitors in turns, up to now.
_EVENTS = """INSERT INTO raw_events (id, key_high, key_low, at, monitor_id, result_id, response_us, dns_us, connect_us,
        tls_us, first_byte_us, delay_ms, details)
    SELECT n, n, n, ({began} + CAST(n AS BIGINT) * {interval} / {monitors}) * 1000, 1 + n % {monitors},
        1 + n % {monitors}, 84211 + n % 17000, 4010, 11320, 25480, 43400, 0, '' FROM numbers"""


def run(folder: Path, rounds: int) -> str:
    """The table of the questions on each engine."""
    if (free := shutil.disk_usage(folder).free) < FREE_BYTES:
        return f"not measured: {free / 1e9:.1f} GB are free in {folder.parent}, and {FREE_BYTES / 1e9:.0f} are needed"
    project = copy_project(folder / "project")
    lines = []
    with Server() as server:
        for engine, url in (("sqlite", f"sqlite:///{folder / 'history.db'}"), ("postgresql", server.new_store())):
            (folder / engine).mkdir()
            function = FunctionAlone(project, folder / engine, "show_history", DATABASE_URL=url)
            asked_at = _fill(engine, url)
            since = as_text(floor(asked_at, "day") - timedelta(days=DAYS - 1))
            with started_together(function):
                for name, path in (("all and each group", "/history"), ("one monitor", "/monitors/7/history")):
                    taken = [_round(function.port, f"{path}?step=day&from={since}") for _ in range(rounds)]
                    ms = statistics.median(taken)
                    lines.append([f"{engine}, {name}", f"{ms:.1f}", middle_half(taken, 1), *verdict(ms, BAR_MS)])
    head = [f"{DAYS} days of {MONITORS} monitors, {EVENTS:,} events", "ms", "its middle half", "bar", ""]
    return f"{table(head, lines)}\nmedians of {rounds} rounds of {REQUESTS}"


def _round(port: int, path: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, body[:1000]
    connection.close()
    found = json.loads(body)["history"]
    assert len(found) >= DAYS
    assert all(each["checks"] > 0 for each in found)
    return statistics.median(taken)


def _fill(engine: str, url: str) -> datetime:
    """A store with a past until now, folded and merged."""
    store = open_store(Settings.from_env({"DATABASE_URL": url}))
    store.database.open()
    store.database.close()
    at = now()
    began = int(at.timestamp()) - EVENTS * INTERVAL_SECONDS // MONITORS
    sizes = {"began": began, "events": EVENTS, "interval": INTERVAL_SECONDS, "monitors": MONITORS}
    results = _NUMBERS.format(MONITORS) + _RESULTS.format(url=_URL.format("n"), **sizes)
    events = _NUMBERS.format(EVENTS) + _EVENTS.format(**sizes)
    with contextlib.closing(_connected(engine, url)) as connection:
        dice = random.Random(1)  # the same in each run
        for name, columns, rows in (
            ("monitors", _MONITOR, _monitors(at)),
            ("rollups", _ROLLUP, _rollups(at, dice)),
            ("state_changes", _CHANGE, _changes(at, dice)),
        ):
            _insert(connection, engine, name, columns, rows)
        for sql in (results, events):
            connection.execute(sql)
        connection.execute(f"INSERT INTO folded (id, event_id) VALUES (1, {EVENTS - FRESH})")
        connection.commit()
        if engine == "postgresql":
            connection.autocommit = True
        connection.execute("ANALYZE")
    long = Retention(events=400 * 86_400.0, rollups=400 * 86_400.0, alerts=400 * 86_400.0)
    # Fold the events that were received until a minute ago: the system asks for that every 10 s.
    store.upkeep.run(long, now=at, seconds=120, pause=lambda _: None)
    store.database.close()
    return at


def _connected(engine: str, url: str) -> Any:
    if engine == "postgresql":
        return psycopg.connect(url)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    # It need not survive anything while it is filled; whoever opens it next makes it durable again.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _insert(connection: Any, engine: str, name: str, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    mark = "%s" if engine == "postgresql" else "?"
    sql = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))})"
    connection.cursor().executemany(sql, rows)


_MONITOR = ("name", "target_url", "state", "since", "last_checked_at", "source", "group_name", "interval_seconds")
_ROLLUP = ("monitor_id", "step", "starts_at", "checks", "failures", "slowest_ms", "times")
_CHANGE = ("monitor_id", "from_state", "to_state", "at", "reason", "counts_from")


def _monitors(at: datetime) -> Iterator[tuple[Any, ...]]:
    since = as_text(at - timedelta(days=DAYS + 1))
    for number in range(MONITORS):
        url = f"https://service-{number + 1}.example.com/health"
        group = f"Group {number % GROUPS}"
        yield url, url, "UP", since, as_text(at), "api", group, INTERVAL_SECONDS


def _rollups(at: datetime, dice: random.Random) -> Iterator[tuple[Any, ...]]:
    """A row for each day of each monitor, of a few that were made in full."""
    made = [_day(dice) for _ in range(20)]
    for days in range(DAYS):
        starts_at = as_text(floor(at, "day") - timedelta(days=days))
        for monitor_id in range(1, MONITORS + 1):
            yield (monitor_id, "day", starts_at, *dice.choice(made))


def _day(dice: random.Random) -> tuple[Any, ...]:
    rollup = Rollup()
    middle = dice.uniform(3, 6)
    for _ in range(86_400 // INTERVAL_SECONDS):
        whole = dice.lognormvariate(middle, 0.3)
        parts = dict(zip(("dns_ms", "connect_ms", "tls_ms", "first_byte_ms"), (0.05, 0.15, 0.4, 0.9), strict=True))
        phases = {name: whole * share * dice.uniform(0.8, 1.1) for name, share in parts.items()}
        rollup.add({"is_success": 1, "is_inconclusive": 0, "response_time_ms": whole, **phases})
    columns = rollup.columns()
    return tuple(columns[name] for name in _ROLLUP[3:])


def _changes(at: datetime, dice: random.Random) -> Iterator[tuple[Any, ...]]:
    """The outages of each monitor, in the order of their times."""
    first = at - timedelta(days=DAYS)
    begun = sorted(
        (dice.uniform(0, DAYS - 1), monitor_id)
        for monitor_id in range(1, MONITORS + 1)
        for _ in range(DAYS // OUTAGE_EVERY)
    )
    for days, monitor_id in begun:
        failed_at = first + timedelta(days=days)
        steps = (("UP", "PENDING", 0, None), ("PENDING", "DOWN", 60, 0), ("DOWN", "UP", 600, 600))
        for before, after, seconds, counts_from in steps:
            earlier = None if counts_from is None else as_text(failed_at + timedelta(seconds=counts_from))
            yield monitor_id, before, after, as_text(failed_at + timedelta(seconds=seconds)), "threshold", earlier
