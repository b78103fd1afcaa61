"""The front of the local system: slow clients hold their own connections, and nothing of the system's."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.front.crowd import MAX_OF_AN_ADDRESS
from tests.support.running import API_KEY, LocalSystem
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system

MANY = 40
HEAD = b"POST /events HTTP/1.1\r\nHost: localhost\r\n"
# The bytes that slow clients have sent when they stop, or go on with a byte at a time.
SLOW = {
    "nothing": b"",
    "one byte": b"P",
    "half a head": HEAD + b"X-A: ",
    "half a body": HEAD + b"Content-Length: 500\r\n\r\n{",
    "half a body, with the key": HEAD + b"X-API-Key: %s\r\nContent-Length: 500\r\n\r\n{" % API_KEY.encode(),
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n64\r\n{",
    "a whole request, then part of one": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\nGET ",
}


@pytest.fixture
def system(project: Path, tmp_path: Path, target: Target) -> Iterator[LocalSystem]:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url) as running:
        running.wait_for_further_events(1, is_success=True)
        yield running


@contextlib.contextmanager
def connections(port: int, count: int, data: bytes) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            opened.append(stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)))
            opened[-1].sendall(data)
        yield opened


def assert_alive(system: LocalSystem, target: Target) -> None:
    """It answers, checks, and notifies of an outage, all at once."""
    began = time.monotonic()
    assert system.get("/").status_code == 200
    assert system.get("/alerts").status_code == 200
    system.wait_for_further_events(2, is_success=True)
    target.is_down = True
    system.wait_until(lambda: system.told("OUTAGE"))
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW.keys())
def test_slow_clients_stop_nothing(system: LocalSystem, target: Target, sent: bytes) -> None:
    with connections(system.port, MANY, sent):
        assert_alive(system, target)


def test_slow_clients_stop_no_separate_function(project: Path, tmp_path: Path, target: Target) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, SEPARATE="1") as system:
        system.wait_for_further_events(1, is_success=True)
        with connections(system.port, MANY, SLOW["one byte"]), connections(system.port, MANY, SLOW["half a body"]):
            assert_alive(system, target)


def test_clients_that_send_steadily_stop_nothing(system: LocalSystem, target: Target) -> None:
    is_over = threading.Event()
    with connections(system.port, MANY, SLOW["half a body"]) as slow:

        def trickle() -> None:
            while not is_over.wait(0.2):
                for connection in slow:
                    connection.send(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            assert_alive(system, target)
        finally:
            is_over.set()
            thread.join()


def test_clients_that_read_nothing_stop_nothing(system: LocalSystem, target: Target) -> None:
    # Each response waits for its client, who has asked for more than the kernel keeps.
    requests = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200
    with connections(system.port, MANY, requests):
        assert_alive(system, target)


def test_clients_that_do_not_close_stop_nothing(system: LocalSystem, target: Target) -> None:
    with connections(system.port, MANY, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"):
        assert_alive(system, target)


def test_a_crowd_loses_its_oldest_and_not_the_system(system: LocalSystem, target: Target) -> None:
    with connections(system.port, MAX_OF_AN_ADDRESS + 100, SLOW["one byte"]) as slow:
        assert_alive(system, target)
        slow[0].settimeout(1)
        assert slow[0].recv(1) == b""


@pytest.mark.parametrize("sent", ["one byte", "half a head"])
def test_a_head_that_does_not_come_is_given_up(system: LocalSystem, sent: str) -> None:
    with connections(system.port, 1, SLOW[sent]) as [slow]:
        answer = b"".join(iter(lambda: slow.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["detail"] == "the request did not arrive in time"


@pytest.mark.parametrize("sent", ["nothing", "half a body"])
def test_it_ends_at_once_with_slow_clients(system: LocalSystem, sent: str) -> None:
    with connections(system.port, MANY, SLOW[sent]):
        began = time.monotonic()
        system.stop()
        assert time.monotonic() - began < 9
    assert system.process.returncode == 0
    assert "Traceback" not in system.output()
