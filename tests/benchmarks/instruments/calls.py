"""Calls of one running function, and what they cost it: the caller's time, the CPU of all its processes, its log."""

import contextlib
import socket
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.cpu import cpu_ms
from tests.benchmarks.instruments.load import _is_whole as is_whole
from tests.support.running import API_KEY, START_SECONDS, FunctionAlone

Figures = dict[str, float]


def several(function: FunctionAlone, request: Callable[[], bytes], times: int, rounds: int) -> Figures:
    """The means of ``times`` calls in a row, of the time its median, after one that does not count."""
    answer_ms(function, request())
    # Other work on the machine can only add time: the quietest round counts.
    return min((_figures(function, request, times) for _ in range(rounds)), key=lambda figures: figures["wall_ms"])


def _figures(function: FunctionAlone, request: Callable[[], bytes], times: int) -> Figures:
    before, said = cpu_ms(function.living()), len(function.output().encode())
    walls = [answer_ms(function, request()) for _ in range(times)]
    used, lines = cpu_ms(function.living()) - before, function.output().encode()[said:]
    return {
        "wall_ms": statistics.median(walls),
        "cpu_ms": used / times,
        "log_bytes": len(lines) / times,
        "log_lines": lines.count(b"\n") / times,
        "memory_mb": memory_mb(function),
    }


def request_of(method: str, path: str, body: bytes = b"") -> bytes:
    """A request with the key, and with JSON in it if it has a body."""
    headers = (
        f"Host: localhost\r\nX-API-Key: {API_KEY}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    return f"{method} {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode() + body


def answer_ms(function: FunctionAlone, request: bytes) -> float:
    """How long it took to be answered, on a connection of its own."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", function.port), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while not is_whole(answer):
            data = connection.recv(65536)
            assert data, f"{function.name} said nothing\n{function.output()}"
            answer += data
    return (time.perf_counter() - began) * 1000


def first_answer(function: FunctionAlone, request: bytes) -> None:
    """Wait until a process that was just started answers."""
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        with (
            contextlib.suppress(ConnectionRefusedError),
            socket.create_connection(("127.0.0.1", function.port), timeout=60) as connection,
        ):
            connection.sendall(request)
            assert connection.recv(65536), function.output()
            return
        assert time.monotonic() < give_up_at, function.output()
        time.sleep(0.001)


def memory_mb(function: FunctionAlone) -> float:
    """At its most, as if its processes shared nothing."""
    kilobytes = 0
    for process in function.living():
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        kilobytes += int(status.partition("VmHWM:")[2].split()[0])
    return kilobytes / 1024
