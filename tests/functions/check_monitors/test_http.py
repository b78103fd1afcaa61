"""The look, against real sockets on the loopback interface; never the network outside."""

import errno
import os
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pycurl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.check_monitors.probes import address_filter as addresses
from functions.check_monitors.probes import curl_loop as transfers
from functions.check_monitors.probes import http as module
from functions.check_monitors.probes.causes import cause
from functions.check_monitors.probes.http import probe, probe_all
from shared.models import Event, Monitor, now
from shared.settings import SettingError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNENDED = b"HTTP/1.1 200 OK\r\n\r\n"
TODAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
Handler = Callable[[Any], None]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a server whose every connection a thread hands to ``handler``; its port."""
    listeners = []

    def start(handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        listener = socket.create_server((host, 0), backlog=500)
        listeners.append(listener)

        def answer(connection: Any) -> None:
            with suppress(OSError):
                if tls:
                    connection = tls.wrap_socket(connection, server_side=True)
                handler(connection)
            connection.close()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        listener.close()


def says(*parts: bytes, then: float = 0.0) -> Handler:
    """A handler that reads the request, sends ``parts`` and closes ``then`` seconds later."""

    def handler(connection: Any) -> None:
        connection.recv(65536)
        for part in parts:
            connection.sendall(part)
        time.sleep(then)

    return handler


def drips(head: bytes, part: bytes) -> Handler:
    """A handler that sends ``head`` and then ``part`` again and again, until nobody listens."""

    def handler(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(part)
            time.sleep(0.02)

    return handler


def resets(connection: Any) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def redirects(to: str, status: int = 302) -> Handler:
    return says(f"HTTP/1.1 {status} Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))


def look(target: int | str, seconds: float = 5.0) -> Event:
    return probe(monitor(target), timeout_seconds=seconds)


def monitor(target: int | str, name: str = "shop") -> Monitor:
    return Monitor(name=name, target_url=f"http://127.0.0.1:{target}/" if isinstance(target, int) else target)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_good_answer_is_a_success_with_its_phases(serve: Callable[..., int]) -> None:
    before = now()
    event = probe(monitor(serve(says(OK))), location="seoul-1")
    assert event.is_success
    assert (event.status_code, event.error_message) == (200, None)
    assert (event.monitor, event.location) == ("shop", "seoul-1")
    assert before <= event.timestamp <= now()
    assert event.tls_ms is None
    assert event.dns_ms is not None
    assert event.connect_ms is not None
    assert event.first_byte_ms is not None
    assert event.response_time_ms is not None
    phases = event.dns_ms + event.connect_ms + event.first_byte_ms
    assert 0 < phases <= event.response_time_ms + 0.01


def test_the_phases_tell_where_the_time_went(serve: Callable[..., int]) -> None:
    def slow(connection: Any) -> None:
        connection.recv(65536)
        time.sleep(0.2)
        connection.sendall(OK[:-2])
        time.sleep(0.2)
        connection.sendall(b"ok")

    event = look(serve(slow))
    assert event.connect_ms is not None
    assert event.connect_ms < 100
    assert event.first_byte_ms is not None
    assert 200 <= event.first_byte_ms < 350
    assert event.response_time_ms is not None
    assert 400 <= event.response_time_ms < 600


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),  # no body at all
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, None),  # 3xx without Location
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 302, None),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil it closes", 200, None),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, 200, None),  # 1xx goes ahead of the answer
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
def test_an_answer_is_judged(serve: Callable[..., int], answer: bytes, status: int | None, message: str | None) -> None:
    event = look(serve(says(answer, then=0.05)))
    assert (event.error_message, event.status_code, event.is_success) == (message, status, message is None)


@pytest.mark.parametrize(
    ("handler", "status", "message"),
    [
        (says(then=2), None, "no answer within 0.4 s"),  # accepts and is silent
        (says(b"HTTP/1.1 2", then=2), None, "no answer within 0.4 s"),  # half a status line is no answer
        (drips(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), None, "no answer within 0.4 s"),  # 1xx without end
        (drips(UNENDED, b"x"), 200, "the answer did not end within 0.4 s"),
        (drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), 200, "the answer did not end within 0.4 s"),
        (says(OK[:-1], then=2), 200, "the answer did not end within 0.4 s"),
    ],
)
def test_the_deadline_is_kept(serve: Callable[..., int], handler: Handler, status: int | None, message: str) -> None:
    port = serve(handler)
    began = time.monotonic()
    event = look(port, 0.4)
    assert 0.3 < time.monotonic() - began < 0.9
    assert (event.error_message, event.status_code, event.is_success) == (message, status, False)


def test_a_handshake_that_never_ends_meets_the_deadline(serve: Callable[..., int]) -> None:
    event = look(f"https://127.0.0.1:{serve(says(then=2))}/", 0.3)
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
        ("ftp://127.0.0.1/", "only http and https are looked at"),
        ("file:///etc/passwd", "only http and https are looked at"),
    ],
)
def test_a_url_that_leads_nowhere_is_an_event(url: str, message: str) -> None:
    event = look(url)
    assert (event.error_message, event.status_code, event.is_success) == (message, None, False)
    if url and "\0" not in url and "\udcff" not in url:  # no event can carry those
        assert event.target_url == url


def test_a_url_that_is_longer_than_an_event_is_an_event() -> None:
    event = look("http://127.0.0.1/" + "x" * 9_000_000)  # more than libcurl takes, too
    assert (event.error_message, len(event.target_url)) == ("not a valid URL", 2048)


def test_a_refused_connection_says_so() -> None:
    event = look(free_port())
    assert event.error_message == "connection refused"
    assert (event.status_code, event.connect_ms, event.first_byte_ms) == (None, None, None)
    assert event.response_time_ms is not None


def test_a_reset_connection_says_so(serve: Callable[..., int]) -> None:
    assert look(serve(resets)).error_message == "connection reset"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENETUNREACH, "network unreachable"),
        (errno.EHOSTUNREACH, "host unreachable"),
        (errno.EACCES, "connection failed: permission denied"),
    ],
)
def test_a_way_that_is_missing_is_named(number: int, message: str) -> None:
    # The loopback interface has no such fault to offer.
    class Handle:
        def getinfo(self, _: int) -> int:
            return number

    assert cause(Handle(), pycurl.E_COULDNT_CONNECT, "Failed to connect", None, 1.0) == message


def test_redirects_are_followed_to_the_last_answer(serve: Callable[..., int]) -> None:
    last = serve(says(b"HTTP/1.1 418 Pot\r\n\r\n"))
    event = look(serve(redirects(f"http://127.0.0.1:{last}/")))
    assert (event.status_code, event.error_message) == (418, "HTTP 418 I'm a Teapot")
    assert look(serve(redirects(f"http://127.0.0.1:{serve(says(OK))}/"))).is_success


def test_the_body_of_a_redirect_does_not_count(serve: Callable[..., int]) -> None:
    # Its declared length must not make a body without one look complete.
    big = serve(drips(UNENDED, b"x" * 1_000_000))
    first = serve(says(f"HTTP/1.1 302 F\r\nContent-Length: 2\r\nLocation: http://127.0.0.1:{big}/\r\n\r\nok".encode()))
    assert look(first).error_message == "the answer did not end within 10 MiB"


def test_a_redirect_to_itself_ends(serve: Callable[..., int]) -> None:
    count = []

    def to_itself(connection: Any) -> None:
        count.append(1)
        redirects("/again")(connection)

    event = look(serve(to_itself))
    assert (event.status_code, event.error_message, len(count)) == (302, "more than 10 redirects", 11)


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("ftp://127.0.0.1/", "only http and https are looked at"),
        ("file:///etc/passwd", "only http and https are looked at"),
        ("http://nobody.invalid/", "host not found: nobody.invalid"),
        ("http://127.0.0.1:1/", "connection refused"),
        ("http://bad host/", "not a valid URL"),
        ("http://\xff\xfe/", None),  # whatever it is, it is an event
    ],
)
def test_a_redirect_that_leads_nowhere_has_no_final_status(
    serve: Callable[..., int], to: str, message: str | None
) -> None:
    event = look(serve(redirects(to)))
    assert not event.is_success
    assert message is None or event.error_message == message
    assert event.first_byte_ms is None or event.status_code == 302


def test_a_non_ascii_url_is_asked_encoded(serve: Callable[..., int]) -> None:
    requests = []

    def handler(connection: Any) -> None:
        requests.append(connection.recv(65536))
        connection.sendall(OK)

    url = f"http://127.0.0.1:{serve(handler)}/größe?q=한 글&r=%20"
    event = look(url)
    assert event.is_success
    assert event.target_url == url
    assert requests[0].startswith(b"GET /gr%C3%B6%C3%9Fe?q=%ED%95%9C%20%EA%B8%80&r=%20 HTTP/1.1\r\n")
    assert b"Accept-Encoding" not in requests[0]
    assert b"User-Agent: Bonghwa (+uptime check)\r\n" in requests[0]


def test_messages_carry_no_control_characters() -> None:
    assert module._text("a\0b\r\nc\x1b[31md\u202e", 300) == "a�b��c�[31md�"
    assert len(module._text("x" * 999, 300)) == 300


@pytest.mark.parametrize(
    ("head", "is_success", "at_least", "at_most", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n", True, 256, 8192, None),
        (UNENDED, False, 10 * 1024, 18 * 1024, "the answer did not end within 10 MiB"),
        (b"HTTP/1.1 500 X\r\nContent-Length: 99000000\r\n\r\n", False, 0, 8192, "HTTP 500 Internal Server Error"),
    ],
)
def test_no_more_of_a_body_is_read_than_needed(
    serve: Callable[..., int], head: bytes, is_success: bool, at_least: int, at_most: int, message: str | None
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

    event = look(serve(handler))
    assert is_over.wait(2)
    assert (event.is_success, event.error_message) == (is_success, message)
    assert at_least <= sent[0] <= at_most  # KiB; what the sockets buffer is part of it


def test_a_body_up_to_the_limit_is_read_to_its_end(serve: Callable[..., int]) -> None:
    assert look(serve(says(UNENDED, b"x" * 10 * 2**20))).is_success


class Authority:
    """A private issuer of certificates, and servers' contexts with them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Private Root")])
        self.file = str(path / "root.pem")
        root = self._certificate(self._name, self._key, TODAY - timedelta(9), TODAY + timedelta(9), ca=True)
        Path(self.file).write_bytes(root)

    def context(self, starts: datetime, ends: datetime, host: str = "localhost", self_signed: bool = False) -> Any:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        pem = self._certificate(name, key, starts, ends, host=host, signed_by=key if self_signed else None)
        pem += key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self._path / "server.pem"
        file.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self,
        name: Any,
        key: Any,
        starts: datetime,
        ends: datetime,
        ca: bool = False,
        host: str = "x",
        signed_by: Any = None,
    ) -> bytes:
        builder = x509.CertificateBuilder(
            subject_name=name,
            issuer_name=name if signed_by else self._name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=starts,
            not_valid_after=ends,
        ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(signed_by or self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    return authority


A_DAY = timedelta(1)


def test_a_trusted_certificate_is_a_success_with_a_tls_phase(serve: Callable[..., int], trusted: Authority) -> None:
    resumed = []

    def handler(connection: Any) -> None:
        resumed.append(connection.session_reused)
        says(OK)(connection)

    port = serve(handler, trusted.context(TODAY - A_DAY, TODAY + A_DAY))
    for _ in range(2):  # a resumed session would not show that the certificate expired meanwhile
        event = look(f"https://localhost:{port}/")
        assert (event.error_message, event.is_success) == (None, True)
        assert event.tls_ms is not None
        assert event.tls_ms > 0.3
    assert resumed == [False, False]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (
            {"starts": TODAY - 3 * A_DAY, "ends": TODAY - 2 * A_DAY},
            f"certificate expired on {TODAY - 2 * A_DAY:%Y-%m-%d}",
        ),
        (
            {"starts": TODAY + 2 * A_DAY, "ends": TODAY + 3 * A_DAY},
            f"certificate is not valid before {TODAY + 2 * A_DAY:%Y-%m-%d}",
        ),
        (  # of two faults libcurl names the host
            {"starts": TODAY - 3 * A_DAY, "ends": TODAY - 2 * A_DAY, "host": "shop.example"},
            "certificate is for another host than localhost",
        ),
        ({"host": "shop.example"}, "certificate is for another host than localhost"),
        ({"self_signed": True}, "certificate is self-signed"),
    ],
)
@pytest.mark.parametrize("is_redirected", [False, True])
def test_a_bad_certificate_is_named_and_nothing_is_asked(
    serve: Callable[..., int], trusted: Authority, terms: dict[str, Any], message: str, is_redirected: bool
) -> None:
    asked = []

    def handler(connection: Any) -> None:
        if request := connection.recv(65536):
            asked.append(request)

    port = serve(handler, trusted.context(**{"starts": TODAY - A_DAY, "ends": TODAY + A_DAY} | terms))
    url = f"https://localhost:{port}/"
    event = look(serve(redirects(url)) if is_redirected else url)
    assert (event.error_message, event.status_code, event.is_success) == (message, None, False)
    assert (event.tls_ms, event.first_byte_ms) == (None, None)
    time.sleep(0.05)
    assert asked == []


def test_an_expired_certificate_whose_date_cannot_be_read_is_still_expired(
    serve: Callable[..., int], trusted: Authority
) -> None:
    context = trusted.context(TODAY - 3 * A_DAY, TODAY - 2 * A_DAY)
    count = []

    def only_once(connection: Any) -> None:
        count.append(1)
        if len(count) == 1:
            time.sleep(0.3)
            context.wrap_socket(connection, server_side=True)
        time.sleep(2)

    began = time.monotonic()
    event = look(f"https://localhost:{serve(only_once)}/", 0.4)
    assert event.error_message == "certificate expired"
    assert len(count) == 2
    assert time.monotonic() - began < 0.6  # one deadline for both


def test_an_unknown_issuer_is_not_trusted(serve: Callable[..., int], authority: Authority) -> None:
    port = serve(says(OK), authority.context(TODAY - A_DAY, TODAY + A_DAY))
    assert look(f"https://localhost:{port}/").error_message == "certificate issuer is not trusted"


def test_another_fault_of_tls_is_a_handshake_that_failed(serve: Callable[..., int]) -> None:
    message = look(f"https://localhost:{serve(says(OK))}/").error_message
    assert message is not None
    assert message.startswith("TLS handshake failed: ")
    assert "error:" not in message


def test_a_close_without_an_answer_says_so_over_tls_too(serve: Callable[..., int], trusted: Authority) -> None:
    port = serve(says(), trusted.context(TODAY - A_DAY, TODAY + A_DAY))
    assert look(f"https://localhost:{port}/").error_message == "connection closed without an answer"


@pytest.mark.parametrize(("status", "message"), [(b"\x88", None), (b"\x8e", "HTTP 500 Internal Server Error")])
def test_an_answer_over_http_2_is_judged_too(
    serve: Callable[..., int], trusted: Authority, status: bytes, message: str | None
) -> None:
    def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
        return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content

    def handler(connection: Any) -> None:
        assert connection.selected_alpn_protocol() == "h2"
        connection.recv(65536)
        # SETTINGS and their acknowledgement, HEADERS with one of HPACK's fixed statuses, DATA that ends the stream
        answer = frame(4, 0, 0, b"") + frame(4, 1, 0, b"") + frame(1, 4, 1, status) + frame(0, 1, 1, b"ok")
        connection.sendall(answer)
        while connection.recv(65536):
            pass

    context = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    context.set_alpn_protocols(["h2"])
    event = look(f"https://localhost:{serve(handler, context)}/")
    assert (event.error_message, event.status_code) == (message, 500 if message else 200)


def test_a_proxys_refusal_is_not_the_targets_answer(serve: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(says(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"))
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy}")
    event = look("https://nobody.invalid/")
    assert event.status_code is None
    assert event.error_message == "the proxy answered HTTP 407 Proxy Authentication Required"


def look_in_a_cloud(target: int | str) -> Event:
    return probe_all([monitor(target)], is_private_allowed=False)[0]


def look_where(target: str, *answers: str) -> Event:
    """A look whose names have these ``answers``, each ``name:port:address,address``, as libcurl takes them."""

    class Look(module._Look):
        def handle(self) -> Any:
            curl = super().handle()
            curl.setopt(pycurl.RESOLVE, answers)
            return curl

    a_look = Look(monitor(target), 5.0, "", {})
    transfers.Loop().run([a_look], 0.0, lambda _: None)
    return a_look.event


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Call a loopback address a metadata server's, so that no packet leaves this machine if it is not refused."""
    addresses.refusal.cache_clear()

    def forbidden(address: str) -> None:
        monkeypatch.setattr(addresses, "_METADATA", [ip_network(address)])
        addresses.refusal.cache_clear()

    yield forbidden
    addresses.refusal.cache_clear()


@pytest.fixture
def proxied(serve: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], list[str]]:
    """Send every look to a proxy on this machine, whose answers are ``handler``'s; the URLs that it was asked for."""

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


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "shop.localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "%31%327.0.0.1",
        "0",
    ],
)
def test_a_private_address_is_looked_at_where_that_is_allowed(serve: Callable[..., int], host: str) -> None:
    connections = []

    def handler(connection: Any) -> None:
        connections.append(1)
        says(OK)(connection)

    url = f"http://{host}:{serve(handler)}/"
    event = look_in_a_cloud(url)
    assert re.fullmatch(
        r"refused: (127\.0\.0\.1|0\.0\.0\.0|::1) is a private address \(ALLOW_PRIVATE_TARGETS is off\)",
        event.error_message or "",
    )
    assert (event.is_success, event.status_code, event.connect_ms) == (False, None, None)
    assert event.target_url == url
    assert connections == []
    assert look(url).is_success
    assert connections == [1]


def test_a_refusal_does_not_disturb_the_looks_beside_it(
    serve: Callable[..., int], forbid: Callable[[str], None]
) -> None:
    forbid("127.0.0.2")
    port = serve(says(OK))
    events = probe_all([monitor(f"http://{host}:{port}/") for host in ("127.0.0.2", "127.0.0.1", "localhost")] * 5)
    assert [event.is_success for event in events] == [False, True, True] * 5


METADATA_URLS = [
    ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is a cloud metadata address"),
    ("https://169.254.169.254/", "169.254.169.254 is a cloud metadata address"),
    ("http://[fd00:ec2::254]/latest/meta-data/", "fd00:ec2::254 is a cloud metadata address"),
    ("http://metadata.google.internal/computeMetadata/v1/", "metadata.google.internal is a cloud metadata address"),
    ("http://metadata.goog/", "metadata.goog is a cloud metadata address"),
    ("http://2852039166/", "169.254.169.254 is a cloud metadata address"),
    ("http://0xA9.0376.43518/", "169.254.169.254 is a cloud metadata address"),
    ("http://[::ffff:169.254.169.254]/", "::ffff:169.254.169.254 is a cloud metadata address"),
    ("http://169.254.1.1/", "169.254.1.1 is a link-local address"),
    ("http://[fe80::1]/", "fe80::1 is a link-local address"),
    ("http://239.255.255.250/", "239.255.255.250 is a multicast address"),
]


# A proxy on loopback stands between, so that no packet leaves this machine if one is not refused.
@pytest.mark.parametrize(
    ("url", "reason"),
    [*METADATA_URLS, ("http://１６９.254。169.254/", "169.254.169.254 is a cloud metadata address")],  # for a browser
)
def test_a_metadata_server_is_not_looked_at_in_any_spelling(
    proxied: Callable[[Handler], list[str]], url: str, reason: str
) -> None:
    asked = proxied(says(OK))
    event = look(url)
    assert (event.error_message, event.status_code, event.is_success) == (f"refused: {reason}", None, False)
    assert look("http://shop.example/").is_success
    assert asked == ["http://shop.example/"]


@pytest.mark.parametrize(
    ("to", "reason"),
    [*METADATA_URLS, ("//169.254.169.254/", METADATA_URLS[0][1]), ("http:/169.254.169.254", METADATA_URLS[0][1])],
)
def test_a_redirect_to_a_metadata_server_is_not_followed(
    proxied: Callable[[Handler], list[str]], to: str, reason: str
) -> None:
    asked = proxied(redirects(to))
    event = look("http://shop.example/")
    assert (event.error_message, event.status_code, event.is_success) == (f"refused: {reason}", None, False)
    assert asked == ["http://shop.example/"]


def test_where_an_answer_that_is_no_redirect_points_to_does_not_matter(serve: Callable[..., int]) -> None:
    assert look(serve(redirects("http://169.254.169.254/", status=201))).is_success


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="127.0.0.2 needs no set-up there")
@pytest.mark.parametrize("is_forbidden", [False, True])
@pytest.mark.parametrize("is_redirected", [False, True])
def test_what_a_name_means_is_judged_when_connecting(
    serve: Callable[..., int], forbid: Callable[[str], None], is_forbidden: bool, is_redirected: bool
) -> None:
    # Redirected, the same name has one answer at first and another when it is asked again: rebinding.
    connections = []

    def handler(connection: Any) -> None:
        connections.append(1)
        says(OK)(connection)

    if is_forbidden:
        forbid("127.0.0.2")
    inner = serve(handler, host="127.0.0.2")
    outer = serve(redirects(f"http://shop.example:{inner}/"))
    answers = f"shop.example:{outer}:127.0.0.1", f"shop.example:{inner}:127.0.0.2"
    event = look_where(f"http://shop.example:{outer if is_redirected else inner}/", *answers)
    assert event.error_message == ("refused: 127.0.0.2 is a cloud metadata address" if is_forbidden else None)
    assert event.status_code == (None if is_forbidden else 200)
    assert connections == [1] * (not is_forbidden)


@pytest.mark.parametrize("answers", ["127.0.0.2,127.0.0.1", "127.0.0.1,127.0.0.2"])
def test_of_several_addresses_those_that_are_refused_are_left_out(
    serve: Callable[..., int], forbid: Callable[[str], None], answers: str
) -> None:
    forbid("127.0.0.2")
    port, closed = serve(says(OK)), free_port()
    assert look_where(f"http://shop.example:{port}/", f"shop.example:{port}:{answers}").is_success
    # Then it is the others' fault that there is no answer.
    event = look_where(f"http://shop.example:{closed}/", f"shop.example:{closed}:{answers}")
    assert event.error_message == "connection refused"
    refused = look_where(f"http://shop.example:{port}/", f"shop.example:{port}:127.0.0.2,127.0.0.2")
    assert refused.error_message == "refused: 127.0.0.2 is a cloud metadata address"


def test_an_address_that_failed_before_a_redirect_does_not_hide_a_refusal(
    serve: Callable[..., int], forbid: Callable[[str], None]
) -> None:
    forbid("127.0.0.2")
    first = serve(redirects("http://inner.example/"))
    answers = f"shop.example:{first}:127.0.0.3,127.0.0.1", "inner.example:80:127.0.0.2"
    event = look_where(f"http://shop.example:{first}/", *answers)
    assert event.error_message == "refused: 127.0.0.2 is a cloud metadata address"


def test_the_second_handshake_of_an_expired_certificate_is_judged_too(
    serve: Callable[..., int], trusted: Authority, forbid: Callable[[str], None]
) -> None:
    context = trusted.context(TODAY - 3 * A_DAY, TODAY - 2 * A_DAY)
    count = []

    def rebinds(connection: Any) -> None:
        count.append(1)
        forbid("127.0.0.0/8")
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True)

    event = look(f"https://localhost:{serve(rebinds)}/")
    assert (event.error_message, count) == ("certificate expired", [1])


def test_a_proxys_own_address_is_judged_as_the_one_that_is_connected_to(
    proxied: Callable[[Handler], list[str]],
) -> None:
    asked = proxied(says(OK))
    event = look_in_a_cloud("http://shop.example/")
    message = "proxy refused: 127.0.0.1 is a private address (ALLOW_PRIVATE_TARGETS is off)"
    assert (event.error_message, event.status_code, asked) == (message, None, [])
    assert look("http://shop.example/").is_success


def test_a_missing_file_of_trusted_certificates_is_no_targets_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/root.pem")
    with pytest.raises(SettingError, match=r"root\.pem"):
        look(free_port())


def test_many_slow_targets_take_as_long_as_one_and_keep_their_order(serve: Callable[..., int]) -> None:
    ports = [serve(says(OK if i % 2 else b"HTTP/1.1 500 X\r\n\r\n", then=0)) for i in range(4)]
    slow = serve(says(then=2))
    targets = [slow if i % 3 == 0 else ports[i % 4] for i in range(30)]
    monitors = [monitor(target, f"m{i}") for i, target in enumerate(targets)]
    began = time.monotonic()
    events = probe_all(monitors, timeout_seconds=0.4)
    assert time.monotonic() - began < 0.9
    assert [(e.monitor, e.target_url) for e in events] == [(m.name, m.target_url) for m in monitors]
    expected = [None if i % 3 == 0 else 200 if i % 2 else 500 for i in range(30)]
    assert [event.status_code for event in events] == expected
    assert len({event.event_id for event in events}) == 30


def test_no_monitors_are_no_events() -> None:
    assert probe_all([]) == []


def test_starts_are_spread_and_each_deadline_counts_from_its_own(serve: Callable[..., int]) -> None:
    arrivals = []

    def silent(connection: Any) -> None:
        arrivals.append(time.monotonic())
        time.sleep(2)

    port = serve(silent)
    began = time.monotonic()
    events = probe_all([monitor(port)] * 10, timeout_seconds=0.3, spread_seconds=1.0)
    assert 1.1 < time.monotonic() - began < 1.6
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert len(gaps) == 9
    assert all(0.05 < gap < 0.2 for gap in gaps)
    assert all(300 <= (event.response_time_ms or 0) < 400 for event in events)


def test_names_that_hang_do_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    # libcurl's threads for names are few; one that hangs is lost for a while.
    loop = transfers.Loop()
    monkeypatch.setattr(module, "_idle_loops", [loop])
    probe(monitor(free_port()))
    probe(monitor(free_port()))
    assert len(loop._multis) == 1
    loop._multis[0].hung_until.extend([time.monotonic() + 9] * transfers._LOOKUPS_PER_MULTI)
    began = time.monotonic()
    assert look(free_port(), 0.4).error_message == "connection refused"
    assert time.monotonic() - began < 0.4
    assert len(loop._multis) == 2
    for multi in loop._multis:
        multi.hung_until.clear()
        multi.hung_until.extend([time.monotonic() - 1] * transfers._LOOKUPS_PER_MULTI)
    assert look(free_port(), 0.4).error_message == "connection refused"
    assert len(loop._multis) == 2


def test_a_name_that_hung_counts_against_its_threads() -> None:
    loop = transfers.Loop()
    multi = transfers._Multi(loop._watch)
    for code, text in [
        (pycurl.E_OPERATION_TIMEDOUT, "Resolving timed out after 400 milliseconds"),
        (pycurl.E_OPERATION_TIMEDOUT, "Connection timed out after 400 milliseconds"),
    ]:
        a_look = module._Look(monitor(1), 0.4, "", {})
        curl = a_look.handle()
        loop._start(curl, multi, a_look)
        loop._conclude(curl, code, text)
        assert a_look.event.error_message == "no answer within 0.4 s"
    assert (len(multi.hung_until), multi.lookups, loop._under_way) == (1, [], {})


def test_looks_may_run_in_several_threads(serve: Callable[..., int]) -> None:
    port = serve(says(OK))
    events: list[Event] = []
    threads = [threading.Thread(target=lambda: events.extend(look(port) for _ in range(5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.is_success for event in events] == [True] * 40


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts in /proc")
def test_nothing_leaks_over_many_looks(serve: Callable[..., int]) -> None:
    good, bad = serve(says(OK)), serve(resets)

    def used() -> tuple[int, int]:
        time.sleep(0.1)  # the servers' ends
        return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

    probe_all([monitor(port) for port in [good, bad, free_port()] * 5])
    files, threads = used()
    for _ in range(10):
        probe_all([monitor(target) for target in (good, bad, free_port(), "ftp://nobody.invalid/")] * 5)
    files_after, threads_after = used()
    assert files_after <= files + 3
    assert threads_after <= threads


def test_nothing_is_made_at_import() -> None:
    # The process forks after it; what is made before would be shared with the children.
    code = (
        "import threading, functions.check_monitors.probes.http as p; "
        "assert p._idle_loops == [] == threading.enumerate()[1:]"
    )
    assert os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-c", code) == 0
