"""Many reports at once, to several processes on one new database: one outage is one alert and one message a channel."""

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

pytestmark = pytest.mark.system

THREADS = 40
PROCESSES = 3
OWED = "SELECT id FROM notifications WHERE status IN ('PENDING', 'SENDING')"


@pytest.fixture
def environ(database_environ: dict[str, str], bot_api: BotApi) -> dict[str, str]:
    return {**database_environ, **bot_api.environ}


@pytest.fixture
def backends_without_a_database(
    project: Path, tmp_path: Path, environ: dict[str, str]
) -> Iterator[list[FunctionAlone]]:
    """Three processes that take events; none has opened the one database that they share, so that it is not made."""
    backends = [FunctionAlone(project, tmp_path, "ingest_event", **environ) for _ in range(PROCESSES)]
    with started_together(*backends):
        assert not backends[0].database.exists()
        with pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedTable)):
            backends[0].rows("SELECT 1 FROM events")
        yield backends


@pytest.mark.parametrize("database_environ", ["sqlite"] * 3 + ["postgresql", "pgbouncer"], indirect=True)
def test_many_failures_at_once_are_one_alert_and_one_message_a_channel(
    project: Path,
    tmp_path: Path,
    backends_without_a_database: list[FunctionAlone],
    environ: dict[str, str],
    bot_api: BotApi,
) -> None:
    backends = backends_without_a_database
    # Of one moment, so that none is older than another: each of them counts.
    moment = as_text(now())

    answers = at_once(
        lambda number: backends[number % PROCESSES].post("/events", event(is_success=False, timestamp=moment))
    )

    assert Counter(answer.status_code for answer in answers) == {201: THREADS}
    store = backends[0]
    assert store.rows("SELECT count(*) AS events, count(DISTINCT event_id) AS ids FROM events") == [
        {"events": THREADS, "ids": THREADS}
    ]
    assert [answer.json()["change"] for answer in answers if answer.json()["change"]] == ["OPENED"]
    assert [alert["status"] for alert in store.rows("SELECT * FROM alerts")] == ["OPEN"]
    assert store.rows("SELECT consecutive_failures FROM monitors") == [{"consecutive_failures": THREADS}]
    rest = what_is_still_owed_is_delivered(project, tmp_path, environ)
    assert len(bot_api.messages) == 1
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

    answers = at_once(lambda number: backends[number % PROCESSES].post("/events", body))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: THREADS - 1}
    assert Counter(answer.json()["duplicate"] for answer in answers) == {False: 1, True: THREADS - 1}
    assert {answer.json()["id"] for answer in answers} == {1}
    assert backends[0].rows("SELECT count(*) AS events FROM events") == [{"events": 1}]
    what_is_still_owed_is_delivered(project, tmp_path, environ)
    assert len(bot_api.messages) == 1


def test_monitors_that_flap_under_many_reports_never_have_two_active_alerts(
    project: Path,
    tmp_path: Path,
    backends_without_a_database: list[FunctionAlone],
    environ: dict[str, str],
    bot_api: BotApi,
) -> None:
    backends = backends_without_a_database
    monitors = [f"http://{name}.example" for name in ("one", "two", "three")]
    chance = random.Random(7)
    reports = [[(chance.choice(monitors), chance.random() < 0.5) for _ in range(10)] for _ in range(THREADS)]

    # Slow enough that two who would send the same message meet.
    bot_api.behaviour = accepts_after(0.02)

    def report(number: int) -> list[requests.Response]:
        answers = []
        for turn, (monitor, is_success) in enumerate(reports[number]):
            backend = backends[(number + turn) % PROCESSES]
            answers.append(backend.post("/events", event(monitor, is_success=is_success)))
            if number % 10 == 0:
                # The schedule sends meanwhile what is owed, and may run more than once at a time.
                assert deliver.post("/").ok
        return answers

    with FunctionAlone(project, tmp_path, "deliver_notifications", **environ) as deliver:
        answers = [answer for each in at_once(report) for answer in each]
        assert Counter(answer.status_code for answer in answers) == {201: THREADS * 10}
        deliver.wait_until(lambda: deliver.post("/").ok and not deliver.rows(OWED), 30)

        changes: dict[str, list[str]] = defaultdict(list)
        for alert in deliver.rows("SELECT * FROM alerts ORDER BY id"):
            changes[alert["subject"]] += ["OUTAGE"] + ["RECOVERY"] * (alert["status"] == "RESOLVED")
            # One begins only after the one before it ended.
            assert "OUTAGE OUTAGE" not in " ".join(changes[alert["subject"]])
        assert set(changes) == set(monitors)
        assert all(len(change) > 4 for change in changes.values())
        told = [line for process in (*backends, deliver) for line in process.told()]
        assert len(told) == len(set(told)) == sum(map(len, changes.values()))
        # On one channel they come in the order in which they happened, and each once; but for those whose answer came
        # after the second that a report has for them, on a machine as busy as this.
        once = list(dict.fromkeys(bot_api.messages))
        cut_off = deliver.rows("SELECT 1 FROM notification_logs WHERE answer LIKE 'no answer within%'")
        assert len(bot_api.messages) - len(once) <= len(cut_off)
        for monitor in monitors:
            assert [text.split()[0] for text in once if f" {monitor} " in text] == changes[monitor]


def what_is_still_owed_is_delivered(project: Path, folder: Path, environ: dict[str, str]) -> list[FunctionAlone]:
    """Run the function for that where a busy machine left something to it; the processes that this took."""
    deliver = FunctionAlone(project, folder, "deliver_notifications", **environ)
    if not deliver.rows(OWED):
        return []
    with deliver:
        deliver.wait_until(lambda: deliver.post("/").ok and not deliver.rows(OWED), 30)
    return [deliver]


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What ``work`` gives in THREADS threads that begin together."""
    barrier = threading.Barrier(THREADS)

    def begin(number: int) -> Any:
        barrier.wait(10)
        return work(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(begin, range(THREADS)))


def event(target_url: str = "http://shop.example", *, is_success: bool, **fields: str) -> dict[str, Any]:
    seen = {"status_code": 200 if is_success else 500, "error_message": None if is_success else "HTTP 500"}
    return {"target_url": target_url, "timestamp": as_text(now()), "is_success": is_success, **seen, **fields}
