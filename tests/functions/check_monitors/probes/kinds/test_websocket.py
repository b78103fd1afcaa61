"""WebSocket checks: the upgrade, and the messages after it."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import pytest

from functions.check_monitors.probes.checks import check_all
from shared.settings import Settings
from tests.support.policies import check_policy, policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import Handler, RawServers, redirects, says, stays_silent

pytestmark = pytest.mark.slow

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def upgrades(
    *frames: bytes, asked: list[bytes] | None = None, is_echo: bool = False, flood: Iterable[bytes] = ()
) -> Handler:
    """A handler that accepts the upgrade and then sends ``frames``, or each text in capitals."""

    def handler(connection: Any) -> None:
        request = connection.recv(65536)
        if asked is not None:
            asked.append(request)
        key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        connection.sendall(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        for frame in chain(frames, flood):
            connection.sendall(frame)
        while data := connection.recv(65536):
            text = bytes(byte ^ data[2 + place % 4] for place, byte in enumerate(data[6:]))
            if asked is not None:
                asked.append(data[:1] + text)
            if is_echo and data[0] == 0x81:
                connection.sendall(text_frame(text.upper()))
            if data[0] == 0x88:
                return

    return handler


def text_frame(text: bytes) -> bytes:
    return bytes([0x81, len(text)]) + text


def url_of(serve: RawServers, handler: Handler, path: str = "") -> str:
    return f"ws://127.0.0.1:{serve(handler)}{path}"


def test_an_upgrade_that_is_accepted_is_a_success(serve: RawServers) -> None:
    asked: list[bytes] = []
    event = check_policy(url_of(serve, upgrades(asked=asked), "/feed?x=1"), headers={"X-A": "1"}, bearer_token="t0k")
    assert (event.error_message, event.status_code, event.ip) == (None, 101, "127.0.0.1")
    assert (event.first_byte_ms or 0) > 0
    head = asked[0].split(b"\r\n")
    for line in (b"GET /feed?x=1 HTTP/1.1", b"X-A: 1", b"Authorization: Bearer t0k"):
        assert line in head
    assert b"User-Agent: Bonghwa (+uptime check)" in head


@pytest.mark.parametrize(
    ("handler", "fields", "message"),
    [
        (upgrades(text_frame(b"hello")), {"keyword": "hello"}, None),
        (upgrades(text_frame(b"he"), text_frame(b"llo")), {"keyword": "hello"}, None),
        (upgrades(b"\x89\x01p", text_frame(b"hello")), {"keyword": "hello"}, None),
        (upgrades(is_echo=True), {"body": "ping", "keyword": "PING"}, None),
        (upgrades(is_echo=True), {"body": "ping"}, None),
        (upgrades(text_frame(b"bye")), {"keyword": "hello"}, 'the answer does not contain "hello"'),
        (upgrades(text_frame(b"bye"), b"\x88\0"), {"keyword": "hello"}, 'the answer does not contain "hello"'),
        (upgrades(b"\x88\0"), {"keyword": "hello"}, "connection closed without an answer"),
        (upgrades(), {"keyword": "hello"}, "no answer within 0.3 s"),
    ],
)
def test_messages_are_judged(serve: RawServers, handler: Handler, fields: Any, message: str | None) -> None:
    event = check_policy(url_of(serve, handler), timeout="300ms", **fields)
    assert event.error_message == message


def test_a_ping_is_answered(serve: RawServers) -> None:
    asked: list[bytes] = []
    event = check_policy(url_of(serve, upgrades(b"\x89\x02hi", asked=asked)), keyword="x", timeout="300ms")
    assert event.error_message == "no answer within 0.3 s"
    assert b"\x8ahi" in asked


@pytest.mark.parametrize("frame", [b"\x89\x01p", b"\x8a\x01p", b"\x81\0"], ids=["ping", "pong", "empty"])
def test_frames_without_content_hold_up_neither_the_check_nor_others(serve: RawServers, frame: bytes) -> None:
    """A frame that is held up takes 20 s. A busy machine may well take some seconds."""
    url = url_of(serve, upgrades(frame * 1000 + text_frame(b"hello")))
    event = check_policy(url, keyword="hello", timeout="20s")
    assert event.error_message is None
    assert (event.response_time_ms or 0) < 10_000
    until = time.monotonic() + 20
    flood = (frame * 1000 for _ in iter(lambda: time.monotonic() < until, False))
    policies = [
        (0.0, policy(url_of(serve, upgrades(flood=flood)), name="flood", keyword="hello", timeout="1s")),
        (0.1, policy("tcp://127.0.0.1:1", name="other")),
    ]
    began = time.monotonic()
    order: list[str] = []
    check_all(policies, Settings.from_env({}), on_event=lambda event: order.append(event.monitor))
    assert order == ["other", "flood"]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("handler", "message", "status"),
    [
        (says(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), "the server refused the WebSocket: HTTP 404", 404),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "the server refused the WebSocket: HTTP 200", 200),
        (redirects("http://127.0.0.1:1/"), "the server refused the WebSocket: HTTP 302", 302),
        (says(b"SSH-2.0-x\r\n"), "not an HTTP answer", None),
        (says(), "connection closed without an answer", None),
        (stays_silent(30), "no answer within 0.3 s", None),
    ],
)
def test_an_upgrade_that_is_refused_says_why(
    serve: RawServers, handler: Handler, message: str, status: int | None
) -> None:
    event = check_policy(url_of(serve, handler), timeout="300ms")
    assert (event.error_message, event.status_code) == (message, status)


@pytest.mark.parametrize(
    ("scheme", "message"),
    [("ws", "no answer within 0.3 s"), ("wss", "the TLS handshake did not end within 0.3 s")],
)
def test_a_server_that_stays_silent_took_the_whole_time(serve: RawServers, scheme: str, message: str) -> None:
    event = check_policy(f"{scheme}://127.0.0.1:{serve(stays_silent(30))}", timeout="300ms")
    assert event.error_message == message
    assert 300 <= (event.response_time_ms or 0) < 2000


def test_a_websocket_inside_tls_has_a_certificate(serve: RawServers, trusted: Authority) -> None:
    context = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    event = check_policy(f"wss://localhost:{serve(upgrades(is_echo=True), context)}", body="a", keyword="A")
    assert (event.error_message, event.certificate_expires_at) == (None, TODAY + A_DAY)
    expired = trusted.context(TODAY - 3 * A_DAY, TODAY - A_DAY)
    event = check_policy(f"wss://localhost:{serve(upgrades(), expired)}")
    assert event.error_message == f"certificate expired on {TODAY - A_DAY:%Y-%m-%d}"


def test_a_websockets_address_is_filtered(serve: RawServers, forbid: Callable[[str], None]) -> None:
    forbid("127.0.0.1/32")
    for host in ("127.0.0.1", "localhost"):
        event = check_policy(f"ws://{host}:{serve(upgrades())}", ip_version=4)
        assert event.error_message == "refused: 127.0.0.1 is a cloud metadata address"
