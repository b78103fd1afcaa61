"""The bytes that a check sends, which a cloud charges for; and that fewer of them keep no server out."""

import socket
import ssl
import struct
import sys
import threading
from typing import Any

import pytest

from infra.plan.measured import measured
from infra.plan.model import HEADER_BYTES
from tests.support.checks import check
from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import RawServers

pytestmark = pytest.mark.slow

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\nConnection: close\r\n\r\n" + b"x" * 1024
# The IP and TCP headers of a packet with a timestamp, and what the first one has besides.
HEADERS, OPTIONS = 52, 8
# A key share that withstands a quantum computer.
QUANTUM_SAFE_BYTES = 1216


class Counted:
    """A page over TLS, and the bytes and packets that its last visitor sent, as the kernel counted them."""

    def __init__(self, serve: RawServers, tls: ssl.SSLContext) -> None:
        self.hellos: list[bytes] = []
        self.sent = self.packets = 0
        self.is_counted = threading.Event()
        self._tls = tls
        self.url = f"https://localhost:{serve(self._answer)}/0001"

    def _answer(self, connection: socket.socket) -> None:
        self.hellos.append(connection.recv(65536, socket.MSG_PEEK))
        with self._tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) as page:
            page.recv(65536)
            page.sendall(PAGE)
            page.unwrap()
            # https://github.com/torvalds/linux/blob/v6.1/include/uapi/linux/tcp.h, struct tcp_info
            told = page.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        [self.sent] = struct.unpack_from("Q", told, 128)
        [self.packets] = struct.unpack_from("I", told, 140)
        self.is_counted.set()


@pytest.fixture
def page(serve: RawServers, trusted: Authority) -> Counted:
    return Counted(serve, trusted.context(TODAY - A_DAY, TODAY + A_DAY))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a connection's packets")
def test_a_check_sends_what_the_plan_reckons_with(page: Counted) -> None:
    assert check(page.url).is_success
    assert page.is_counted.wait(30)
    figures = measured()
    assert page.sent == pytest.approx(figures.bytes_of("check", "bytes_sent"), rel=0.03)
    # The last packets may still be on their way.
    assert page.packets * HEADERS + OPTIONS == pytest.approx(HEADER_BYTES, abs=2 * HEADERS)


def test_a_check_that_shows_nothing_secret_spares_bytes(page: Counted) -> None:
    assert check_policy(page.url).is_success
    assert check(page.url).is_success
    assert max(map(len, page.hellos)) < QUANTUM_SAFE_BYTES / 2


@pytest.mark.parametrize(
    "secret", [{"headers": {"X-Token": "t"}}, {"basic_auth": {"username": "u", "password": "p"}}, {"bearer_token": "t"}]
)
def test_what_is_secret_withstands_a_quantum_computer(page: Counted, secret: dict[str, Any]) -> None:
    assert check_policy(page.url, **secret).is_success
    assert check(f"{page.url}?token=t").is_success
    assert min(map(len, page.hellos)) > QUANTUM_SAFE_BYTES


def test_a_server_that_knows_other_groups_only_is_up(serve: RawServers, trusted: Authority) -> None:
    tls = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    tls.set_ecdh_curve("X448")
    page = Counted(serve, tls)
    for event in (check(page.url), check_policy(page.url)):
        assert event.is_success, event.error_message
    assert [len(hello) > QUANTUM_SAFE_BYTES for hello in page.hellos] == [False, True, False, True]
