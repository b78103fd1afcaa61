"""Faults of TLS, HTTP/2 and headers: a person understands the cause, and no library's error queue is shown."""

import os
import socket
import ssl
import struct
import time
from typing import Any

import pytest

from shared.words import cause_text
from tests.support.checks import check
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, Handler, RawServers, says

HEAD = b"HTTP/1.1 200 OK\r\n"
REQUIRED = "the server requires a client certificate"
CLOSED = "the server ended the HTTP/2 connection before it answered"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"no colon here\r\n", "a header line of the answer has no colon"),
        (b"<html>\r\n", "a header line of the answer has no colon"),
        (b"X: a\0b\r\n", "a header of the answer holds a NUL byte"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "the answer's chunks are malformed"),
    ],
)
def test_a_malformed_response_is_explained(serve: RawServers, line: bytes, message: str) -> None:
    event = check(serve(says(HEAD + b"X: y\r\n" + line + b"\r\nok")))
    assert (event.error_message, event.is_success) == (message, False)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
@pytest.mark.parametrize("lingers", [False, True])
def test_a_demand_for_a_client_certificate_is_named(
    serve: RawServers, trusted: Authority, version: ssl.TLSVersion, protocol: str, lingers: bool
) -> None:
    tls = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    tls.verify_mode, tls.maximum_version = ssl.CERT_REQUIRED, version
    tls.load_verify_locations(trusted.file)
    tls.set_alpn_protocols([protocol])

    def refuses(connection: socket.socket) -> None:
        # The alert or the end of the connection: which of them the agent sees first is chance.
        try:
            tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True).recv(1)
        finally:
            time.sleep(0.2 * lingers)

    event = check(f"https://localhost:{serve(refuses)}/")
    assert (event.error_message, event.status_code) == (REQUIRED, None)
    assert event.cause is not None
    assert cause_text("ko", event.cause) == "서버가 클라이언트 인증서를 요구함"


def test_a_server_that_only_asks_for_a_certificate_is_up(serve: RawServers, trusted: Authority) -> None:
    tls = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.load_verify_locations(trusted.file)
    assert check(f"https://localhost:{serve(says(OK), tls=tls)}/").is_success


def test_a_connection_that_ends_after_tls_is_no_demand(serve: RawServers, trusted: Authority) -> None:
    tls = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    assert check(f"https://localhost:{serve(says(), tls=tls)}/").error_message == "connection closed without an answer"


def frame(kind: int, stream: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """One of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def goaway(last: int, error: int, why: bytes = b"") -> bytes:
    return frame(7, 0, struct.pack(">II", last, error) + why)


def reset(error: int) -> bytes:
    return frame(3, 1, struct.pack(">I", error))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frames", "then", "message"),
    [
        (goaway(0, 0), 0.1, CLOSED),
        (goaway(0, 11, b"calm down"), 0.1, CLOSED),
        (goaway(0, 2), 3, CLOSED),
        (reset(7), 0.1, CLOSED),  # refused
        (reset(2), 0.1, "HTTP/2 failed: INTERNAL_ERROR"),
        (frame(1, 1, b"\x88", flags=4) + reset(2), 0.1, "HTTP/2 failed: INTERNAL_ERROR"),  # amid its body
        (struct.pack(">I", 70_000)[1:] + bytes(6) + b"x" * 70_000, 0.1, "HTTP/2 failed: FRAME_SIZE_ERROR"),
        (frame(1, 1, b"\x88", flags=4) + frame(0, 1, b"ok", flags=1), 0.1, None),
    ],
)
def test_http2_that_ends_early_is_explained(
    serve: RawServers, trusted: Authority, frames: bytes, then: float, message: str | None
) -> None:
    tls = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    tls.set_alpn_protocols(["h2"])

    def handler(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(frame(4, 0) + frame(4, 0, flags=1) + frames)
        time.sleep(then)

    assert check(f"https://localhost:{serve(handler, tls=tls)}/", 2.5).error_message == message


def plain(record: bytes) -> Handler:
    """A handler that writes bytes that are no TLS below a connection that is."""

    def handler(connection: Any) -> None:
        connection.recv(100)
        number = connection.detach()
        os.write(number, record)
        os.close(number)

    return handler


@pytest.mark.parametrize("record", [b"\x17\x03\x03\0\5hello", b"\x15\x03\x03\0\2\2\x28", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_broken_tls_shows_no_error_queue(serve: RawServers, trusted: Authority, record: bytes) -> None:
    tls = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    message = check(f"https://localhost:{serve(plain(record), tls=tls)}/").error_message or ""
    assert message.startswith(("the TLS connection broke: ", "TLS handshake failed: ")), message
    assert "::" not in message
    assert "openssl" not in message.lower()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "TLS handshake failed: the server does not speak TLS on this port"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "TLS handshake failed: the server does not speak TLS on this port"),
        (b"\x15\x03\x03\0\2\2\x28", "TLS handshake failed: handshake failure"),
        (b"\x15\x03\x03\0\2\2\x50", "TLS handshake failed: internal error"),
        (b"\x15\x03\x03\0\2\2\x46", "TLS handshake failed: the server supports no TLS version that is still secure"),
        (b"", "TLS handshake failed: connection closed"),
    ],
)
def test_a_handshake_that_fails_is_explained(serve: RawServers, answer: bytes, message: str) -> None:
    assert check(f"https://localhost:{serve(says(answer, then=0.1))}/").error_message == message
