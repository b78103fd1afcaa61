"""HTTP checks with what a policy can say of the request and of the response."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.models import Cause
from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, RawServers, redirects, says, stays_silent

Asked = list[bytes]
BASIC = base64.b64encode(b"me:p:w")


def test_an_event_carries_the_address_and_the_phases(recorded: Any) -> None:
    url, _ = recorded()
    event = check_policy(url.replace("http://", "http://me:secret@"), name="Shop", interval="90s")
    assert (event.is_success, event.status_code, event.ip) == (True, 200, "127.0.0.1")
    assert (event.monitor, event.location, event.interval_seconds) == ("Shop", "seoul-1", 90)
    assert check_policy(url, interval="30d").interval_seconds == 30 * 86_400
    assert event.target_url == url.replace("http://", "http://me:***@")
    assert None not in (event.dns_ms, event.connect_ms, event.first_byte_ms, event.response_time_ms)
    assert (event.tls_ms, event.certificate_expires_at, event.message, event.attempts) == (None, None, None, ())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [b"GET /a HTTP/1.1", b"User-Agent: Bonghwa (+uptime check)"]),
        ({"method": "HEAD"}, [b"HEAD /a HTTP/1.1"]),
        ({"method": "POST", "body": '{"a": 1}'}, [b"POST /a HTTP/1.1", b"Content-Length: 8", b'{"a": 1}']),
        ({"method": "POST"}, [b"POST /a HTTP/1.1", b"Content-Length: 0"]),
        ({"method": "PUT", "body": "x"}, [b"PUT /a HTTP/1.1", b"Content-Length: 1"]),
        ({"method": "DELETE"}, [b"DELETE /a HTTP/1.1"]),
        ({"method": "PROPFIND", "body": "<x/>"}, [b"PROPFIND /a HTTP/1.1", b"<x/>"]),
        ({"headers": {"X-A": "1", "Accept": "text/plain"}}, [b"X-A: 1", b"Accept: text/plain"]),
        ({"headers": {"Host": "shop.example"}}, [b"Host: shop.example"]),
        ({"headers": {"X-Empty": ""}}, [b"X-Empty:"]),
        ({"headers": {"X-Name": "가게"}}, ["X-Name: 가게".encode()]),
        ({"method": "POST", "body": "x", "headers": {"content-type": "text/csv"}}, [b"content-type: text/csv"]),
        ({"basic_auth": {"username": "me", "password": "p:w"}}, [b"Authorization: Basic " + BASIC]),
        ({"bearer_token": "t0k"}, [b"Authorization: Bearer t0k"]),
        ({"user_agent": "Mine/1"}, [b"User-Agent: Mine/1"]),
        ({"http_version": "1.0"}, [b"GET /a HTTP/1.0"]),
    ],
)  # fmt: skip
def test_the_request_is_as_the_policy_says(recorded: Any, fields: dict[str, Any], expected: list[bytes]) -> None:
    url, asked = recorded()
    event = check_policy(url, **fields)
    assert event.error_message is None
    for line in expected:
        assert line in asked[0].split(b"\r\n"), asked[0]
    assert b"application/x-www-form-urlencoded" not in asked[0]


def test_placeholders_are_filled_in_when_it_checks(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, asked = recorded()
    fields: dict[str, Any] = {
        "headers": {"X-Key": "a-${MONITOR_KEY}"},
        "bearer_token": "${MONITOR_TOKEN}",
        "method": "POST",
    }
    monkeypatch.setenv("MONITOR_KEY", "s3cret")
    missing = check_policy(url + "${MONITOR_KEY}", body="$${MONITOR_KEY}", **fields)
    assert (missing.is_success, missing.is_inconclusive, asked) == (False, True, [])
    assert missing.error_message == "not checked: the agent's environment has no MONITOR_TOKEN"
    monkeypatch.setenv("MONITOR_TOKEN", "t0k\n")
    event = check_policy(url + "${MONITOR_KEY}", body="$${MONITOR_KEY}", **fields)
    assert event.is_success
    for line in (b"POST /as3cret HTTP/1.1", b"X-Key: a-s3cret", b"Authorization: Bearer t0k", b"${MONITOR_KEY}"):
        assert line in asked[0].split(b"\r\n")
    assert "s3cret" not in event.model_dump_json()


def test_a_value_with_a_line_break_is_not_sent(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, asked = recorded()
    monkeypatch.setenv("MONITOR_KEY", "a\r\nX-Evil: 1")
    event = check_policy(url, headers={"X-Key": "${MONITOR_KEY}"})
    assert (event.is_inconclusive, asked) == (True, [])
    assert "X-Key" in str(event.error_message)


def test_digest_authentication_sends_no_password(serve: RawServers) -> None:
    asked = []

    def handler(connection: Any) -> None:
        request = connection.recv(65536)
        asked.append(request)
        if b"Authorization: Digest" in request:
            connection.sendall(OK)
        else:
            challenge = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256\r\n'
            connection.sendall(b"HTTP/1.1 401 No\r\n" + challenge + b"Content-Length: 2\r\n\r\nno")

    url = f"http://127.0.0.1:{serve(handler)}/"
    assert check_policy(url, digest_auth={"username": "me", "password": "secret"}).is_success
    assert b'username="me"' in asked[-1]
    assert b"secret" not in b"".join(asked)


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"accepted_status_codes": ["200-399", 401]}, 401, None),
        ({"accepted_status_codes": [404]}, 404, None),
        ({"accepted_status_codes": [404]}, 200, "HTTP 200 is not an accepted status"),
        ({"accepted_status_codes": ["200-299"]}, 304, "HTTP 304 is not an accepted status"),
        ({}, 503, "HTTP 503 Service Unavailable"),
    ],
)
def test_the_accepted_status_codes_decide(recorded: Any, fields: Any, status: int, message: str | None) -> None:
    url, _ = recorded(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
    event = check_policy(url, **fields)
    assert (event.error_message, event.status_code, event.is_success) == (message, status, message is None)


def test_a_body_is_kept_only_if_it_failed(recorded: Any) -> None:
    url, _ = recorded(b"HTTP/1.1 500 X\r\nContent-Length: 1000\r\n\r\n" + b"<p>\r\n  no\x07 space " + b"left " * 300)
    event = check_policy(url)
    assert event.message == ("<p> no� space " + "left " * 300)[:200].strip()
    assert check_policy(url, accepted_status_codes=[500]).message is None


def test_redirects_are_followed_as_the_policy_says(recorded: Any, serve: RawServers) -> None:
    url, asked = recorded()
    hop = f"http://127.0.0.1:{serve(redirects(url))}/"
    assert check_policy(hop).status_code == 200
    assert check_policy(hop, follow_redirects=False).status_code == 302
    assert check_policy(hop, follow_redirects=False, accepted_status_codes=[200]).is_success is False
    assert check_policy(hop, max_redirects=0).error_message == "more than 0 redirects"
    assert len(asked) == 1


@pytest.mark.parametrize(("status", "method"), [(302, b"GET"), (307, b"POST"), (303, b"GET")])
@pytest.mark.parametrize("is_proxied", [False, True])
def test_a_redirect_changes_the_method_as_browsers_do(
    recorded: Any, serve: RawServers, monkeypatch: pytest.MonkeyPatch, status: int, method: bytes, is_proxied: bool
) -> None:
    url, asked = recorded()
    if is_proxied:  # then each redirect is a transfer of its own
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    hop = f"http://127.0.0.1:{serve(redirects(url, status))}/"
    token: dict[str, Any] = {"bearer_token": "t0k", "headers": {"Authorization": "Basic abc", "X-A": "1"}}
    assert check_policy(hop, method="POST", body="x", **token).is_success
    assert asked[0].startswith(method + b" /a ")
    assert asked[0].endswith(b"x") is (method == b"POST")
    # Another port is another server, which must not get the credentials.
    assert b"Authorization" not in asked[0]
    assert b"X-A: 1" in asked[0]


def test_a_proxy_of_its_own_is_used(recorded: Any) -> None:
    proxy, asked = recorded()
    event = check_policy("http://shop.invalid/x", proxy=proxy.removesuffix("/a"))
    assert event.is_success
    assert asked[0].startswith(b"GET http://shop.invalid/x HTTP/1.1")


@pytest.mark.parametrize(
    "proxy", ["htpp://ops:s3cr3tPW@127.0.0.1:3128", "http://ops:s3/cr3tPW@127.0.0.1:3128", "ftp://127.0.0.1:21", "a b"]
)
def test_a_proxy_that_is_none_shows_no_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("MONITOR_PROXY", proxy)
    for written in (proxy, "${MONITOR_PROXY}"):
        event = check_policy("http://shop.invalid/x", proxy=written)
        assert (event.cause, event.is_inconclusive) == (Cause.of("proxy_not_valid"), True)
        assert "cr3tPW" not in event.model_dump_json()


def test_a_proxy_of_its_own_is_no_way_around_the_filter(recorded: Any, forbid: Callable[[str], None]) -> None:
    proxy, asked = recorded()
    forbid("127.0.0.0/8")
    event = check_policy("http://shop.invalid/x", proxy=proxy.removesuffix("/a"))
    assert (event.error_message, asked) == ("proxy refused: 127.0.0.1 is a cloud metadata address", [])


def test_the_ip_version_is_kept(recorded: Any) -> None:
    url, asked = recorded()
    assert check_policy(url.replace("127.0.0.1", "localhost"), ip_version=4).ip == "127.0.0.1"
    assert not check_policy(url.replace("127.0.0.1", "localhost"), ip_version=6).is_success
    assert len(asked) == 1


def test_a_private_address_is_refused_in_a_cloud(recorded: Any) -> None:
    url, asked = recorded()
    event = check_policy(url, is_in_a_cloud=True, upside_down=True)
    assert "is a private address" in str(event.error_message)
    assert (event.is_success, asked) == (False, [])


def test_an_own_issuer_is_trusted(recorded: Any, authority: Authority) -> None:
    url, _ = recorded(tls=authority.context(TODAY - A_DAY, TODAY + A_DAY))
    assert check_policy(url).error_message == "certificate issuer is not trusted"
    for ca_certificate in (authority.file, Path(authority.file).read_text()):
        event = check_policy(url, ca_certificate=ca_certificate)
        assert event.error_message is None
        assert event.certificate_expires_at == TODAY + A_DAY
        assert event.tls_ms is not None


@pytest.mark.parametrize("terms", [{"host": "shop.example"}, {"self_signed": True}])
def test_certificates_need_not_be_verified(recorded: Any, authority: Authority, terms: dict[str, Any]) -> None:
    url, _ = recorded(tls=authority.context(TODAY - A_DAY, TODAY + A_DAY, **terms))
    assert not check_policy(url).is_success
    event = check_policy(url, verify_tls=False)
    assert (event.error_message, event.certificate_expires_at) == (None, TODAY + A_DAY)


def test_an_expired_certificate_says_when(recorded: Any, trusted: Authority) -> None:
    url, _ = recorded(tls=trusted.context(TODAY - 3 * A_DAY, TODAY - A_DAY))
    event = check_policy(url)
    assert event.error_message == f"certificate expired on {TODAY - A_DAY:%Y-%m-%d}"
    assert event.certificate_expires_at == TODAY - A_DAY


@pytest.mark.slow
@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (says(then=30), "no answer within 0.3 s"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", then=30), "the answer did not end within 0.3 s"),
    ],
)
def test_a_timeout_names_its_phase(serve: RawServers, handler: Any, message: str) -> None:
    assert check_policy(f"http://127.0.0.1:{serve(handler)}/", timeout="300ms").error_message == message


@pytest.mark.slow
def test_a_tls_handshake_that_hangs_says_so(serve: RawServers) -> None:
    port = serve(stays_silent(30))
    event = check_policy(f"https://127.0.0.1:{port}/", timeout="300ms")
    assert event.error_message == "the TLS handshake did not end within 0.3 s"


@pytest.mark.slow
def test_a_connection_that_hangs_says_so(serve: RawServers) -> None:
    import socket

    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(address)
        event = check_policy(f"http://127.0.0.1:{address[1]}/", timeout="300ms")
        for client in waiting:
            client.close()
    assert event.error_message == "no connection within 0.3 s"
