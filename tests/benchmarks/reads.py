"""The same reads with 5 thousand and with 5 million stored events: how much dearer a long past makes them.

Two local systems side by side, asked in turns. Their answers are of one length: as many alerts are open in both, and
both have made more attempts to send than are asked for.
"""

import http.client
import shutil
import sqlite3
import statistics
import time
from pathlib import Path

from shared.models import now
from shared.settings import Settings
from shared.store import open_store
from tests.benchmarks.instruments.yardstick import middle_half, table, verdict
from tests.support.running import LocalSystem, copy_project, started_together
from tests.support.stand_ins import Target

ROUNDS = 5
REQUESTS = 60
FEW, MANY = 5_000, 5_000_000
FREE_BYTES = 3_000_000_000
READS = ("/alerts?status=OPEN", "/notification_logs?limit=100", "/")
BAR = 1.2

# One event a second, of 50 monitors in turns. Each turn one of them fails, another than in the turn before, and is well
# again 99 seconds later, when it is next looked at. All was told but what happened last.
_NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {}) "
_URL = "'https://service-' || {} || '.example.com/health'"
_AT = "strftime('%Y-%m-%dT%H:%M:%S.000Z', :began + {}, 'unixepoch')"
_IS_OPEN = "n > :alerts - 5"
_PAST = [
    _NUMBERS.format(50)
    + f"""INSERT INTO monitors (id, name, target_url, state, last_checked_at)
        SELECT n, {_URL.format("n")}, {_URL.format("n")}, 'UP', {_AT.format(":events")} FROM numbers""",
    # Each monitor's result when it is well, and 50 numbers later when it is not.
    _NUMBERS.format(100)
    + f"""INSERT INTO results (id, digest, used_until, target_url, is_success, status_code, error_message,
            is_inconclusive, id_form)
        SELECT n, hex(randomblob(16)), :events + 1000000, {_URL.format("(1 + (n - 1) % 50)")}, n <= 50,
            iif(n > 50, 500, 200), iif(n > 50, 'HTTP 500 Internal Server Error', NULL), 0, 0 FROM numbers""",
    _NUMBERS.format(":events")
    + """INSERT INTO raw_events (id, key_high, key_low, at, monitor_id, result_id, response_us, dns_us, connect_us,
            tls_us, first_byte_us, delay_ms, details)
        SELECT n, (:began + n) * 65536000 + (random() & 65535), random(), (:began + n) * 1000, 1 + (n + n / 50) % 50,
            1 + (n + n / 50) % 50 + iif(n % 50 = 0, 50, 0), 84211, 4010, 11320, 25480, 43400, 0, '' FROM numbers""",
    _NUMBERS.format(":alerts")
    + f"""INSERT INTO alerts (id, kind, subject, target_url, status, cause, failed_at, opened_at, resolved_at)
        SELECT n, 'OUTAGE', {_URL.format("(1 + n % 50)")}, {_URL.format("(1 + n % 50)")},
            iif({_IS_OPEN}, 'OPEN', 'RESOLVED'), 'HTTP 500 Internal Server Error', {_AT.format("50 * n")},
            {_AT.format("50 * n")}, iif({_IS_OPEN}, NULL, {_AT.format("50 * n + 99")}) FROM numbers""",
    """INSERT INTO notifications (alert_id, channel, kind, status, occurred_at, created_at, due_at, attempts)
        SELECT id, 'console', 'OUTAGE', 'SENT', opened_at, opened_at, opened_at, 1 FROM alerts
        UNION ALL SELECT id, 'console', 'RECOVERY', 'SENT', resolved_at, resolved_at, resolved_at, 1 FROM alerts
        WHERE resolved_at IS NOT NULL ORDER BY 5""",
    """INSERT INTO notification_logs
            (notification_id, alert_id, kind, channel, status, attempted_at, duration_ms, answer)
        SELECT id, alert_id, kind, channel, 'SENT', due_at, 0.1, 'printed' FROM notifications""",
]


def run(folder: Path, rounds: int) -> str:
    """The table of the reads."""
    if (free := shutil.disk_usage(folder).free) < FREE_BYTES:
        return f"not measured: {free / 1e9:.1f} GB are free in {folder.parent}, and {FREE_BYTES / 1e9:.0f} are needed"
    project = copy_project(folder / "project")
    with Target() as target:
        few, many = (_system(project, folder / str(events), events, target) for events in (FEW, MANY))
        with started_together(few, many):
            measured = [[_round(few, many, path) for path in READS] for _ in range(rounds)]
    size = many.database.stat().st_size
    lines = []
    for path, of_path in zip(READS, zip(*measured, strict=True), strict=True):
        ratios = [with_many / with_few for with_few, with_many in of_path]
        ratio = statistics.median(ratios)
        figures = [f"{statistics.median(taken):.2f}" for taken in zip(*of_path, strict=True)]
        lines.append([path, *figures, f"{ratio:.2f}", middle_half(ratios, 2), *verdict(ratio, BAR)])
    head = ["ms with so many events", f"{FEW:,}", f"{MANY:,}", "ratio", "its middle half", "bar", ""]
    return f"{table(head, lines)}\nmedians of {rounds} rounds of {REQUESTS}; the larger database: {size / 1e9:.1f} GB"


def _system(project: Path, folder: Path, events: int, target: Target) -> LocalSystem:
    """A system with a past, that looks once, at its start."""
    folder.mkdir()
    system = LocalSystem(project, folder, TARGET_URL=target.url, CHECK_INTERVAL_SECONDS="3600")
    open_store(Settings.from_env(system.environ)).database.close()
    connection = sqlite3.connect(system.database)
    try:
        # It need not survive anything while it is filled; whoever opens it next makes it durable again.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
            connection.execute(f"PRAGMA {pragma}")
        values = {"events": events, "alerts": events // 50, "began": int(now().timestamp()) - events - 60}
        for statement in _PAST:
            connection.execute(statement, values)
        connection.commit()
    finally:
        connection.close()
    return system


def _round(few: LocalSystem, many: LocalSystem, path: str) -> tuple[float, float]:
    """The median milliseconds of a read with few and with many events, asked in turns over kept connections."""
    connections = [http.client.HTTPConnection("127.0.0.1", system.port, timeout=10) for system in (few, many)]
    taken: list[list[float]] = [[], []]
    lengths: list[int] = [0, 0]
    for _ in range(REQUESTS):
        for number, connection in enumerate(connections):
            began = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            taken[number].append((time.perf_counter() - began) * 1000)
            assert answer.status == 200, body
            lengths[number] = len(body)
    for connection in connections:
        connection.close()
    # Otherwise one would have more to read than the other. In the larger store, ids have more digits.
    assert abs(lengths[1] / lengths[0] - 1) < 0.1, f"{path} answered {lengths} bytes"
    return statistics.median(taken[0]), statistics.median(taken[1])
