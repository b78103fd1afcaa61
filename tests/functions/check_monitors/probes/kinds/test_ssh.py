"""SSH checks: the server introduces itself."""

import socket

import pytest

from tests.support.policies import check_policy
from tests.support.servers.raw_servers import Handler, RawServers, stays_silent


def greets(said: bytes) -> Handler:
    def handler(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.recv(100)

    return handler


@pytest.mark.slow
@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (greets(b"SSH-2.0-OpenSSH_9.6\r\n"), None),
        (greets(b"Welcome.\r\nSSH-2.0-dropbear\r\n"), None),
        (greets(b"220 mail.example\r\n" * 300), "the server does not speak SSH: 220 mail.example"),
        (lambda c: c.sendall(b"Exceeded MaxStartups\r\n"), "the server does not speak SSH: Exceeded MaxStartups"),
        (stays_silent(30), "no answer within 0.3 s"),
        (stays_silent(0), "connection closed without an answer"),
        (greets(b"SSH-2.0"), "the server does not speak SSH: SSH-2.0"),
    ],
)
def test_a_banner_is_awaited(serve: RawServers, handler: Handler, message: str | None) -> None:
    event = check_policy(f"ssh://127.0.0.1:{serve(handler)}", timeout="300ms")
    assert event.error_message == message


def test_the_banner_is_the_body(serve: RawServers) -> None:
    url = f"ssh://127.0.0.1:{serve(greets(b'SSH-2.0-OpenSSH_9.6' + bytes([13, 10])))}"
    assert check_policy(url, keyword="OpenSSH").error_message is None
    event = check_policy(url, conditions=["[BODY] == pat(SSH-2.0-dropbear*)"])
    assert event.condition == "[BODY] (SSH-2.0-OpenSSH_9.6) == pat(SSH-2.0-dropbear*)"
