"""The schedules of the local system: each calls its function over HTTP, like a cron line.

A run that is not over skips the ticks of its schedule. The agent's does not: a check that hangs delays no other.
"""

import logging
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from infra.table import Row
from shared import ROOT
from shared.logs import FILES, step
from shared.settings import Settings
from shared.threads import started

RUN_SECONDS = 300.0
# The second sends what the first owes. It begins as soon as that ends: otherwise a message could wait for two ticks.
OWES, SENDS = "review_alerts", "deliver_notifications"
# Each needs a thread of the server, and another one while it posts. One that has to wait takes along what has become
# free meanwhile, so even many targets that hang by turns leave most of them unused.
MAX_AGENT_RUNS = 5
# How long one run goes on claiming what is due of the backend's monitors. The next one then begins.
CLAIMED_RUN_SECONDS = 30.0
LOG_BYTES = 5_000_000
LOG_FILES = 5
LOG_SECONDS = 30.0


def start(table: list[Row], settings: Settings, url: str) -> None:
    """Begin every schedule of the table, in threads that end with the process."""
    reviewed = threading.Event()
    for row in table:
        for seconds, query in _beats(row, settings):
            arguments = (row, seconds, settings, f"{url}{row.route.path}{query}", reviewed)
            threading.Thread(target=_repeat, args=arguments, daemon=True, name=row.name).start()
    if settings.log_dir:
        threading.Thread(target=_keep_logs_short, args=(ROOT / settings.log_dir,), daemon=True).start()


def _beats(row: Row, settings: Settings) -> Iterator[tuple[float, str]]:
    """How often a function is called, and with which query; several if it does several things at different paces."""
    seconds = row.every_seconds(settings)
    if seconds is None:
        return
    if "agent" not in row.needs:
        yield seconds, ""
        return
    # Its own targets have one interval. Each of the backend's monitors has its own, and is due at its own time.
    if settings.target_urls:
        yield seconds, "?only=targets"
    yield CLAIMED_RUN_SECONDS, f"?only=claimed&lasting={CLAIMED_RUN_SECONDS:g}"


def _repeat(row: Row, seconds: float, settings: Settings, url: str, reviewed: threading.Event) -> None:
    session = requests.Session()
    session.trust_env = False  # a proxy for the outside world does not reach this machine
    session.headers["X-API-Key"] = settings.key.get_secret_value()
    free = threading.Semaphore(MAX_AGENT_RUNS if "agent" in row.needs else 1)
    due = time.monotonic()
    while True:
        _run(session, row, url, free)
        due = pause(row, due, seconds, reviewed)


def pause(row: Row, due: float, seconds: float, reviewed: threading.Event) -> float:
    """Wait for the function's next run; when that was due. ``due``: when the last one was."""
    if row.name == SENDS:
        # A review that hangs delays no message that something else owes.
        reviewed.wait(seconds)
        reviewed.clear()
        return time.monotonic()
    if row.name == OWES:
        reviewed.set()
    # Runs keep the rhythm of the first one. Ticks that passed during a slow run are skipped.
    now = time.monotonic()
    due += seconds * max(1, math.ceil((now - due) / seconds))
    time.sleep(due - now)
    return due


def _run(session: requests.Session, row: Row, url: str, free: threading.Semaphore) -> None:
    if "agent" not in row.needs:
        _call(session, row, url)
        return
    free.acquire()

    def run() -> None:
        try:
            _call(session, row, url)
        finally:
            free.release()

    if not started(threading.Thread(target=run, daemon=True, name=row.name)):
        # Like the others.
        step("server", "run_not_overlapped", level=logging.WARNING, function=row.name, reason="no thread is left")
        run()


def _call(session: requests.Session, row: Row, url: str) -> None:
    try:
        response = session.request(row.route.method, url, timeout=RUN_SECONDS)
    except requests.RequestException as error:
        step("server", "run_failed", level=logging.ERROR, function=row.name, reason=type(error).__name__)
        return
    if not response.ok:
        step(
            "server",
            "run_failed",
            level=logging.ERROR,
            function=row.name,
            status=response.status_code,
            reason=response.text[:300],
        )


def _keep_logs_short(folder: Path) -> None:
    while True:
        try:
            rotate(folder)
        except OSError as error:
            step("server", "logs_not_rotated", level=logging.WARNING, reason=str(error))
        time.sleep(LOG_SECONDS)


def rotate(folder: Path) -> None:
    """Rename our logs in ``folder`` that are over LOG_BYTES, and keep LOG_FILES of each; writers open a new one."""
    for log in (folder / name for name in FILES.values()):
        if not log.exists() or log.stat().st_size < LOG_BYTES:
            continue
        for number in range(LOG_FILES - 1, 0, -1):
            older = log.with_name(f"{log.name}.{number}")
            if older.exists():
                older.replace(log.with_name(f"{log.name}.{number + 1}"))
        log.replace(log.with_name(f"{log.name}.1"))
