"""HTTP checks against real sockets on the loopback interface. The network outside is never used."""

import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from shared.models import now
from shared.settings import SettingError
from tests.support.checks import check
from tests.support.running import free_port
from tests.support.servers.raw_servers import OK, UNENDED, Handler, RawServers, drips, redirects, resets, says

pytestmark = pytest.mark.slow


def test_a_good_response_is_a_success_with_its_phases(serve: RawServers) -> None:
    before = now()
    event = check(serve(says(OK)), LOCATION="seoul-1", CHECK_INTERVAL_SECONDS="17")
    assert event.is_success
    assert (event.status_code, event.error_message, event.cause) == (200, None, None)
    assert (event.monitor, event.location, event.agent, event.interval_seconds) == ("shop", "seoul-1", "seoul-1", 17)
    assert before <= event.timestamp <= now()
    assert event.tls_ms is None
    assert event.dns_ms is not None
    assert event.connect_ms is not None
    assert event.first_byte_ms is not None
    assert event.response_time_ms is not None
    phases = event.dns_ms + event.connect_ms + event.first_byte_ms
    assert 0 < phases <= event.response_time_ms + 0.01


def test_the_phases_tell_where_the_time_went(serve: RawServers) -> None:
    pause_ms = 600  # so much later than they should, a busy machine hardly ends them

    def slow(connection: Any) -> None:
        connection.recv(65536)
        time.sleep(pause_ms / 1000)
        connection.sendall(OK[:-2])
        time.sleep(pause_ms / 1000)
        connection.sendall(b"ok")

    event = check(serve(slow))
    assert event.connect_ms is not None
    assert event.connect_ms < pause_ms
    assert event.first_byte_ms is not None
    assert pause_ms <= event.first_byte_ms < 2 * pause_ms
    assert event.response_time_ms is not None
    assert 2 * pause_ms <= event.response_time_ms < 3 * pause_ms


@pytest.mark.parametrize(
    ("response", "status", "message"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),  # no body at all
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, None),  # 3xx without Location
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 302, None),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil it closes", 200, None),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, 200, None),  # 1xx comes before the response
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno", 200, None),  # nothing is decoded
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, None),
        (b"HTTP/1.1 503 Leave <b>me</b>\r\n\r\n", 503, "HTTP 503 Service Unavailable"),  # never its own phrase
        (b"HTTP/1.1 404 Nope\r\nContent-Length: 99999\r\n\r\n", 404, "HTTP 404 Not Found"),
        (b"HTTP/1.1 599 Odd\r\n\r\n", 599, "HTTP 599"),  # a number without a phrase
        (b"", None, "connection closed without an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", None, "not an HTTP answer"),
        (bytes(range(256)) * 8, None, "not an HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: pear\r\n\r\n", 200, "not an HTTP answer"),
        (b"HTTP/9.9 200 OK\r\n\r\n", None, "not an HTTP answer"),
        (b"HTTP/1.1 000 OK\r\n\r\n", None, "not an HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nX: y", 200, "the answer ended early"),  # amid its headers
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", 200, "the answer ended early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", 200, "the answer ended early"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, 200, "the answer's headers are too large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", 200, "the answer's headers are too large"),
    ],
)
def test_a_response_is_judged(serve: RawServers, response: bytes, status: int | None, message: str | None) -> None:
    event = check(serve(says(response, then=0.05)))
    assert (event.error_message, event.status_code, event.is_success) == (message, status, message is None)


@pytest.mark.parametrize(
    ("handler", "status", "message"),
    [
        (says(then=30), None, "no answer within 0.4 s"),  # accepts and is silent
        (says(b"HTTP/1.1 2", then=30), None, "no answer within 0.4 s"),  # half a status line is no response
        (drips(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), None, "no answer within 0.4 s"),  # 1xx for ever
        (drips(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"x"), 200, "the answer did not end within 0.4 s"),
        (drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), 200, "the answer did not end within 0.4 s"),
        (says(OK[:-1], then=30), 200, "the answer did not end within 0.4 s"),
    ],
)
def test_the_deadline_is_kept(serve: RawServers, handler: Handler, status: int | None, message: str) -> None:
    port = serve(handler)
    began = time.monotonic()
    event = check(port, 0.4)
    # Each server goes on for half a minute, or for ever.
    assert 0.3 < time.monotonic() - began < 10, event
    assert (event.error_message, event.status_code, event.is_success) == (message, status, False)


def test_a_handshake_that_never_ends_meets_the_deadline(serve: RawServers) -> None:
    event = check(f"https://127.0.0.1:{serve(says(then=30))}/", 0.3)
    assert (event.error_message, event.tls_ms) == ("no answer within 0.3 s", None)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://nobody.invalid/", "host not found: nobody.invalid"),
        ("http://höst.invalid/", "host not found: xn--hst-sna.invalid"),
        ("http://\uff48öst.invalid/", "host not found: xn--hst-sna.invalid"),  # as a browser reads it
        ("https://nobody.invalid:1/ü", "host not found: nobody.invalid"),
        ("nobody.invalid", "not a valid URL"),  # libcurl would guess http
        ("http://", "not a valid URL"),
        ("http://a b.invalid/", "not a valid URL"),
        ("http://127.0.0.1:port/", "not a valid URL"),
        ("http://127.0.0.1:99999/", "not a valid URL"),
        ("http://é:x/", "not a valid URL"),
        ("http://[::1/é", "not a valid URL"),
        ("http://\u00ad/", "not a valid URL"),  # nothing is left of the host
        ("http://127.0.0.1/\r\nX-Evil: 1", "not a valid URL"),
        ("http://127.0.0.1/\udcff", "not a valid URL"),
        ("http://127.0.0.1/\0", "not a valid URL"),
        ("", "not a valid URL"),
        ("ftp://127.0.0.1/", "only http and https are supported"),
        ("file:///etc/passwd", "only http and https are supported"),
    ],
)
def test_a_url_that_leads_nowhere_is_an_event(url: str, message: str) -> None:
    event = check(url)
    assert (event.error_message, event.status_code, event.is_success) == (message, None, False)
    if url and "\0" not in url and "\udcff" not in url:  # no event can carry these
        assert event.target_url == url


def test_a_url_that_is_longer_than_an_event_is_an_event() -> None:
    event = check("http://127.0.0.1/" + "x" * 9_000_000)  # more than libcurl takes, too
    assert (event.error_message, len(event.target_url)) == ("not a valid URL", 2048)


def test_a_refused_connection_says_so() -> None:
    event = check(free_port())
    assert event.error_message == "connection refused"
    assert (event.status_code, event.connect_ms, event.first_byte_ms) == (None, None, None)
    assert event.response_time_ms is not None


def test_a_reset_connection_says_so(serve: RawServers) -> None:
    assert check(serve(resets)).error_message == "connection reset"


def test_redirects_are_followed_to_the_last_response(serve: RawServers) -> None:
    last = serve(says(b"HTTP/1.1 418 Pot\r\n\r\n"))
    event = check(serve(redirects(f"http://127.0.0.1:{last}/")))
    assert (event.status_code, event.error_message) == (418, "HTTP 418 I'm a Teapot")
    assert check(serve(redirects(f"http://127.0.0.1:{serve(says(OK))}/"))).is_success


def test_the_body_of_a_redirect_does_not_count(serve: RawServers) -> None:
    # Otherwise a body that is whole would look as if it ended before the length that the redirect declares.
    last = serve(says(UNENDED + b"x"))
    first = serve(says(f"HTTP/1.1 302 F\r\nContent-Length: 2\r\nLocation: http://127.0.0.1:{last}/\r\n\r\nok".encode()))
    assert check(first).is_success


def test_a_redirect_to_itself_ends(serve: RawServers) -> None:
    count = []

    def to_itself(connection: Any) -> None:
        count.append(1)
        redirects("/again")(connection)

    event = check(serve(to_itself))
    assert (event.status_code, event.error_message, len(count)) == (302, "more than 10 redirects", 11)


@pytest.mark.parametrize(
    "cookies",
    [
        ["seen=1"],
        ["a=1; Path=/", "seen=1; HttpOnly; Max-Age=60"],
        ["seen=1; SameSite=Strict; Expires=Fri, 31 Dec 2099 23:59:59 GMT"],
    ],
)
def test_a_cookie_lives_as_long_as_its_check(serve: RawServers, cookies: list[str]) -> None:
    requests = []

    def handler(connection: Any) -> None:
        requests.append(connection.recv(65536))
        set_them = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
        back = f"HTTP/1.1 302 F\r\nLocation: /\r\n{set_them}Content-Length: 0\r\n\r\n".encode()
        connection.sendall(OK if b"seen=1" in requests[-1] else back)

    port = serve(handler)
    assert [check(port).status_code for _ in range(2)] == [200, 200]
    assert [b"Cookie: " in request for request in requests] == [False, True] * 2


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("ftp://127.0.0.1/", "only http and https are supported"),
        ("file:///etc/passwd", "only http and https are supported"),
        ("http://nobody.invalid/", "host not found: nobody.invalid"),
        ("http://127.0.0.1:1/", "connection refused"),
        ("http://bad host/", "not a valid URL"),
        ("http://\xff\xfe/", None),  # whatever it is, it is an event
    ],
)
def test_a_redirect_that_leads_nowhere_has_no_final_status(serve: RawServers, to: str, message: str | None) -> None:
    event = check(serve(redirects(to)))
    assert not event.is_success
    assert message is None or event.error_message == message
    assert event.first_byte_ms is None or event.status_code == 302


def test_a_non_ascii_url_is_asked_encoded(serve: RawServers) -> None:
    requests = []

    def handler(connection: Any) -> None:
        requests.append(connection.recv(65536))
        connection.sendall(OK)

    url = f"http://127.0.0.1:{serve(handler)}/größe?q=한 글&r=%20"
    event = check(url)
    assert event.is_success
    assert event.target_url == url
    assert requests[0].startswith(b"GET /gr%C3%B6%C3%9Fe?q=%ED%95%9C%20%EA%B8%80&r=%20 HTTP/1.1\r\n")
    assert b"Accept-Encoding" not in requests[0]
    assert b"User-Agent: Bonghwa (+uptime check)\r\n" in requests[0]


@pytest.mark.parametrize(
    ("head", "is_success", "at_least", "at_most", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n", True, 256, 8192, None),
        (UNENDED, True, 256, 8192, None),
        (b"HTTP/1.1 500 X\r\nContent-Length: 99000000\r\n\r\n", False, 0, 8192, "HTTP 500 Internal Server Error"),
    ],
)
def test_no_more_of_a_body_is_read_than_needed(
    serve: RawServers, head: bytes, is_success: bool, at_least: int, at_most: int, message: str | None
) -> None:
    sent = [0]
    is_over = threading.Event()

    def handler(connection: Any) -> None:
        connection.recv(65536)
        with suppress(OSError):
            connection.sendall(head)
            while sent[0] < 99_000:
                connection.sendall(b"x" * 1024)
                sent[0] += 1
        is_over.set()

    event = check(serve(handler))
    assert is_over.wait(20)
    assert (event.is_success, event.error_message) == (is_success, message)
    assert at_least <= sent[0] <= at_most  # KiB; what the sockets buffer is part of it


def test_a_proxys_refusal_is_not_the_targets_response(serve: RawServers, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(says(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy}")
    event = check("https://nobody.invalid/")
    assert event.status_code is None
    assert event.error_message == "the proxy answered HTTP 407 Proxy Authentication Required"


def test_a_missing_certificate_file_is_no_targets_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/root.pem")
    with pytest.raises(SettingError, match=r"root\.pem"):
        check(free_port())
