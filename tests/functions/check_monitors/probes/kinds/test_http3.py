"""HTTP/3 without a server that speaks it. ``test_real_servers.py`` has one that does."""

import socket

import pycurl
import pytest

from tests.support.policies import check_policy

pytestmark = pytest.mark.skipif(
    not pycurl.version_info()[4] & pycurl.VERSION_HTTP3, reason="needs a libcurl that speaks HTTP/3"
)


@pytest.fixture
def silent_port() -> int:
    """A port of UDP, which is closed again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_without_http3_is_down(silent_port: int, host: str) -> None:
    """libcurl has no error number then, as if the agent lacked a file descriptor: that would never open an outage."""
    event = check_policy(f"https://{host}:{silent_port}/", http_version="3")
    assert not event.is_inconclusive
    assert event.error_message == "no HTTP/3 connection: nothing answers over QUIC on this port (UDP)"


@pytest.mark.slow
def test_a_port_that_swallows_what_comes_is_down() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        event = check_policy(f"https://127.0.0.1:{deaf.getsockname()[1]}/", http_version="3", timeout="300ms")
    assert event.error_message == "no connection within 0.3 s"
    assert not event.is_inconclusive


def test_http3_without_tls_is_refused_by_name(silent_port: int) -> None:
    event = check_policy(f"http://127.0.0.1:{silent_port}/", http_version="3")
    assert event.error_message == "http_version 3 needs a URL that begins with https://"


def test_an_address_that_is_refused_is_refused_for_http3(silent_port: int) -> None:
    event = check_policy(f"https://127.0.0.1:{silent_port}/", is_in_a_cloud=True, http_version="3")
    assert str(event.error_message).startswith("refused: 127.0.0.1 is a private address")


def test_a_libcurl_without_http3_says_so(monkeypatch: pytest.MonkeyPatch, silent_port: int) -> None:
    """The monitor is not DOWN: the agent cannot say how it is."""
    monkeypatch.setattr(pycurl, "VERSION_HTTP3", 0)
    event = check_policy(f"https://127.0.0.1:{silent_port}/", http_version="3")
    assert event.is_inconclusive
    assert event.error_message == "not checked: the agent's libcurl does not speak HTTP/3"
