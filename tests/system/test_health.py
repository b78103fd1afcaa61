"""``GET /`` of the running system says "ok" only if an outage that happened now would be notified."""

import os
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.models import as_text, now
from tests.support.running import LocalSystem
from tests.support.stand_ins import Target

pytestmark = [pytest.mark.system, pytest.mark.together("health")]


@pytest.fixture(scope="module")
def watched() -> Iterator[Target]:
    with Target() as healthy:
        yield healthy


@pytest.fixture(scope="module")
def system(project: Path, tmp_path_factory: pytest.TempPathFactory, watched: Target) -> Iterator[LocalSystem]:
    """For all tests of this file: each leaves it as well as it was."""
    quick = {"CHECK_INTERVAL_SECONDS": "1", "CHECK_TIMEOUT_SECONDS": "1", "SEPARATE": "1"}
    with LocalSystem(project, tmp_path_factory.mktemp("health"), TARGET_URL=watched.url, **quick) as running:
        # It has been well from the beginning.
        assert health(running)["reasons"] == []
        running.wait_for_further_events(2, is_success=True)
        running.wait_until(lambda: len(health(running)["last_runs"]) == 2)
        assert health(running)["reasons"] == []
        yield running


def health(system: LocalSystem) -> dict[str, Any]:
    found: dict[str, Any] = system.get("/").json()
    return found


def stop(system: LocalSystem, function: str) -> Callable[[], None]:
    """Let the processes of a function hang while they hold no lock of the store; the result lets them go on."""
    processes = [
        process for process in system.living() if Path(f"/proc/{process}/comm").read_text().strip() == function[:15]
    ]
    assert processes

    def send(number: int) -> None:
        for process in processes:
            os.kill(process, number)

    def is_hanging_alone() -> bool:
        send(signal.SIGSTOP)
        if can_be_written(system):
            return True
        # It was writing: no other function could go on.
        send(signal.SIGCONT)
        return False

    system.wait_until(is_hanging_alone)
    return lambda: send(signal.SIGCONT)


def can_be_written(system: LocalSystem) -> bool:
    with closing(sqlite3.connect(system.database, timeout=0.5, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
    return True


def change(system: LocalSystem, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(system.database, timeout=10)) as connection, connection:
        connection.execute(sql, values)


def long_ago(system: LocalSystem) -> None:
    """Let five minutes pass since the last run of every scheduled function."""
    earlier = as_text(now() - timedelta(minutes=5))
    change(system, "UPDATE watches SET started_at = ?, seen_at = ?", earlier, earlier)


def test_an_agent_that_hangs_degrades_the_health(system: LocalSystem) -> None:
    go_on = stop(system, "check_monitors")
    try:
        # Three intervals, the timeout of a check and a moment later.
        found = system.wait_until(lambda: (said := health(system))["status"] != "ok" and said)
        assert found["status"] == "degraded"
        assert re.fullmatch(r"agent default last reported at \S+Z", found["reasons"][0])
    finally:
        go_on()
    system.wait_until(lambda: health(system)["status"] == "ok")


@pytest.mark.parametrize("function", ["deliver_notifications", "review_alerts"])
def test_a_schedule_that_hangs_degrades_the_health(system: LocalSystem, function: str) -> None:
    go_on = stop(system, function)
    try:
        long_ago(system)

        def said_of_it() -> str:
            found = health(system)
            return str(found["status"]) if any(function in reason for reason in found["reasons"]) else ""

        assert system.wait_until(said_of_it) == "degraded"
    finally:
        go_on()
    system.wait_until(lambda: health(system)["status"] == "ok")


def test_it_is_unavailable_if_nothing_runs(system: LocalSystem) -> None:
    resume = [stop(system, function) for function in ("check_monitors", "review_alerts", "deliver_notifications")]
    try:
        long_ago(system)
        system.wait_until(lambda: system.get("/").status_code == 503)
        found = health(system)
        assert (found["status"], found["database"]) == ("unavailable", "ok")
        assert len(found["reasons"]) == 3
    finally:
        for go_on in resume:
            go_on()
    system.wait_until(lambda: health(system)["status"] == "ok")


def test_a_message_that_nobody_sends_degrades_the_health(system: LocalSystem, watched: Target) -> None:
    watched.is_down = True
    # Printed, and recorded: otherwise the sender would go on with what is changed below.
    system.wait_until(system.sent)
    go_on = stop(system, "deliver_notifications")
    try:
        # As if a message had been due for minutes, and nobody had sent it.
        due = as_text(now() - timedelta(minutes=4))
        change(system, "UPDATE notifications SET status = 'PENDING', due_at = ?, leased_until = NULL", due)
        system.wait_until(lambda: "1 message to console should have been sent" in health(system)["reasons"])
        assert health(system)["status"] == "degraded"
    finally:
        go_on()
        watched.is_down = False
    system.wait_until(lambda: health(system)["status"] == "ok")
