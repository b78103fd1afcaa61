"""Bad input from the outside: each is refused clearly, stores nothing, and costs no memory that stays.

The tables say what must be refused; the random mutations, always the same, that nothing else can happen.
"""

import contextlib
import http.client
import json
import random
import re
import socket
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any, NamedTuple

import functions_framework
import pytest
from pydantic import ValidationError
from werkzeug.test import EnvironBuilder, run_wsgi_app

from infra.table import MAIN, Row, rows
from shared.models import Event
from shared.store import open as opening
from shared.web import MAX_BODY_BYTES
from tests.support.running import API_KEY, FunctionAlone, LocalSystem, Running, environment
from tests.support.stand_ins import Target

EVENT = {"target_url": "https://example.com/", "timestamp": "2025-01-08T10:30:00Z", "is_success": False}
BODY = json.dumps(EVENT).encode()
KEY = b"X-API-Key: " + API_KEY.encode()
JSON = b"Content-Type: application/json"
TABLES = ("events", "monitors", "alerts", "notifications", "notification_logs")
MIB = 1024 * 1024
# A flood brings some hundred MiB. What a body needs while it is looked at may be some ten times its 1 MiB, and the heap
# gives back what was freed only where nothing that lives lies above it: between the floods 40 MiB more or less.
LEFT_BYTES = 48 * MIB
NEEDED_BYTES = 100 * MIB


def with_field(name: str, value: bytes) -> bytes:
    """The event with one field more, or again, as raw JSON."""
    return BODY[:-1] + b', "' + name.encode() + b'": ' + value + b"}"


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n\t ",
    "zeros": b"\0" * 1000,
    "every byte": bytes(range(256)),
    "a gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 100,
    "half": BODY[: len(BODY) // 2],
    "something after it": BODY + b"x",
    "two of them": BODY + BODY,
    "a form": b"target_url=x&timestamp=2025-01-08T10:30:00Z&is_success=false",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "python": b"{'target_url': 'x'}",
    "a text": b'"text"',
    "a number": b"1",
    "null": b"null",
    "an array in an array": b"[" + b"[" + BODY + b"]]",
    "UTF-8 with a mark": b"\xef\xbb\xbf" + BODY,
    "UTF-16": BODY.decode().encode("utf-16"),
    "UTF-32": BODY.decode().encode("utf-32-le"),
    "EUC-KR": json.dumps(EVENT | {"monitor": "쇼핑몰"}, ensure_ascii=False).encode("euc-kr"),
    "UTF-8 cut": with_field("monitor", b'"\xea\xb0"'),
    "UTF-8 too long": with_field("monitor", b'"\xc0\xaf"'),
    "a surrogate in UTF-8": with_field("monitor", b'"\xed\xa0\x80"'),
    "half a character": with_field("monitor", b'"\\ud800"'),
    "half a character, ignored": with_field("later", b'"\\udfff"'),
    "NUL": with_field("monitor", b'"a\\u0000b"'),
    "NUL as it is": with_field("monitor", b'"a\0b"'),
    "a line break in a text": with_field("monitor", b'"a\nb"'),
    "NaN": with_field("response_time_ms", b"NaN"),
    "NaN, ignored": with_field("later", b"NaN"),
    "Infinity": with_field("response_time_ms", b"Infinity"),
    "-Infinity, ignored": with_field("later", b"[-Infinity]"),
    "beyond infinity": with_field("response_time_ms", b"1e999"),
    "negative": with_field("response_time_ms", b"-0.1"),
    "huge": with_field("status_code", b"1" + b"0" * 400),
    "a million digits": with_field("status_code", b"1" * 1_000_000),
    "a million digits, ignored": with_field("later", b"9" * 1_000_000),
    "a number as text": with_field("status_code", b'"200"'),
    "half a status": with_field("status_code", b"200.5"),
    "a name twice": with_field("is_success", b"true"),
    "a name twice, the same": with_field("is_success", b"false"),
    "a name twice, spelled otherwise": with_field("is_succes\\u0073", b"true"),
    "a name twice, ignored": with_field("later", b'{"a": 1, "a": 2}'),
    "half a character twice": b'{"\\ud800": 1, "\\ud800": 2}',
    "a name twice in an array": b"[" + BODY + b", " + with_field("monitor", b'"a", "monitor": "b"') + b"]",
    "deep": b"[" * 500_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "deep, ignored": with_field("later", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "wide": b"{" + b",".join(b'"%d":0' % each for each in range(80_000)) + b"}",
    "empty arrays": b"[" + b"[]," * 300_000 + b"[]]",
    "1,001 events": b"[" + b",".join([BODY] * 1001) + b"]",
    "a long URL": json.dumps(EVENT | {"target_url": "x" * 2049}).encode(),
    "a long message": with_field("error_message", b'"' + b"x" * 4097 + b'"'),
    "a wrong cause": with_field("cause", b'{"code": "x", "parameters": {"a": ' + b"[" * 100 + b"]" * 100 + b"}}"),
    "a wide cause": with_field("cause", b'{"code": "x", "parameters": {"a": "' + b"x" * 900_000 + b'"}}'),
    "a long name": with_field("monitor", b'"' + "가".encode() * 2049 + b'"'),
    "a long id": with_field("event_id", b'"' + b"x" * 65 + b'"'),
    "a time in digits": json.dumps(EVENT | {"timestamp": "1736332200"}).encode(),
    "a date": json.dumps(EVENT | {"timestamp": "2025-01-08"}).encode(),
    "February 30th": json.dumps(EVENT | {"timestamp": "2025-02-30T10:30:00Z"}).encode(),
    "the year 10000": json.dumps(EVENT | {"timestamp": "9999-12-31T23:59:59-14:00"}).encode(),
    "the year 0": json.dumps(EVENT | {"timestamp": "0000-01-01T00:00:00Z"}).encode(),
    "a byte over the limit": b" " * (MAX_BODY_BYTES + 1 - len(BODY)) + BODY,
    "8 MiB": b" " * (8 * MIB) + BODY,
}

MOVES: dict[str, bytes] = {
    "no status": b'{"by": "kim"}',
    "another status": b'{"status": "open"}',
    "a status twice": b'{"status": "ACK", "status": "RESOLVED"}',
    "a long name": b'{"status": "ACK", "by": "' + b"x" * 256 + b'"}',
    "NUL": b'{"status": "ACK", "by": "a\\u0000"}',
    "an array": b'[{"status": "ACK"}]',
    "not UTF-8": b'{"status": "ACK", "by": "\xff"}',
}

QUERIES = [
    *(f"/alerts?status={each}" for each in ("open", "OPEN,ACK", "%4fPEN%00", "'%20OR%201=1--", "[]")),
    *(f"/alerts?monitor={each}" for each in ("%00", "a%00b", "%ff", "%ed%a0%80", "%c0%af", "x" * 2049)),
    *(f"/alerts?limit={each}" for each in ("0", "-1", "1001", "1e3", "0x9", "%EF%BC%91", "9" * 3000, "1&limit=1")),
    *(f"/alerts?cursor={each}" for each in ("0", "-1", str(2**63), "1.5", "1%00", "null", "1&cursor=2")),
    *(f"/notification_logs?alert_id={each}" for each in ("0", "-1", str(2**63), "9" * 400, "1;2", "1&alert_id=1")),
    "/notification_logs?limit=%",
]  # fmt: skip

PATHS = [
    *(f"/alerts/{each}" for each in ("0", "-1", "+1", "1.0", "1e0", "0x1", "a", "9" * 19, "9" * 3000, "%00", "1%00")),
    *(f"/alerts/{each}" for each in ("%ff", "%c0%b1", "%EF%BC%91", "%D9%A1", "%zz", "%", "1%0d%0aX-Evil:%201", "%0a")),
    *("/alerts/../events", "/alerts/..%2f..%2fetc%2fpasswd", "/./alerts", "/alerts/1/..", "/alerts/1/2", "/alerts;a=1"),
    *("/alerts%00", "/Alerts", "/alerts/1%20", "/alerts/%2e%2e", "/main.py", "/.env", "/functions/../.env", "/static/"),
    *("/robots.txt", "/favicon.ico", "/openapi.json/..", "/openapi", "/\\..\\.env", "/%2e%2e/%2e%2e/etc/passwd"),
]


def head(method: str, path: str, *headers: bytes) -> bytes:
    """The start of a request, whole but for its body."""
    lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: 127.0.0.1", b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def posted(*headers: bytes, body: bytes = BODY) -> bytes:
    """A POST of an event with the key, in which ``headers`` say how long it is."""
    return head("POST", "/events", KEY, JSON, *headers) + body


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"

# What never becomes a request, or is one that nobody honest sends. The server may refuse it itself.
RAW: dict[str, bytes] = {
    "noise": random.Random(1).randbytes(4000) + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "lower case": head("get", "/alerts"),
    "no such method": head("FOO", "/alerts"),
    "CONNECT": b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "OPTIONS": head("OPTIONS", "/events", KEY),
    "TRACE": head("TRACE", "/", KEY),
    "two hosts": head("GET", "/", b"Host: b"),
    "a host that is none": b"GET / HTTP/1.1\r\nHost: a.." + b"b" * 300 + b"\r\nConnection: close\r\n\r\n",
    "a folded header": head("GET", "/", b"X: a", b" b"),
    "NUL in a header": head("GET", "/", b"X: a\0b"),
    "a space before the colon": head("GET", "/", b"X : a"),
    "a line feed alone": head("GET", "/", b"X: a\nY: b"),
    "no colon": head("GET", "/", b"X"),
    "200 headers": head("GET", "/", *(b"X-%d: a" % number for number in range(200))),
    "a long header": head("GET", "/", b"X: " + b"a" * 9000),
    "a megabyte of a header": head("GET", "/", b"X: " + b"a" * MIB),
    "a long path": head("GET", "/" + "a" * 5000),
    "a megabyte of a path": head("GET", "/" + "a" * MIB),
    "raw bytes in the path": b"GET /alerts/\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "expects tea": posted(LENGTH, b"Expect: tea"),
    "expects to go on, without an end": posted(b"Content-Length: 500", b"Expect: 100-continue"),
    "a length of less than nothing": posted(b"Content-Length: -1"),
    "a length in hex": posted(b"Content-Length: 0x10"),
    "two lengths": posted(LENGTH, b"Content-Length: 3"),
    "a length beyond counting": posted(b"Content-Length: 99999999999999999999"),
    "a length that is never reached": posted(b"Content-Length: 500"),
    "a length and chunks": posted(LENGTH, CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
    "chunks of no size": posted(CHUNKED, body=b"zz\r\nhello\r\n0\r\n\r\n"),
    "chunks of less than nothing": posted(CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"),
    "chunks that end too early": posted(CHUNKED, body=b"%x\r\n" % (len(BODY) + 1) + BODY),
    "no last chunk": posted(CHUNKED, body=b"%x\r\n" % len(BODY) + BODY + b"\r\n"),
    "chunks with a trailer that is a header": posted(CHUNKED, body=b"0\r\nContent-Length: 5\r\n\r\n"),
    "another coding": posted(LENGTH, b"Transfer-Encoding: gzip"),
    "gzip": posted(LENGTH, b"Content-Encoding: gzip"),
    "two types": posted(LENGTH, b"Content-Type: text/plain"),
    "another key too": posted(LENGTH, b"X-API-Key: another"),
    "a key with an underline": head("POST", "/events", JSON, LENGTH, KEY.replace(b"-", b"_")) + BODY,
    "the scheme twice": head("GET", "/", b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off"),
    "another place for the app": head("POST", "/x/events", JSON, LENGTH, KEY, b"SCRIPT_NAME: /x") + BODY,
}
TYPES = [
    b"text/plain",
    b"text/html",
    b"application/xml",
    b"multipart/form-data; boundary=a",
    b"\xff\xfe",
    b"json",
]


class Answer(NamedTuple):
    """What came back; ``status`` 0 where the connection was closed without an answer."""

    status: int
    kind: str
    body: bytes


def exchange(port: int, request: bytes) -> Answer:
    """Send it as it is, say that this was all, and read the first final answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(OSError):  # it may have refused it before it has read all of it
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
            return Answer(response.status, response.headers.get_content_type(), response.read())
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return Answer(0, "", b"")


def sent(port: int, method: str, path: str, body: bytes = b"", kind: bytes = b"application/json") -> Answer:
    """Send a well-formed request with the key."""
    lines = (KEY, b"Content-Type: " + kind, b"Content-Length: %d" % len(body)) if body or method != "GET" else (KEY,)
    return exchange(port, head(method, path, *lines) + body)


def assert_refused(answer: Answer, about: object) -> None:
    """A 4xx that says why, as problem details, and nothing that is ours to know."""
    assert 400 <= answer.status < 500, (about, answer)
    assert answer.kind == "application/problem+json", (about, answer)
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status, about
    assert problem["detail"], about
    assert len(answer.body) < 8_000, about
    assert_leaks_nothing(answer, about)


def assert_leaks_nothing(answer: Answer, about: object) -> None:
    for secret in (API_KEY.encode(), b"Traceback", b"/site-packages/", b"sqlite"):
        assert secret not in answer.body, (about, answer)


def counts(system: Running) -> dict[str, int]:
    return {table: system.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}


@contextlib.contextmanager
def system_at_rest(project: Path, folder: Path, **variables: str | None) -> Iterator[LocalSystem]:
    """A system with one open alert, in which nothing happens by itself for as long as a test lasts."""
    with Target() as healthy:
        variables |= {"TARGET_URL": healthy.url, "CHECK_INTERVAL_SECONDS": "3600"}
        with LocalSystem(project, folder, **variables) as system:
            assert system.post("/events", EVENT | {"error_message": "refused"}).status_code == 201
            system.wait_until(lambda: counts(system)["events"] == 2 and system.sent())
            yield system


def refuse_everything(port: int) -> None:
    for name, body in BODIES.items():
        answer = sent(port, "POST", "/events", body)
        assert_refused(answer, name)
        assert (answer.status == 413) is (len(body) > MAX_BODY_BYTES), name
    for kind in TYPES:
        assert sent(port, "POST", "/events", BODY, kind).status == 415, kind
    for name, body in MOVES.items():
        assert_refused(sent(port, "PATCH", "/alerts/1", body), name)
    for path in QUERIES:
        assert_refused(sent(port, "GET", path), path)
    for path in PATHS:
        for method, body in (("GET", b""), ("PATCH", b'{"status": "RESOLVED"}'), ("POST", BODY)):
            answer = sent(port, method, path, body)
            assert_refused(answer, (method, path))
    for name, request in RAW.items():
        answer = exchange(port, request)
        assert answer.status == 0 or 400 <= answer.status < 500, (name, answer)
        assert_leaks_nothing(answer, name)


def assert_unharmed(system: Running, before: dict[str, int]) -> None:
    assert counts(system) == before
    assert system.get("/").json()["status"] == "ok"
    assert not [line for line in system.output().splitlines() if "Traceback" in line or " defect " in line]


@pytest.mark.system
@pytest.mark.parametrize("is_separate", [False, True], ids=["one process", "separate processes"])
def test_bad_input_is_refused_clearly_and_stores_nothing(project: Path, tmp_path: Path, is_separate: bool) -> None:
    with system_at_rest(project, tmp_path, SEPARATE="1" if is_separate else None) as system:
        before = counts(system)
        refuse_everything(system.port)
        assert_unharmed(system, before)


UNUSUAL: dict[str, bytes] = {
    "chunks": posted(CHUNKED, body=b"%x;a=b\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"),
    "asks first": posted(LENGTH, b"Expect: 100-continue"),
    "says that it is not compressed": posted(LENGTH, b"Content-Encoding: identity"),
    "a slash at the end": head("POST", "/events/", KEY, JSON, LENGTH) + BODY,
    "an encoded path": head("POST", "/%65vents", KEY, JSON, LENGTH) + BODY,
    "a whole address": head("POST", "http://elsewhere.example/events", KEY, JSON, LENGTH) + BODY,
    "HTTP/1.0": posted(LENGTH).replace(b"HTTP/1.1", b"HTTP/1.0"),
}


@pytest.mark.system
def test_what_is_only_unusual_is_taken(project: Path, tmp_path: Path) -> None:
    with system_at_rest(project, tmp_path) as system:
        before = counts(system)["events"]
        for name, request in UNUSUAL.items():
            assert exchange(system.port, request).status == 201, name
        assert sent(system.port, "POST", "/events", with_field("status_code", b"503.0")).status == 201
        assert counts(system)["events"] == before + len(UNUSUAL) + 1
        assert sent(system.port, "GET", "/alerts?limit=1&later=a&later=b&status=").status == 200


def mutated(random_source: random.Random) -> bytes:
    """A valid body with a few things done to it that nobody does on purpose."""
    body = bytearray(
        BODY[:-1] + b', "status_code": 503, "error_message": "\\u00e9\xea\xb0\x80", "later": [1, {"a": null}]}'
    )
    for _ in range(random_source.choice((1, 1, 2, 5))):
        at = random_source.randrange(len(body))
        piece = random_source.choice(
            (b'"', b"\\", b"{", b"]", b",", b"0", b"-", b"\0", b"\xff", b"\\u0000", b"e9", b" ")
        )
        match random_source.randrange(4):
            case 0:
                body[at] ^= 1 << random_source.randrange(8)
            case 1:
                body[at:at] = piece
            case 2:
                del body[at : at + random_source.randrange(1, 12)]
            case _:
                body[at:at] = body[at : at + random_source.randrange(1, 40)]
    return bytes(body)


@pytest.mark.system
def test_a_mutated_event_is_either_valid_and_stored_or_refused(project: Path, tmp_path: Path) -> None:
    random_source = random.Random(0)
    with system_at_rest(project, tmp_path) as system:
        before, taken = counts(system)["events"], 0
        for number in range(400):
            body = mutated(random_source)
            answer = sent(system.port, "POST", "/events", body)
            try:
                Event.model_validate_json(body)
            except ValidationError:
                assert_refused(answer, (number, body))
            else:
                if answer.status != 201:
                    assert_refused(answer, (number, body))
                    assert re.search(b"duplicate|not JSON", answer.body), (number, body, answer)
            taken += answer.status == 201
        assert 20 < taken < 380
        assert counts(system)["events"] == before + taken


# --- memory -------------------------------------------------------------------------------------------------------


def resident(system: Running, what: str) -> int:
    """The memory of all its processes: ``VmRSS`` now, ``VmHWM`` at its highest."""
    texts = [Path(f"/proc/{process}/status").read_text() for process in system.living()]
    return sum(int(found[1]) * 1024 for text in texts if (found := re.search(rf"{what}:\s+(\d+) kB", text)))


def pour(port: int, request: bytes, size: int) -> Answer:
    """Send ``size`` bytes of body after the request's head, a piece at a time, until nobody takes them any more."""
    piece = b" " * (64 * 1024)
    if b"chunked" in request:
        piece = b"%x\r\n" % len(piece) + piece + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request)
            for _ in range(size // len(piece)):
                connection.sendall(piece)
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
            return Answer(response.status, response.headers.get_content_type(), response.read())
        except (http.client.RemoteDisconnected, ConnectionResetError):
            # It closed while we still wrote, and what it had said was lost on the way.
            return Answer(0, "", b"")


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
    # One heap for all threads: what is free in another thread's would only blur the measurement.
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


class Endless(RawIOBase):
    """A body without an end, that counts what was read of it."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            self.count += 10**12  # all there is
            return b""
        self.count += size
        return b" " * size

    def readinto(self, buffer: Any) -> int:
        buffer[:] = self.read(len(buffer))
        return len(buffer)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    nobody = "http://127.0.0.1:1"
    said = environment(tmp_path, TARGET_URL=nobody, BACKEND_URL=nobody, API_AUTH="all", LOG_DIR="")
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    yield
    opening._opened.cache_clear()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
@pytest.mark.parametrize("length", [None, str(10**12)], ids=["chunked", "announced"])
def test_no_function_alone_reads_more_than_the_limit(row: Row, length: str | None) -> None:
    app = functions_framework.create_app(row.name, str(MAIN))  # type: ignore[no-untyped-call]
    for path in (row.path.replace("<id>", "1"), "/robots.txt", "/favicon.ico"):
        body = Endless()
        environ = EnvironBuilder(path, method=row.method, headers=[("X-API-Key", API_KEY)]).get_environ()
        environ |= {"wsgi.input": body, "wsgi.input_terminated": True}
        if length is not None:
            environ["CONTENT_LENGTH"] = length
        _, status, _ = run_wsgi_app(app, environ, buffered=True)
        assert body.count <= MAX_BODY_BYTES + 1, path
        if path == row.path and (length or row.name == "ingest_event"):
            assert status.startswith("413"), path
