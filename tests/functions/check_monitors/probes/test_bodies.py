"""How much of a response is read: a body has an end, or none; it comes at once, or in single bytes."""

import statistics
import time
from typing import Any

import pytest

from functions.check_monitors.probes.http import probe_all
from tests.support.checks import check, check_settings, monitor
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, UNENDED, Handler, RawServers, drips, says

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MEBIBYTE = b"100000\r\n" + b"x" * 2**20 + b"\r\n"


def floods(head: bytes, part: bytes) -> Handler:
    """A handler that sends ``head`` and then ``part`` as often as it can, until nobody listens."""

    def handler(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(part)

    return handler


@pytest.mark.parametrize(
    "handler",
    [
        says(CHUNKED, *[MEBIBYTE] * 12, b"0\r\n\r\n"),
        says(HEAD + b"Content-Length: 12000000\r\n\r\n", b"x" * 12_000_000),
        floods(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        floods(UNENDED, b"x" * 4096),
        says(HEAD + b"Content-Type: text/event-stream\r\n\r\n", then=30),
        says(HEAD + b"Content-Type: Text/Event-Stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n", then=30),
    ],
)
def test_a_large_or_endless_body_is_a_success_at_once(serve: RawServers, handler: Handler) -> None:
    event = check(serve(handler), 20)
    assert (event.is_success, event.status_code, event.error_message) == (True, 200, None)
    # By the limit of its size, and not by the time that a check has.
    assert (event.response_time_ms or 0) < 10_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("handler", "seconds"),
    [
        (says(CHUNKED, then=30), 0.4),  # a stream that says nothing yet
        (drips(CHUNKED, b"1\r\nx\r\n"), 0.4),
        (drips(UNENDED, b"x"), 20.0),  # for longer than a check needs
    ],
)
def test_a_slow_body_without_end_is_a_success(serve: RawServers, handler: Handler, seconds: float) -> None:
    began = time.monotonic()
    assert check(serve(handler), seconds).is_success
    assert time.monotonic() - began < 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "part", "is_success"),
    [
        (CHUNKED, b"1\r\nx\r\n" * 10_000, True),
        (CHUNKED, b"1\r\nx\r\n", True),
        (CHUNKED + b"1;", b"x", True),  # an extension of a chunk without end
        (UNENDED, b"x", True),
        (HEAD + b"Content-Length: 99000000\r\n\r\n", b"x", True),
        (HEAD + b"X: ", b"x", False),
        (HEAD, b"X: y\r\n", False),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", False),
    ],
)
def test_single_bytes_cost_little(serve: RawServers, head: bytes, part: bytes, is_success: bool) -> None:
    port = serve(floods(head, part))
    began = time.thread_time()
    assert check(port, 1).is_success is is_success
    assert time.thread_time() - began < 0.5  # a reader of each byte uses all of the second


@pytest.mark.slow
def test_single_bytes_do_not_delay_the_others(serve: RawServers) -> None:
    hostile, healthy = serve(floods(CHUNKED, b"1\r\nx\r\n" * 10_000)), serve(says(OK))
    events = probe_all([monitor(port) for port in [hostile, healthy] * 5], check_settings(3), spread_seconds=0.1)
    assert all(event.is_success for event in events)
    # A busy machine may delay one or two of them, and a reader of each byte all.
    assert statistics.median(event.response_time_ms or 0 for event in events[1::2]) < 150


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (UNENDED + b"until it closes", None),
        (HEAD + b"Connection: close\r\n\r\n", None),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil it closes", None),
        (OK, None),
        (OK[:-1], "the answer ended early"),
        (CHUNKED + b"2\r\nok\r\n", "the answer ended early"),
        (HEAD + b"X: y", "the answer ended early"),
        (b"", "connection closed without an answer"),
    ],
)
def test_tls_may_close_without_its_goodbye(
    serve: RawServers, trusted: Authority, response: bytes, message: str | None
) -> None:
    event = check(f"https://localhost:{serve(says(response), tls=trusted.context(TODAY - A_DAY, TODAY + A_DAY))}/")
    assert (event.error_message, event.is_success) == (message, message is None)
