"""A proxy that fails is not the target's failure: its cause says so, and nobody expected it."""

from typing import Any

import pytest

from tests.support.checks import check
from tests.support.policies import check_policy
from tests.support.running import free_port
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import Handler, RawServers, resets, says, stays_silent

URLS = ("http://shop.invalid/", "https://shop.invalid/")
WANTS_A_LOGIN = says(b"HTTP/1.1 407 Log In\r\nContent-Length: 0\r\n\r\n")
SILENT, CLOSES = stays_silent(30), stays_silent(0)
TIMEOUT = "400ms"
FAILURES: list[tuple[Handler | None, str]] = [
    (None, "connection to the proxy refused"),
    (WANTS_A_LOGIN, "the proxy answered HTTP 407 Proxy Authentication Required"),
    (SILENT, "no answer through the proxy within 0.4 s"),
    (CLOSES, "the proxy closed the connection without an answer"),
    (says(), "the proxy closed the connection without an answer"),
    (resets, "the proxy closed the connection without an answer"),
]

pytestmark = pytest.mark.slow


def socks(reply: bytes, then: Handler = lambda _: None) -> Handler:
    """A proxy that lets everybody in, and says ``reply`` to the wish to connect."""

    def handler(connection: Any) -> None:
        connection.recv(100)
        connection.sendall(b"\5\0")
        connection.recv(300)
        connection.sendall(b"\5" + reply + b"\0\1\0\0\0\0\0\0")
        then(connection)

    return handler


def tunnel(then: Handler) -> Handler:
    def handler(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        then(connection)

    return handler


def port_of(serve: RawServers, handler: Handler | None) -> int:
    return serve(handler) if handler else free_port()


@pytest.mark.parametrize(("handler", "message"), FAILURES)
@pytest.mark.parametrize("url", [*URLS, "ws://shop.invalid/"])
def test_a_proxy_that_fails_is_named(serve: RawServers, url: str, handler: Handler | None, message: str) -> None:
    fields: dict[str, Any] = {"proxy": f"http://127.0.0.1:{port_of(serve, handler)}", "timeout": TIMEOUT}
    event = check_policy(url, **fields)
    assert (event.is_success, event.error_message, event.is_inconclusive) == (False, message, False)
    for expected in ({"upside_down": True}, {"conditions": ["[CONNECTED] == false"]}):
        assert check_policy(url, **fields, **expected).error_message == message


@pytest.mark.parametrize(("handler", "message"), FAILURES)
@pytest.mark.parametrize("url", URLS)
def test_so_is_one_of_the_environment(
    serve: RawServers, monkeypatch: pytest.MonkeyPatch, url: str, handler: Handler | None, message: str
) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{port_of(serve, handler)}")
    assert check(url, 0.4).error_message == message


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (SILENT, "no answer through the proxy within 0.4 s"),
        (CLOSES, "the proxy closed the connection without an answer"),
        (None, "connection to the proxy refused"),
        (says(b"\5\xff"), "no connection through the proxy: no authentication method was acceptable"),
    ],
)
@pytest.mark.parametrize("url", URLS)
def test_so_is_one_that_speaks_socks(serve: RawServers, url: str, handler: Handler | None, message: str) -> None:
    proxy = f"socks5h://127.0.0.1:{port_of(serve, handler)}"
    assert check_policy(url, proxy=proxy, timeout=TIMEOUT, upside_down=True).error_message == message


@pytest.mark.parametrize(
    ("url", "scheme", "handler"),
    [
        ("https://shop.invalid/", "http", tunnel(SILENT)),
        ("https://shop.invalid/", "http", tunnel(CLOSES)),
        ("http://shop.invalid/", "socks5h", socks(b"\0", SILENT)),
        ("http://shop.invalid/", "socks5h", socks(b"\0", CLOSES)),
        ("https://shop.invalid/", "socks5h", socks(b"\0", CLOSES)),
        *[(url, "socks5h", socks(reply)) for url in URLS for reply in (b"\3", b"\4", b"\5")],
    ],
)
def test_a_target_that_fails_behind_it_may_be_expected(
    serve: RawServers, url: str, scheme: str, handler: Handler
) -> None:
    proxy = f"{scheme}://127.0.0.1:{serve(handler)}"
    failed = check_policy(url, proxy=proxy, timeout=TIMEOUT)
    assert "proxy" not in str(failed.error_message)
    assert check_policy(url, proxy=proxy, timeout=TIMEOUT, upside_down=True).is_success


def test_a_proxys_own_certificate_is_not_the_targets(serve: RawServers, authority: Authority) -> None:
    port = serve(SILENT, authority.context(TODAY - A_DAY, TODAY + A_DAY))
    event = check_policy("https://shop.invalid/", proxy=f"https://localhost:{port}")
    assert str(event.error_message).startswith("no connection through the proxy: TLS handshake failed: ")


def test_a_token_that_the_proxy_keeps_back_is_the_proxys_failure(serve: RawServers) -> None:
    terms = {"token_url": "https://login.invalid/token", "client_id": "me", "client_secret": "s"}
    event = check_policy("http://shop.invalid/", oauth2=terms, proxy=f"http://127.0.0.1:{free_port()}")
    assert event.error_message == "connection to the proxy refused"
