"""Events that ``ingest_event`` stores in a second, against the requests that hello world answers in one.

Both under functions-framework's gunicorn with one worker and as many threads as the local system has. Every event that
counts is durable: it survives a power cut.
"""

import itertools
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from infra.local.front import lanes
from shared.models import Event, as_text, now
from tests.benchmarks.instruments.load import Load, get, post
from tests.benchmarks.instruments.yardstick import hello_alone, hello_project, middle_half, table, verdict
from tests.support.running import FunctionAlone, copy_project, started_together

ROUNDS = 5
ROUND_SECONDS = 2.0
# As many as work on the requests of our own callers.
THREADS = lanes.THREADS[lanes.Lane.OWN]
HELLO_CONNECTIONS = 2 * THREADS
MONITORS = 50
# By the events in a request, over how many connections they come: single ones from many callers, who then share a
# commit; the longer a batch, the fewer are sent at once.
CONNECTIONS = {1: HELLO_CONNECTIONS, 100: 8, 1000: 4}
# The least that is fast enough: events a second for each request a second of hello's.
BARS = {1: 0.4, 100: 5.0, 1000: None}


def run(folder: Path, rounds: int) -> str:
    """The table of events and requests a second."""
    hello = hello_alone(hello_project(folder / "hello"), THREADS=str(THREADS))
    ingest = FunctionAlone(copy_project(folder / "project"), folder, "ingest_event", THREADS=str(THREADS))
    hello_load = Load(hello.port, lambda: get("/"), HELLO_CONNECTIONS)
    loads = {size: Load(ingest.port, _requests_of(size), count) for size, count in CONNECTIONS.items()}
    with started_together(hello, ingest):
        measured = [_round(hello_load, loads) for _ in range(rounds)]
        [stored] = ingest.rows("SELECT count(*) AS count FROM events")
    answered = sum(size * load.answered for size, load in loads.items())
    assert stored["count"] >= answered, f"{answered} events were accepted and {stored['count']} stored"
    return f"{_table(measured)}; one fsync: {_fsync_ms(folder):.2f} ms"


def _round(hello_load: Load, loads: dict[int, Load]) -> dict[int, tuple[float, float]]:
    """Events a second by the size of a batch, each with hello's requests a second just before and after it."""
    rates: dict[int, tuple[float, float]] = {}
    before = hello_load.rate(ROUND_SECONDS / 2)
    for size, load in loads.items():
        events = size * load.rate(ROUND_SECONDS)
        after = hello_load.rate(ROUND_SECONDS / 2)
        rates[size] = events, (before + after) / 2
        before = after
    return rates


def _requests_of(size: int) -> Callable[[], bytes]:
    """Requests to store new events, written as the agent writes them: texts in which time and ids are filled in."""
    a_time = datetime(2000, 1, 1, tzinfo=UTC)

    def text(first: int) -> str:
        events = [_event(number, a_time).model_dump_json() for number in range(first, first + size)]
        together = f"[{','.join(events)}]" if size > 1 else events[0]
        return together.replace(as_text(a_time), "%(at)s")

    texts = itertools.cycle([text(first) for first in range(0, max(MONITORS, size), size)])
    numbers = itertools.count()

    def request() -> bytes:
        # Like the agent's: the time comes first, so that an index on the ids grows at its end.
        identity = f"{time.time_ns() // 1_000_000:012x}{size:05x}{next(numbers):012x}"
        return post("/events", (next(texts) % {"at": as_text(now()), "request": identity}).encode())

    return request


def _event(number: int, timestamp: datetime) -> Event:
    url = f"https://service-{number % MONITORS}.example.com/health"
    return Event(
        target_url=url,
        monitor=url,
        timestamp=timestamp,
        is_success=True,
        status_code=200,
        response_time_ms=84.211,
        dns_ms=4.01,
        connect_ms=11.32,
        tls_ms=25.48,
        first_byte_ms=43.4,
        event_id=f"%(request)s{number:03x}",
        agent="default",
        interval_seconds=30.0,
    )


def _fsync_ms(folder: Path) -> float:
    """The least that a commit can cost on this disk."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _table(measured: list[dict[int, tuple[float, float]]]) -> str:
    lines = []
    for size, bar in BARS.items():
        events, hello = zip(*(each[size] for each in measured), strict=True)
        # Against hello's neighbours, so that what slows the machine for a while slows both.
        ratios = [own / requests for own, requests in zip(events, hello, strict=True)]
        ratio = statistics.median(ratios)
        figures = [f"{statistics.median(events):.0f}", f"{statistics.median(hello):.0f}", f"{ratio:.2f}"]
        name = f"events, {size:,} a request" if size > 1 else "events, one a request"
        lines.append([name, *figures, middle_half(ratios, 2), *verdict(ratio, bar, is_least=True)])
    head = [f"one worker, {THREADS} threads", "a second", "hello's requests", "ratio", "its middle half", "bar", ""]
    return f"{table(head, lines)}\nmedians of {len(measured)} rounds"
