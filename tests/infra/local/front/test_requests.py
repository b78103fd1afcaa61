"""How requests arrive, and the problem details of those that the server itself refuses."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import LocalSystem

HOST = b"Host: localhost\r\n"
MALFORMED = {
    "noise": (b"\x00\x01\x02\r\n\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400),
    "a version that is none": (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 400),
    "a bare line feed": (b"GET / HTTP/1.1\n" + HOST + b"\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\n" + HOST + b"X\r\n\r\n", 400),
    "a length of less than nothing": (b"POST /events HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
    "a long path": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a path without an end": (b"GET /" + b"a" * 9000, 414),
    "a long query": (b"GET /alerts?" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "a long header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431),
    "headers without an end": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 20_000, 431),
    "200 headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 200 + b"\r\n", 431),
    "another coding": (b"POST /events HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: foo\r\n\r\n", 501),
    "expects tea": (b"GET / HTTP/1.1\r\n" + HOST + b"Expect: tea\r\n\r\n", 417),
}
# How one whole request may come: a byte at a time, after an empty line, in chunks, behind another one.
EVENT = b'{"target_url": "http://a.example/", "timestamp": "2025-01-08T10:30:00", "is_success": true}'
KEY = b"X-API-Key: a-key-that-is-for-tests-only\r\nContent-Type: application/json\r\n"
POST = b"POST /events HTTP/1.1\r\n" + HOST + KEY
WHOLE = POST + b"Content-Length: %d\r\n\r\n" % len(EVENT) + EVENT
IN_CHUNKS = b"".join(b"1;a=b\r\n%c\r\n" % byte for byte in EVENT) + b"0\r\nX-Trailer: a\r\n\r\n"
WELL_FORMED = {
    "at once": WHOLE,
    "after an empty line": b"\r\n" + WHOLE,
    "in chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n" + IN_CHUNKS,
}

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def served(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSystem]:
    with LocalSystem(project, tmp_path_factory.mktemp("served"), CHECK_INTERVAL_SECONDS="3600") as running:
        yield running


def answer_to(connection: socket.socket) -> tuple[int, str, bytes]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.headers.get_content_type(), response.read()


@pytest.mark.together("refusals")
@pytest.mark.parametrize(("request_", "status"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_gets_problem_details(served: LocalSystem, request_: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(request_)
        found, kind, body = answer_to(connection)
    assert (found, kind) == (status, "application/problem+json")
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["detail"]


@pytest.mark.together("refusals")
@pytest.mark.parametrize("request_", WELL_FORMED.values(), ids=WELL_FORMED.keys())
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_request_is_whole_however_it_arrives(served: LocalSystem, request_: bytes, size: int) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(request_), size):
            connection.sendall(request_[start : start + size])
        assert answer_to(connection)[0] == 201
        # The connection is kept, for any number of requests at once.
        connection.sendall(request_ * 3)
        responses = b""
        while responses.count(b"HTTP/1.1 201") < 3:
            part = connection.recv(65536)
            assert part, responses
            responses += part


@pytest.mark.together("refusals")
def test_a_client_that_asks_to_go_on_is_told_to(served: LocalSystem) -> None:
    head = POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(EVENT)
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(EVENT)
        assert answer_to(connection)[0] == 201


@pytest.mark.together("refusals")
def test_a_body_that_is_too_long_is_refused_unread(served: LocalSystem) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(POST + b"Content-Length: 3000000\r\n\r\n")
        assert answer_to(connection)[0] == 413
        # It can still be sent: otherwise the response would be lost on its way.
        connection.sendall(b" " * 3_000_000)


@pytest.mark.together("refusals")
@pytest.mark.parametrize(("to", "status"), [("/events", 400), ("/nowhere", 404)])
@pytest.mark.parametrize("end", [b"XX", b"\r0", b"0\r", b"\n\n"])
def test_nothing_is_read_behind_a_chunk_without_its_end(served: LocalSystem, end: bytes, to: str, status: int) -> None:
    """A proxy that reads it otherwise could have passed on what another client sent. The second path reads no body."""
    post = POST.replace(b"/events", to.encode())
    chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b%b0\r\n\r\n" % (len(EVENT), EVENT, end)
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(post + chunks + b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.count(b"HTTP/1.1 ") == 1
