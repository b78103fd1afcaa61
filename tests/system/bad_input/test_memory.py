"""A flood of bad input costs no memory that stays."""

import contextlib
import re
import socket
from pathlib import Path

import pytest

from tests.support.running import FunctionAlone, Running
from tests.system.bad_input.bodies import BODIES, MIB
from tests.system.bad_input.exchange import (
    SECONDS,
    Reply,
    assert_unharmed,
    counts,
    exchange,
    received,
    sent,
    system_at_rest,
)
from tests.system.bad_input.raw_requests import CHUNKED, JSON, KEY, RAW, head

# A flood sends some hundred MiB. To read a body may take ten times its 1 MiB, and the heap returns freed memory only if
# nothing that is still in use lies above it: that makes a difference of 40 MiB between two floods.
LEFT_BYTES = 48 * MIB
NEEDED_BYTES = 100 * MIB


def resident(system: Running, what: str) -> int:
    """The memory of all processes of a system: ``VmRSS`` is now, ``VmHWM`` was the highest."""
    texts = [Path(f"/proc/{process}/status").read_text() for process in system.living()]
    return sum(int(found[1]) * 1024 for text in texts if (found := re.search(rf"{what}:\s+(\d+) kB", text)))


def pour(port: int, request: bytes, size: int) -> Reply:
    """Send a request's head and then ``size`` bytes of body, piece by piece, until the server stops reading."""
    piece = b" " * (64 * 1024)
    if b"chunked" in request:
        piece = b"%x\r\n" % len(piece) + piece + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
            for _ in range(size // len(piece)):
                connection.sendall(piece)
        return received(connection)


def flood(port: int) -> None:
    big = [BODIES[name] for name in ("deep, ignored", "wide", "empty arrays", "a million digits, ignored", "8 MiB")]
    for body in big:
        assert 400 <= sent(port, "POST", "/events", body).status < 500
    for name in ("200 headers", "a megabyte of a header"):
        assert exchange(port, RAW[name]).status in (0, 431)
    for line in (b"Content-Length: %d" % (256 * MIB), CHUNKED):
        for path in ("/events", "/robots.txt"):
            assert pour(port, head("POST", path, KEY, JSON, line), 256 * MIB).status in (0, 404, 413)
    for _ in range(60):
        assert sent(port, "POST", "/events", BODIES["a million digits"]).status == 400


@pytest.mark.system
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_flood_leaves_the_memory_flat(project: Path, tmp_path: Path) -> None:
    # One heap for all threads. Otherwise free memory in the heaps of other threads blurs the measurement.
    one_heap = {"MALLOC_ARENA_MAX": "1"}
    (tmp_path / "alone").mkdir()
    alone = FunctionAlone(project, tmp_path / "alone", "ingest_event", **one_heap)
    with system_at_rest(project, tmp_path, **one_heap) as system, alone:
        stored = counts(system)
        for running in (system, alone):
            flood(running.port)
            before = resident(running, "VmRSS")
            for _ in range(2):
                flood(running.port)
            assert resident(running, "VmRSS") - before < LEFT_BYTES
            assert resident(running, "VmHWM") - before < NEEDED_BYTES
        assert_unharmed(system, stored)
