"""The status page beside the health function, over a store with 100 monitors and 5 million events.

Both run alone, and are asked in turns over kept connections, for longer than a page is kept. ``EVENTS=300000`` in the
environment are fewer.
"""

import http.client
import json
import os
import shutil
import sqlite3
import statistics
import time
from pathlib import Path

from shared.models import now
from shared.settings import Settings
from shared.store import Retention, open_store
from tests.benchmarks.instruments.yardstick import middle_half, table, verdict
from tests.support.running import FunctionAlone, copy_project, started_together

ROUNDS = 3
EVENTS = int(os.environ.get("EVENTS", "5000000"))
MONITORS = 100
FREE_BYTES = 2_000_000_000
# At this pace a round lasts as long as two pages are kept.
REQUESTS, PAUSE_SECONDS = 400, 0.05
BAR = 1.5
_NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {}) "
_AT = "strftime('%Y-%m-%dT%H:%M:%S.000Z', :began + {}, 'unixepoch')"
# One event a second, of each monitor in turns. Every 5,000th fails and opens an alert, which ends 99 s later.
_PAST = [
    _NUMBERS.format(MONITORS)
    + f"""INSERT INTO monitors (id, name, group_name, target_url, state, since, last_checked_at,
            interval_seconds, policy, source, is_watched)
        SELECT n, 'Service ' || n, 'Group ' || (n % 8), 'https://service-' || n || '.example/', 'UP', {_AT.format("0")},
            {_AT.format(":events")}, 100000, '{{}}', 'api', 1 FROM numbers""",
    _NUMBERS.format(2 * MONITORS)
    + """INSERT INTO results (id, digest, used_until, target_url, is_success, status_code, error_message,
            is_inconclusive, id_form)
        SELECT n, hex(randomblob(16)), :events + 1000000, 'https://service-' || (1 + (n - 1) % 100) || '.example/',
            n <= 100, iif(n > 100, 500, 200), NULL, 0, 0 FROM numbers""",
    _NUMBERS.format(":events")
    + """INSERT INTO raw_events (id, key_high, key_low, at, monitor_id, result_id, response_us, dns_us, connect_us,
            tls_us, first_byte_us, delay_ms, details)
        SELECT n, (:began + n) * 65536000 + (random() & 65535), random(), (:began + n) * 1000, 1 + n % 100,
            1 + n % 100 + iif(n % 5000 < 100, 100, 0), 84211, 4010, 11320, 25480, 43400, 0, '' FROM numbers""",
    _NUMBERS.format(":events / 5000")
    + f"""INSERT INTO alerts (id, kind, subject, target_url, status, cause, failed_at, opened_at, resolved_at)
        SELECT n, 'OUTAGE', 'Service ' || (1 + n % 100), '', 'RESOLVED', 'HTTP 500',
            {_AT.format("5000 * n - 100")}, {_AT.format("5000 * n - 100")}, {_AT.format("5000 * n - 1")}
        FROM numbers""",
    _NUMBERS.format(":events / 5000")
    + f"""INSERT INTO state_changes (monitor_id, from_state, to_state, at, reason)
        SELECT 1 + n % 100, 'UP', 'DOWN', {_AT.format("5000 * n - 100")}, 'threshold' FROM numbers
        UNION ALL SELECT 1 + n % 100, 'DOWN', 'UP', {_AT.format("5000 * n - 1")}, 'threshold' FROM numbers""",
]


def run(folder: Path, rounds: int) -> str:
    """The table of both."""
    if (free := shutil.disk_usage(folder).free) < FREE_BYTES:
        return f"not measured: {free / 1e9:.1f} GB are free in {folder.parent}, and {FREE_BYTES / 1e9:.0f} are needed"
    project = copy_project(folder / "project")
    url = f"sqlite:///{folder / 'store.db'}"
    for name in ("status_page", "health"):
        (folder / name).mkdir()
    folded = _fill(folder / "store.db", url)
    page, health = (
        FunctionAlone(project, folder / name, name, DATABASE_URL=url, STATUS_PAGE="true", LOG_LEVEL="ERROR")
        for name in ("status_page", "health")
    )
    with started_together(page, health):
        measured = [_round(page.port, health.port) for _ in range(rounds)]
    ratios = [shown / healthy for shown, healthy in measured]
    figures = [f"{statistics.median(each):.2f}" for each in zip(*measured, strict=True)]
    ratio = statistics.median(ratios)
    lines = [[f"p95, {EVENTS:,} events", *figures, f"{ratio:.2f}", middle_half(ratios, 2), *verdict(ratio, BAR)]]
    head = ["ms", "/status", "health", "ratio", "its middle half", "bar", ""]
    return f"{table(head, lines)}\n{rounds} rounds of {REQUESTS} requests to each; {folded:,} events folded before"


def _fill(file: Path, url: str) -> int:
    store = open_store(Settings.from_env({"DATABASE_URL": url}))
    store.database.open()
    connection = sqlite3.connect(file)
    try:
        values = {"events": EVENTS, "began": int(now().timestamp()) - EVENTS - 60}
        for statement in _PAST:
            connection.execute(statement, values)
        connection.commit()
    finally:
        connection.close()
    folded = store.upkeep.run(Retention(1e9, 1e9, 1e9), now=now(), seconds=3_600.0, pause=lambda _: None)["folded"]
    store.database.close()
    return folded


def _round(*ports: int) -> tuple[float, float]:
    """The p95 of each in milliseconds."""
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for port in ports]
    taken: list[list[float]] = [[], []]
    for _ in range(REQUESTS):
        for number, (connection, path) in enumerate(zip(connections, ("/status", "/"), strict=True)):
            began = time.perf_counter()
            connection.request("GET", path, headers={"Accept": "text/html" if number == 0 else "*/*"})
            answer = connection.getresponse()
            body = answer.read()
            taken[number].append((time.perf_counter() - began) * 1000)
            assert answer.status == 200 or (number == 1 and "status" in json.loads(body)), body
        time.sleep(PAUSE_SECONDS)
    for connection in connections:
        connection.close()
    p95s = [statistics.quantiles(each, n=20)[-1] for each in taken]
    return p95s[0], p95s[1]
