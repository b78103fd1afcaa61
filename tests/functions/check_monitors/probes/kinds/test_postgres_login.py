"""PostgreSQL with a login, by stand-ins: which phase failed, and why, by what libpq says; a row without an end."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.servers.raw_servers import Handler, RawServers, stays_silent

pytestmark = pytest.mark.slow
LETS_IN = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"
NOT_SPOKEN = "the server does not speak PostgreSQL: "
IN_THE_CLEAR = "?sslmode=disable"


def replies(*parts: bytes) -> Handler:
    """A handler that gives each message the next reply, and closes."""

    def handler(connection: Any) -> None:
        for part in parts:
            connection.recv(65536)
            connection.sendall(part)
        if parts:
            connection.recv(65536)

    return handler


@pytest.mark.parametrize(
    ("handler", "options", "message"),
    [
        (replies(), "", "connection closed without an answer"),
        (replies(), IN_THE_CLEAR, "connection closed without an answer"),
        (replies(b"N"), "", "connection closed without an answer"),
        (replies(b"S"), "?sslmode=require", "TLS handshake failed: connection closed"),
        (replies(b"N"), "?sslmode=require", "TLS handshake failed: server does not support SSL, but SSL was required"),
        (
            replies(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"),
            "",
            NOT_SPOKEN + "received invalid response to SSL negotiation: H",
        ),
        (
            replies(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"),
            IN_THE_CLEAR,
            NOT_SPOKEN + "expected authentication request from server, but received H",
        ),
        (
            replies(b"R\0\0\0\x08\0\0\0\x63"),
            IN_THE_CLEAR,
            "the server refused: authentication method 99 not supported",
        ),
    ],
)
def test_a_login_that_fails_says_why(serve: RawServers, handler: Handler, options: str, message: str) -> None:
    event = check_policy(f"postgres://me:secret@127.0.0.1:{serve(handler)}/x{options}")
    assert (event.error_message, event.ip) == (message, "127.0.0.1")
    assert (event.connect_ms is None, event.first_byte_ms) == (False, None)


@pytest.mark.parametrize("handler", [stays_silent(30), replies(b"N", b"")])
def test_a_server_that_accepts_and_is_silent_is_connected(serve: RawServers, handler: Handler) -> None:
    event = check_policy(f"postgres://me:secret@127.0.0.1:{serve(handler)}/x", timeout="300ms")
    assert event.error_message == "no answer within 0.3 s"
    assert 0 < (event.connect_ms or 0) < (event.response_time_ms or 0)


def test_a_server_that_accepts_nothing_is_not_connected() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()):
            url = f"postgres://me:secret@127.0.0.1:{full.getsockname()[1]}/x"
            event = check_policy(url, timeout="300ms")
    assert (event.error_message, event.connect_ms) == ("no connection within 0.3 s", None)


def test_the_login_does_not_count_as_connecting(serve: RawServers) -> None:
    def handler(connection: Any) -> None:
        connection.recv(65536)
        threading.Event().wait(0.05)
        connection.sendall(LETS_IN)
        connection.recv(65536)
        connection.sendall(b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I")
        connection.recv(65536)

    event = check_policy(f"postgres://me:secret@127.0.0.1:{serve(handler)}/x{IN_THE_CLEAR}")
    assert event.error_message is None
    assert (event.first_byte_ms or 0) >= 50


def test_a_query_without_a_key_to_cancel_ends_with_its_time(serve: RawServers) -> None:
    url = f"postgres://me:secret@127.0.0.1:{serve(replies(LETS_IN, b''))}/x{IN_THE_CLEAR}"
    assert check_policy(url, timeout="300ms").error_message == "no answer within 0.3 s"


def test_a_row_that_is_too_long_is_not_read_to_its_end(serve: RawServers) -> None:
    def handler(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(LETS_IN)
        connection.recv(65536)
        column = b"x\0" + struct.pack(">IHIhih", 0, 0, 25, -1, -1, 0)
        connection.sendall(b"T" + struct.pack(">IH", 6 + len(column), 1) + column)
        connection.sendall(b"D" + struct.pack(">IHI", 10 + 1, 1, 1) + b"y")
        connection.sendall(b"D" + struct.pack(">IHI", 10 + 2**29, 1, 2**29))
        with suppress(OSError):
            while True:
                connection.sendall(b"y" * 131_072)
                threading.Event().wait(0.01)

    url = f"postgres://me:secret@127.0.0.1:{serve(handler)}/x{IN_THE_CLEAR}"
    event = check_policy(url, forbidden_keyword="x", timeout="30s")
    assert event.error_message == 'only the first 2 bytes of the answer were read, too few to judge "x"'
