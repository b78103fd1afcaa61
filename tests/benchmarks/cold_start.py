"""From the start of a function's process to its first answer, against hello world's.

Every start begins from the same database, and its first request is a real one.
"""

import http.client
import json
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from infra.table import Row, rows
from shared.links import VALID_FOR, Grant, Links, links_of
from shared.models import Attempt, AttemptStatus, Event, now
from shared.monitors.policy import Policy
from shared.settings import Settings
from shared.store import Store, open_store
from tests.benchmarks.instruments.yardstick import hello_alone, hello_project, middle_half, table
from tests.support.builders import routes
from tests.support.routes import filled
from tests.support.running import API_KEY, START_SECONDS, FunctionAlone, copy_project
from tests.support.stand_ins import Exchange, StandIn, Target

ROUNDS = 11
# Behind the gateway, as Google's public service runs them: each imported by its first request.
TOGETHER = ("ingest_event", "list_alerts", "dashboard")
HTTP_BAR = 1.6
# A scheduled function is waited for by no person.
SCHEDULED_BAR = 1.8
# A page is made of templates.
PAGE_BAR = 1.7
# The gateway and the table come on top.
TOGETHER_BAR = 1.9
OUTAGES = 10

BODIES: dict[str, dict[str, Any]] = {
    "ingest_event": {
        "target_url": "https://example.com/",
        "timestamp": "2025-01-08T10:30:00.000Z",
        "is_success": True,
        "status_code": 200,
        "response_time_ms": 12.3,
        "event_id": "the-first-event",
    },
    "update_alert": {"status": "ACK"},
    "claim_checks": {"agent": "seoul", "seconds": 1},
    "receive_telegram": {"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1}, "text": "hello"}},
}
TOKEN = "the-token-of-a-job"
PUBLIC_URL = "https://bonghwa.example.com"
# A part of each response that only a function that did its work can give.
PROOFS = {
    "hello": "hello",
    "ingest_event": '"id":',
    "list_alerts": '"id":',
    "check_monitors": '"posted":1',
    "claim_checks": '"version":',
    "follow_link": "<button",
    "status_page": "<h1",
    "dashboard": "<h1",
}


class Backend(StandIn):
    """Takes every event at once."""

    def answer(self, exchange: Exchange) -> None:
        exchange.answer(201, "{}", "application/json")


@dataclass(frozen=True)
class Start:
    """One function that is started again and again, and its first request."""

    name: str
    make: Callable[[], FunctionAlone]
    method: str = "GET"
    path: str = "/"
    body: bytes | None = None

    def milliseconds(self) -> float:
        """One cold start."""
        function = self.make()
        began = time.perf_counter()
        function.start()
        try:
            status, text = self._first_answer(function)
            ended = time.perf_counter()
            assert status < 300, f"{self.name} answered {status}: {text}"
            assert PROOFS.get(self.name.partition(",")[0], "") in text, f"{self.name} answered {text}"
        finally:
            function.kill()
        return (ended - began) * 1000

    def _first_answer(self, function: FunctionAlone) -> tuple[int, str]:
        headers = {"X-API-Key": API_KEY, "Content-Type": "application/json"}
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", function.port, timeout=START_SECONDS)
            try:
                connection.request(self.method, self.path, self.body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except ConnectionRefusedError:
                assert time.monotonic() < give_up_at, f"{self.name} does not start\n{function.output()}"
                # Often enough to be exact, and seldom enough to leave the processors to the function.
                time.sleep(0.001)
            finally:
                connection.close()


def run(folder: Path, rounds: int) -> str:
    """The table of all functions."""
    table_of_functions = rows()
    project = copy_project(folder / "project")
    hello = hello_project(folder / "hello")
    database = _database(folder / "made-beforehand.db")
    with Target() as target, Backend() as backend:
        acting = {"PUBLIC_URL": PUBLIC_URL, "TELEGRAM_POLLING": "true", "STATUS_PAGE": "true"}
        world = {"TARGET_URL": target.url, "BACKEND_URL": backend.url, **acting}
        starts = [
            Start("hello", lambda: hello_alone(hello)),
            *(_start(row, project, folder / row.name, database, world) for row in table_of_functions),
            *(
                _start(row, project, folder / f"{row.name}-together", database, world, "together")
                for row in table_of_functions
                if row.name in TOGETHER
            ),
        ]
        for start in starts:
            start.milliseconds()  # not counted: it writes what Python compiles
        measured = [{start.name: start.milliseconds() for start in starts} for _ in range(rounds)]
    return _table(table_of_functions, measured)


def _start(
    row: Row, project: Path, folder: Path, database: Path, world: dict[str, str], target: str | None = None
) -> Start:
    def make() -> FunctionAlone:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copyfile(database, folder / "bonghwa.db")
        # Without an address for others, whoever looks from this machine needs no sign-in.
        own = {"PUBLIC_URL": None} if row.name == "dashboard" else {}
        return FunctionAlone(project, folder, target or row.name, **{**world, **own})

    body = json.dumps(BODIES[row.name]).encode() if row.name in BODIES else None
    # There is one monitor, and as many alerts as outages.
    number = 1 if row.route.path.startswith("/monitors/") else OUTAGES
    grant = Grant(number, "acknowledge", "ops", now() + VALID_FOR)
    token = _links().token(grant) if row.name == "follow_link" else TOKEN
    path = filled(row.route.path.replace("<token>", token), number)
    return Start(f"{row.name}, {target}" if target else row.name, make, row.route.method, path, body)


def _links() -> Links:
    found = links_of(Settings.from_env({"PUBLIC_URL": PUBLIC_URL, "API_KEY": API_KEY}))
    assert found is not None
    return found


def _database(path: Path) -> Path:
    give_past(f"sqlite:///{path}")
    return path


def give_past(url: str) -> None:
    """Give an empty database a past: outages that were told, all over but the last, and nothing owed."""
    store = open_store(Settings.from_env({"DATABASE_URL": url, "FLAPPING_STARTS": "off"}))
    began_at = now() - timedelta(hours=OUTAGES)
    for minute in range(2 * OUTAGES - 1):
        at = began_at + timedelta(minutes=minute)
        event = Event(target_url="https://example.com/", timestamp=at, is_success=minute % 2 == 1)
        store.events.add([event], received_at=at, channels=routes("console"))
        _tell(store)
    store.monitors.add(Policy.model_validate({"name": "job", "heartbeat": {"period": "1h", "token": TOKEN}}), now=now())
    # The last connection to leave puts everything into the one file.
    store.database.close()


def _tell(store: Store) -> None:
    owed = store.notifications.claim("console", now=now(), leased_until=now())
    assert owed is not None
    store.notifications.record(Attempt(owed.notification, AttemptStatus.SENT, now(), 1.0, "printed"), channels={})


def _table(table_of_functions: list[Row], measured: list[dict[str, float]]) -> str:
    hello = [each["hello"] for each in measured]
    lines = []
    bars = {
        row.name: PAGE_BAR if row.name == "status_page" else SCHEDULED_BAR if row.every else HTTP_BAR
        for row in table_of_functions
    }
    for name, bar in {**bars, **{f"{name}, together": TOGETHER_BAR for name in TOGETHER}}.items():
        own = [each[name] for each in measured]
        # Within a round, so that what slows the machine for a while slows both.
        ratios = [each[name] / each["hello"] for each in measured]
        ratio = statistics.median(ratios)
        figures = [f"{statistics.median(own):.0f}", f"{statistics.median(hello):.0f}", f"{ratio:.2f}"]
        lines.append([name, *figures, middle_half(ratios, 2), f"{bar:.1f}", "ok" if ratio <= bar else "over"])
    head = ["process start to first answer", "ms", "hello ms", "ratio", "its middle half", "bar", ""]
    return f"{table(head, lines)}\nmedians of {len(measured)} rounds; hello's middle half: {middle_half(hello, 0)} ms"
