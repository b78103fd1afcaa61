"""From the start of Lambda's runtime to the first answer, out of the zip's own files, against a hello world zip's.

The runtime is the same small stand-in for both. The time before it, in which Lambda brings the zip and starts a
machine, is left out. Every start begins from the same store on PostgreSQL and reads its secrets; its first event is a
real one.
"""

import json
import statistics
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.table import Row, rows
from tests.benchmarks.cold_start import BODIES, OUTAGES, PROOFS, Backend, give_past
from tests.benchmarks.instruments.yardstick import middle_half, table
from tests.support.postgres import Server
from tests.support.routes import filled
from tests.support.running import API_KEY, rows_of
from tests.support.stand_ins import Exchange, StandIn
from tests.system.runtimes.api_gateway import payload
from tests.system.runtimes.aws import Aws
from tests.system.runtimes.sandbox import PACKAGE, Sandbox, unpacked

ROUNDS = 11
_HELLO = """\
def handler(event, context):
    return {"statusCode": 200, "body": "hello"}
"""
# Removes what the first event of each function left behind.
_AS_IT_WAS = (
    "DELETE FROM raw_events WHERE id = (SELECT id FROM events WHERE event_id = 'the-first-event')",
    "UPDATE alerts SET status = 'OPEN', acknowledged_at = NULL WHERE status = 'ACK'",
)


class Secrets(StandIn):
    """Parameter Store, which answers at once."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__()
        self._secrets = secrets

    def answer(self, exchange: Exchange) -> None:
        names = (name.partition(":") for name in json.loads(exchange.body)["Names"])
        found = [{"Name": name, "Version": int(version), "Value": self._secrets[name]} for name, _, version in names]
        exchange.answer(200, json.dumps({"Parameters": found}), "application/x-amz-json-1.1")


@dataclass(frozen=True)
class Start:
    """One function that is started again and again, and its first event."""

    name: str
    make: Callable[[], Sandbox]
    event: dict[str, Any] = field(default_factory=dict)

    def milliseconds(self) -> tuple[float, float]:
        """One cold start: until the module is imported, and until the first answer."""
        sandbox = self.make()
        began = time.perf_counter()
        sandbox.start()
        try:
            sandbox.wait_until_ready()
            ready = time.perf_counter()
            answer = sandbox.invoke(self.event)
            ended = time.perf_counter()
        finally:
            sandbox.kill()
        text = answer.get("body") or json.dumps(answer, separators=(",", ":"))
        assert answer.get("statusCode", 200) < 300, f"{self.name} answered {answer}"
        assert PROOFS.get(self.name, "") in text, f"{self.name} answered {text}"
        return (ready - began) * 1000, (ended - began) * 1000


def run(folder: Path, rounds: int) -> str:
    """The table of all functions."""
    code = folder / "code"
    code.mkdir()
    with Server() as server, Backend() as backend:
        database_url = server.new_store()
        give_past(database_url)
        # It is not started: it only says what each function finds in its environment.
        aws = Aws(unpacked(code), folder, database_url, "http://127.0.0.1:1")
        with aws.target, Secrets(aws.secrets) as secrets:
            world = {"AWS_ENDPOINT_URL": secrets.url, "BACKEND_URL": backend.url, "STATUS_PAGE": "true"}
            starts = [_hello(folder), *(_start(row, aws, folder, world) for row in rows())]
            for start in starts:
                start.milliseconds()  # not counted: its files are not in memory yet
            measured = [{start.name: start.milliseconds() for start in starts} for _ in range(rounds)]
    return _table(measured)


def _hello(folder: Path) -> Start:
    here = folder / "hello"
    here.mkdir()
    with zipfile.ZipFile(here / PACKAGE, "w") as archive:
        archive.writestr("hello.py", _HELLO)
    code = unpacked(here)
    environ = {"_HANDLER": "hello.handler", "TIMEOUT_SECONDS": "3"}
    return Start("hello", lambda: Sandbox(code, folder, environ, folder / "hello.txt", is_confined=False))


def _start(row: Row, aws: Aws, folder: Path, world: Mapping[str, str]) -> Start:
    environ = {**aws.environment(row.name), **world}

    def make() -> Sandbox:
        for change in _AS_IT_WAS:
            rows_of(aws.database_url, change)
        return Sandbox(aws.unpacked, folder, environ, folder / f"{row.name}.txt", is_confined=False)

    if row.every is not None:
        return Start(row.name, make, {"scheduled": "2025-01-08T10:30:00Z"})
    body = json.dumps(BODIES[row.name]).encode() if row.name in BODIES else b""
    headers = {"X-API-Key": API_KEY, "Content-Type": "application/json"}.items()
    method, path = row.route.method, filled(row.route.path, OUTAGES)
    return Start(row.name, make, payload(method, path, headers, body, f"{method} {row.route.path}"))


def _table(measured: list[dict[str, tuple[float, float]]]) -> str:
    lines = []
    for row in rows():
        cells = [row.name]
        for moment in (0, 1):
            own = statistics.median(each[row.name][moment] for each in measured)
            # Within a round, so that what slows the machine for a while slows both.
            ratios = [each[row.name][moment] / each["hello"][moment] for each in measured]
            cells += [f"{own:.0f}", f"{statistics.median(ratios):.1f}", middle_half(ratios, 1)]
        lines.append(cells)
    head = ["from the zip", "imported ms", "ratio", "middle half", "answer ms", "ratio", "middle half"]
    hello = " and ".join(f"{statistics.median(each['hello'][moment] for each in measured):.0f}" for moment in (0, 1))
    return f"{table(head, lines)}\nmedians of {len(measured)} rounds, against a hello world zip's {hello} ms"
