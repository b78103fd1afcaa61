"""Fixtures of the probes' tests: servers on loopback, certificates, a proxy. Nothing leaves this machine."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from functions.check_monitors.probes.network import address_filter
from tests.support.servers.certificates import Authority
from tests.support.servers.raw_servers import OK, Handler, RawServers


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def serve() -> Iterator[RawServers]:
    """Start a server whose connections go to a handler; its port."""
    servers = RawServers()
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An issuer of certificates that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An issuer of certificates that the agent trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    return authority


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Call a loopback address a metadata server's, so that no packet leaves this machine if it is not refused."""
    address_filter.refusal.cache_clear()

    def forbidden(address: str) -> None:
        monkeypatch.setattr(address_filter, "_METADATA", [ip_network(address)])
        address_filter.refusal.cache_clear()

    yield forbidden
    address_filter.refusal.cache_clear()


@pytest.fixture
def proxied(serve: RawServers, monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], list[str]]:
    """Send each check through a proxy on this machine that responds with a handler; the URLs that it was asked for."""

    def start(handler: Handler) -> list[str]:
        asked = []

        class Peeking:
            def __init__(self, connection: Any) -> None:
                self.sendall = connection.sendall
                self._recv = connection.recv

            def recv(self, size: int) -> bytes:
                request: bytes = self._recv(size)
                asked.append(request.split(b" ")[1].decode())
                return request

        proxy = f"http://127.0.0.1:{serve(lambda connection: handler(Peeking(connection)))}"
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy)
        return asked

    return start


@pytest.fixture
def recorded(serve: RawServers) -> Callable[..., tuple[str, list[bytes]]]:
    """Start a server that keeps each whole request and responds with ``response``; its URL and the requests."""

    def start(response: bytes = OK, tls: Any = None) -> tuple[str, list[bytes]]:
        asked: list[bytes] = []

        def handler(connection: Any) -> None:
            connection.settimeout(0.3)
            request = connection.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0)
            while len(body) < length:
                more = connection.recv(65536)
                request, body = request + more, body + more
            asked.append(request)
            connection.sendall(response)

        host = "localhost" if tls else "127.0.0.1"
        return f"http{'s' if tls else ''}://{host}:{serve(handler, tls)}/a", asked

    return start
