"""Events that ``ingest_event`` stores in a second, against the requests that hello world answers in one.

Both under functions-framework's gunicorn with one worker and eight threads, asked over eight kept connections.
"""

import asyncio
import itertools
import json
import os
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.models import as_text, new_event_id, now
from tests.benchmarks.yardstick import hello_alone, hello_project, middle_half, table
from tests.running import API_KEY, FunctionAlone, copy_project, started_together

ROUNDS = 5
ROUND_SECONDS = 3.0
SETTLE_SECONDS = 0.3
CONNECTIONS = 8
THREADS = "8"
BATCH = 100
MONITORS = 50

HELLO, SINGLE, BATCHED = (
    "hello, requests",
    "ingest_event, one event a request",
    f"ingest_event, {BATCH} events a request",
)

_HELLO_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_numbers = itertools.count()


class _Load:
    """What all connections of a round ask, and how often they were answered."""

    def __init__(self, request: Callable[[], bytes], status: bytes) -> None:
        self.request, self.status = request, status
        self.answered = 0
        self.trouble = ""


class _Connection(asyncio.Protocol):
    """Asks again as soon as it is answered. Does little, so that the server is what is measured."""

    def __init__(self, load: _Load) -> None:
        self.load = load
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self.load.request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, gap, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not gap or (length and len(body) < int(length[1])):
            return
        if not head.startswith(self.load.status) or not length:
            self.load.trouble = self._received.decode("utf-8", "replace")
            return
        self.load.answered += 1
        self._received = b""
        self._transport.write(self.load.request())

    def eof_received(self) -> None:
        self.load.trouble = "the server closed a connection"

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self.load.trouble = f"a connection was lost: {exc}"


async def _rate(port: int, load: _Load, seconds: float) -> float:
    """Answers a second."""
    loop = asyncio.get_running_loop()
    transports = [
        (await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port))[0] for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = load.answered, time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (load.answered - before) / (time.perf_counter() - began)
    for transport in transports:
        transport.close()
    # What is still being answered does not run into the next round.
    await asyncio.sleep(SETTLE_SECONDS)
    assert not load.trouble, load.trouble
    return rate


def run(folder: Path, rounds: int) -> str:
    """The table of events and requests a second."""
    hello = hello_alone(hello_project(folder / "hello"), THREADS=THREADS)
    ingest = FunctionAlone(copy_project(folder / "project"), folder, "ingest_event", THREADS=THREADS)
    sides: dict[str, tuple[FunctionAlone, _Load, int]] = {
        HELLO: (hello, _Load(lambda: _HELLO_REQUEST, b"HTTP/1.1 200"), 1),
        SINGLE: (ingest, _Load(lambda: _post(_event()), b"HTTP/1.1 201"), 1),
        BATCHED: (ingest, _Load(lambda: _post([_event() for _ in range(BATCH)]), b"HTTP/1.1 201"), BATCH),
    }
    with started_together(hello, ingest):
        measured = [_round(sides) for _ in range(rounds)]
        [stored] = ingest.rows("SELECT count(*) AS count FROM events")
    answered = sum(load.answered * events for function, load, events in sides.values() if function is ingest)
    assert stored["count"] >= answered, f"{answered} events were accepted and {stored['count']} stored"
    return f"{_table(measured)}; one fsync: {_fsync_ms(folder):.2f} ms"


def _round(sides: dict[str, tuple[FunctionAlone, _Load, int]]) -> dict[str, float]:
    """Events, or requests to hello, a second; hello goes before each of the others."""
    rates: dict[str, float] = {}
    halves: list[float] = []
    hello, hello_load, _ = sides[HELLO]
    for name, (function, load, events) in sides.items():
        if name != HELLO:
            halves.append(asyncio.run(_rate(hello.port, hello_load, ROUND_SECONDS / 2)))
            rates[name] = events * asyncio.run(_rate(function.port, load, ROUND_SECONDS))
    return {HELLO: statistics.mean(halves), **rates}


def _event() -> dict[str, Any]:
    """A success, as the agent reports it."""
    return {
        "target_url": f"https://service-{next(_numbers) % MONITORS}.example.com/health",
        "status_code": 200,
        "response_time_ms": 84.211,
        "timestamp": as_text(now()),
        "is_success": True,
        "error_message": None,
        "event_id": new_event_id(),
        "dns_ms": 4.01,
        "connect_ms": 11.32,
        "tls_ms": 25.48,
        "first_byte_ms": 43.4,
    }


def _post(body: Any) -> bytes:
    data = json.dumps(body).encode()
    return (
        f"POST /events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {API_KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    ).encode() + data


def _fsync_ms(folder: Path) -> float:
    """What a commit costs on this disk at the least."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _table(measured: list[dict[str, float]]) -> str:
    hello = statistics.median(each[HELLO] for each in measured)
    lines = []
    for name in measured[0]:
        own = [each[name] for each in measured]
        median = statistics.median(own)
        lines.append([name, f"{median:.0f}", middle_half(own, 0), f"{median / hello:.2f}"])
    head = ["under one worker of 8 threads", "a second", "their middle half", "ratio to hello"]
    return f"{table(head, lines)}\nmedians of {len(measured)} rounds"
