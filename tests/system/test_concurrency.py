"""Many reports at once, to several processes on one new database: one outage is one alert and one message each."""

import random
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from shared.models import as_text, now
from tests.support.running import FunctionAlone, started_together
from tests.support.stand_ins import BotApi, accepts_after
from tests.support.store.long_ago import let_every_message_be_long_ago
from tests.system.copies import assert_copies_are_allowed, without_copies

pytestmark = pytest.mark.system

THREADS = 40
PROCESSES = 3
TURNS = 3
MAX_TRIES = 4
OWED = "SELECT id FROM notifications WHERE status IN ('PENDING', 'SENDING')"


@pytest.fixture
def environ(database_environ: dict[str, str], bot_api: BotApi) -> dict[str, str]:
    return {**database_environ, **bot_api.environ}


@pytest.fixture
def backends_without_a_database(
    project: Path, tmp_path: Path, environ: dict[str, str]
) -> Iterator[list[FunctionAlone]]:
    """Three processes that take events and share a database. None has opened it, so it does not exist yet."""
    backends = [FunctionAlone(project, tmp_path, "ingest_event", **environ) for _ in range(PROCESSES)]
    with started_together(*backends):
        assert not backends[0].database.exists()
        with pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedTable)):
            backends[0].rows("SELECT 1 FROM events")
        yield backends


@pytest.mark.parametrize("database_environ", ["sqlite"] * 3 + ["postgresql", "pgbouncer"], indirect=True)
def test_many_failures_at_once_are_one_alert_and_one_message(
    project: Path,
    tmp_path: Path,
    backends_without_a_database: list[FunctionAlone],
    environ: dict[str, str],
    bot_api: BotApi,
) -> None:
    backends = backends_without_a_database
    # All failures are of one moment, so that none is older than another and each counts.
    moment = as_text(now())

    responses = at_once(
        lambda number: accepted(backends[number % PROCESSES], event(is_success=False, timestamp=moment))
    )

    assert Counter(response.status_code for response in responses) == {201: THREADS}
    store = backends[0]
    assert store.rows("SELECT count(*) AS events, count(DISTINCT event_id) AS ids FROM events") == [
        {"events": THREADS, "ids": THREADS}
    ]
    assert [response.json()["change"] for response in responses if response.json()["change"]] == ["OPENED"]
    assert [alert["status"] for alert in store.rows("SELECT * FROM alerts")] == ["OPEN"]
    assert store.rows("SELECT consecutive_failures FROM monitors") == [{"consecutive_failures": THREADS}]
    rest = what_is_still_owed_is_delivered(project, tmp_path, environ)
    assert_sent_once(bot_api, environ)
    assert len([line for process in (*backends, *rest) for line in process.told()]) == 1
    assert store.rows("SELECT channel FROM notification_logs WHERE status = 'SENT' ORDER BY channel") == [
        {"channel": "console"},
        {"channel": "telegram"},
    ]


def test_one_event_posted_by_many_at_once_is_stored_once(
    project: Path,
    tmp_path: Path,
    backends_without_a_database: list[FunctionAlone],
    environ: dict[str, str],
    bot_api: BotApi,
) -> None:
    backends = backends_without_a_database
    body = event(is_success=False, event_id="the-only-one")

    responses = at_once(lambda number: accepted(backends[number % PROCESSES], body))

    assert Counter(response.status_code for response in responses) == {201: 1, 200: THREADS - 1}
    assert Counter(response.json()["duplicate"] for response in responses) == {False: 1, True: THREADS - 1}
    assert {response.json()["id"] for response in responses} == {1}
    assert backends[0].rows("SELECT count(*) AS events FROM events") == [{"events": 1}]
    what_is_still_owed_is_delivered(project, tmp_path, environ)
    assert_sent_once(bot_api, environ)


def test_a_flapping_monitor_never_has_two_active_alerts(
    project: Path,
    tmp_path: Path,
    backends_without_a_database: list[FunctionAlone],
    environ: dict[str, str],
    bot_api: BotApi,
) -> None:
    backends = backends_without_a_database
    monitors = [f"http://{name}.example" for name in ("one", "two", "three")]
    chance = random.Random(7)
    reports = [[(chance.choice(monitors), chance.random() < 0.5) for _ in range(TURNS)] for _ in range(THREADS)]

    # Slow enough that two senders of the same message would meet.
    bot_api.behaviour = accepts_after(0.02)

    def report(number: int) -> list[requests.Response]:
        responses = []
        for turn, (monitor, is_success) in enumerate(reports[number]):
            backend = backends[(number + turn) % PROCESSES]
            responses.append(accepted(backend, event(monitor, is_success=is_success)))
            if number % 10 == 0:
                # The schedule sends what is owed meanwhile, and may run several times at once.
                assert deliver.post("/").status_code in (200, 503)
        return responses

    with FunctionAlone(project, tmp_path, "deliver_notifications", **environ) as deliver:
        assert deliver.post("/").ok
        # Telegram takes a message a second, and each turn makes some ten.
        let_every_message_be_long_ago(environ["DATABASE_URL"])
        responses = [response for each in at_once(report) for response in each]
        assert Counter(response.status_code for response in responses) == {201: THREADS * TURNS}
        deliver.wait_until(lambda: deliver.post("/").ok and not deliver.rows(OWED), 60)

        changes: dict[str, list[str]] = defaultdict(list)
        for alert in deliver.rows("SELECT * FROM alerts ORDER BY id"):
            changes[alert["subject"]] += ["OUTAGE"] + ["RECOVERY"] * (alert["status"] == "RESOLVED")
            # An outage begins only after the one before it has ended.
            assert "OUTAGE OUTAGE" not in " ".join(changes[alert["subject"]])
        assert set(changes) == set(monitors)
        assert all(len(change) > 2 for change in changes.values())
        told = [line for process in (*backends, deliver) for line in process.told()]
        assert len(told) == len(set(told)) == sum(map(len, changes.values()))
        # One channel receives them in the order in which they happened, and each once.
        assert_copies_are_allowed(bot_api.messages, environ["DATABASE_URL"])
        once = without_copies(bot_api.messages)
        for monitor in monitors:
            assert [text.split()[0] for text in once if text.split()[1] == monitor] == changes[monitor]


def what_is_still_owed_is_delivered(project: Path, folder: Path, environ: dict[str, str]) -> list[FunctionAlone]:
    """Deliver what a busy machine did not send at once; the processes that this took."""
    deliver = FunctionAlone(project, folder, "deliver_notifications", **environ)
    if not deliver.rows(OWED):
        return []
    with deliver:
        deliver.wait_until(lambda: deliver.post("/").ok and not deliver.rows(OWED), 60)
    return [deliver]


def accepted(backend: FunctionAlone, body: dict[str, Any]) -> requests.Response:
    """Post an event, and again if the store is too busy, as an agent does. A busy machine may need a few tries."""
    for _ in range(MAX_TRIES):
        response = backend.post("/events", body)
        if response.status_code != 503:
            break
    return response


def assert_sent_once(bot_api: BotApi, environ: dict[str, str]) -> None:
    assert_copies_are_allowed(bot_api.messages, environ["DATABASE_URL"])
    assert len(without_copies(bot_api.messages)) == 1


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """The results of ``work`` in THREADS threads that begin together."""
    barrier = threading.Barrier(THREADS)

    def begin(number: int) -> Any:
        barrier.wait(60)
        return work(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(begin, range(THREADS)))


def event(target_url: str = "http://shop.example", *, is_success: bool, **fields: str) -> dict[str, Any]:
    seen = {"status_code": 200 if is_success else 500, "error_message": None if is_success else "HTTP 500"}
    return {"target_url": target_url, "timestamp": as_text(now()), "is_success": is_success, **seen, **fields}
