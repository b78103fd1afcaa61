"""SSH checks: the server introduces itself."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.policies import check_policy
from tests.support.running import free_port, wait_until
from tests.support.servers.raw_servers import Handler, RawServers, stays_silent


def greets(said: bytes) -> Handler:
    def handler(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.recv(100)

    return handler


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (greets(b"SSH-2.0-OpenSSH_9.6\r\n"), None),
        (greets(b"Welcome.\r\nSSH-2.0-dropbear\r\n"), None),
        (greets(b"220 mail.example\r\n" * 300), "the server does not speak SSH: 220 mail.example"),
        (lambda c: c.sendall(b"Exceeded MaxStartups\r\n"), "the server does not speak SSH: Exceeded MaxStartups"),
        (stays_silent(1), "no answer within 0.3 s"),
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


@pytest.mark.skipif(not shutil.which("sshd"), reason="needs sshd")
def test_openssh_is_understood(tmp_path: Path) -> None:
    port, key = free_port(), tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    command = [str(shutil.which("sshd")), "-D", "-f", "/dev/null", "-h", str(key), "-p", str(port)]
    with subprocess.Popen([*command, "-o", "ListenAddress=127.0.0.1"], stderr=subprocess.DEVNULL) as process:
        try:

            def is_up() -> bool:
                with socket.socket() as client:
                    return client.connect_ex(("127.0.0.1", port)) == 0

            wait_until(is_up)
            assert check_policy(f"ssh://127.0.0.1:{port}", keyword="OpenSSH").error_message is None
        finally:
            process.terminate()
