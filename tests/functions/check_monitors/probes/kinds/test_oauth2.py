"""OAuth 2 with client credentials: tokens are asked for, kept, and asked for again."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors.probes.transfers import oauth2
from tests.support.policies import check_policy
from tests.support.running import free_port
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, RawServers, says, stays_silent


@pytest.fixture(autouse=True)
def _no_tokens() -> None:
    oauth2._tokens.clear()
    oauth2._in_body.clear()


def answer(status: int, body: Any) -> bytes:
    data = json.dumps(body).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(data), data)


class TokenServer:
    """Gives out t1, t2, …; takes the credentials in the header, or in the body alone."""

    def __init__(self, *, is_in_body: bool = False, expires_in: float = 60.0) -> None:
        self.asked: list[bytes] = []
        self._is_in_body, self._expires_in = is_in_body, expires_in

    def __call__(self, connection: Any) -> None:
        request = connection.recv(65536)
        self.asked.append(request)
        expected = b"client_secret=s%2Fcret" if self._is_in_body else base64.b64encode(b"me:s%2Fcret")
        if expected not in request:
            connection.sendall(answer(401, {"error": "invalid_client"}))
            return
        token = {"access_token": f"t{len(self.asked)}", "expires_in": self._expires_in}
        connection.sendall(answer(200, token))


def takes(*tokens: bytes) -> tuple[Callable[[Any], None], list[bytes]]:
    """A handler that takes these tokens only, and the tokens that it was sent."""
    sent: list[bytes] = []

    def handler(connection: Any) -> None:
        token = connection.recv(65536).partition(b"Authorization: Bearer ")[2].partition(b"\r\n")[0]
        sent.append(token)
        connection.sendall(OK if token in tokens else b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

    return handler, sent


def check(serve: RawServers, target: Any, token_port: int, **fields: Any) -> Any:
    terms = {"token_url": f"http://127.0.0.1:{token_port}/token", "client_id": "me", "client_secret": "s/cret"}
    url = f"http://127.0.0.1:{serve(target)}/"
    return check_policy(url, oauth2={**terms, "scopes": "read write"}, **fields)


def test_a_token_is_kept_until_it_expires(serve: RawServers) -> None:
    server = TokenServer()
    target, sent = takes(b"t1")
    port = serve(server)
    for _ in range(3):
        assert check(serve, target, port).error_message is None
    assert (len(server.asked), sent) == (1, [b"t1"] * 3)
    assert b"grant_type=client_credentials&scope=read+write" in server.asked[0]


def test_a_token_that_has_expired_is_asked_for_again(serve: RawServers) -> None:
    server = TokenServer(expires_in=0.0001)
    target, sent = takes(b"t1", b"t2")
    port = serve(server)
    for _ in range(2):
        assert check(serve, target, port).error_message is None
    assert sent == [b"t1", b"t2"]


@pytest.mark.slow
def test_a_token_that_was_revoked_is_asked_for_again(serve: RawServers) -> None:
    server = TokenServer()
    port = serve(server)
    assert check(serve, takes(b"t1")[0], port).is_success
    target, sent = takes(b"t2")
    assert check(serve, target, port).error_message is None
    assert sent == [b"t1", b"t2"]
    target, sent = takes(b"t9")
    assert check(serve, target, port).error_message == "HTTP 401 Unauthorized"
    assert sent == [b"t2", b"t3"]


def test_credentials_in_the_body_are_tried_too(serve: RawServers) -> None:
    server = TokenServer(is_in_body=True)
    port = serve(server)
    assert check(serve, takes(b"t2")[0], port).error_message is None
    assert len(server.asked) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (says(answer(403, {"error": "denied"})), "OAuth 2: the token's server answered HTTP 403 denied"),
        (says(answer(500, "x")), "OAuth 2: the token's server answered HTTP 500"),
        (says(answer(200, {"token": "x"})), "OAuth 2: the answer of the token's server holds no token"),
        (says(answer(200, [])), "OAuth 2: the answer of the token's server holds no token"),
        (says(answer(200, {"access_token": "a\r\nX: y"})), "OAuth 2: the answer of the token's server holds no token"),
        (says(), "OAuth 2: no token: connection closed without an answer"),
        (stays_silent(30), "OAuth 2: no token: no answer within 0.3 s"),
    ],
)
def test_without_a_token_nothing_is_asked(serve: RawServers, handler: Any, message: str) -> None:
    target, sent = takes()
    event = check(serve, target, serve(handler), timeout="300ms")
    assert (event.error_message, event.is_inconclusive, sent) == (message, False, [])
    assert "s/cret" not in event.model_dump_json()


@pytest.mark.parametrize("expected", [{"upside_down": True}, {"conditions": ["[CONNECTED] == false"]}])
@pytest.mark.parametrize("handler", [says(answer(403, {})), says(answer(200, {})), says()])
def test_without_a_token_nobody_knows_whether_the_target_fails(serve: RawServers, handler: Any, expected: Any) -> None:
    event = check(serve, takes()[0], serve(handler), **expected)
    assert str(event.error_message).startswith("OAuth 2: ")


def test_no_token_server_is_named(serve: RawServers) -> None:
    event = check(serve, takes()[0], free_port())
    assert event.error_message == "OAuth 2: no token: connection refused"


def test_the_tokens_url_is_filtered_too(serve: RawServers, forbid: Callable[[str], None]) -> None:
    server = TokenServer()
    port = serve(server)
    forbid("127.0.0.1/32")
    assert check(serve, takes()[0], port).error_message == "refused: 127.0.0.1 is a cloud metadata address"
    assert server.asked == []


def test_a_token_is_asked_for_through_the_policys_proxy(serve: RawServers) -> None:
    asked: list[bytes] = []

    def proxy(connection: Any) -> None:
        request = connection.recv(65536)
        asked.append(request.split(b" ")[1])
        is_token = b"/token" in asked[-1]
        connection.sendall(answer(200, {"access_token": "t1", "expires_in": 60}) if is_token else OK)

    terms = {"token_url": "http://idp.invalid/token", "client_id": "me", "client_secret": "secret"}
    event = check_policy("http://shop.invalid/", oauth2=terms, proxy=f"http://127.0.0.1:{serve(proxy)}")
    assert event.error_message is None
    assert asked == [b"http://idp.invalid/token", b"http://shop.invalid/"]


def test_a_token_is_asked_for_over_the_policys_ip_version(serve: RawServers) -> None:
    server = TokenServer()
    terms = {"token_url": f"http://localhost:{serve(server)}/token", "client_id": "me", "client_secret": "s/cret"}
    event = check_policy("http://localhost:1/", oauth2=terms, ip_version=6)
    assert str(event.error_message).startswith("OAuth 2: no token")
    assert server.asked == []


@pytest.mark.slow
def test_a_target_that_hangs_after_a_token_over_tls_says_so(serve: RawServers, trusted: Authority) -> None:
    port = serve(TokenServer(), trusted.context(TODAY - A_DAY, TODAY + A_DAY))
    terms = {"token_url": f"https://localhost:{port}/token", "client_id": "me", "client_secret": "s/cret"}
    event = check_policy(f"http://127.0.0.1:{serve(stays_silent(30))}/", oauth2=terms, timeout="1s")
    assert event.error_message == "no answer within 1 s"
