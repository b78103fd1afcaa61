"""HTTP checks over TLS: each fault of a certificate has its own cause."""

import ssl
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.check_monitors.probes.network.certificates import expiry_in
from shared.words import cause_text
from tests.support.checks import check
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, RawServers, redirects, says


def test_a_trusted_certificate_is_a_success_with_a_tls_phase(serve: RawServers, trusted: Authority) -> None:
    resumed = []

    def handler(connection: Any) -> None:
        resumed.append(connection.session_reused)
        says(OK)(connection)

    port = serve(handler, trusted.context(TODAY - A_DAY, TODAY + A_DAY))
    for _ in range(2):  # a resumed session would not show that the certificate expired meanwhile
        event = check(f"https://localhost:{port}/")
        assert (event.error_message, event.is_success) == (None, True)
        assert event.tls_ms is not None
        assert event.tls_ms > 0.3
    assert resumed == [False, False]


@pytest.mark.slow
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
        (  # libcurl names the host if there are two faults
            {"starts": TODAY - 3 * A_DAY, "ends": TODAY - 2 * A_DAY, "host": "shop.example"},
            "certificate is for another host than localhost",
        ),
        ({"host": "shop.example"}, "certificate is for another host than localhost"),
        ({"self_signed": True}, "certificate is self-signed"),
    ],
)
@pytest.mark.parametrize("is_redirected", [False, True])
def test_a_bad_certificate_is_named_and_nothing_is_asked(
    serve: RawServers, trusted: Authority, terms: dict[str, Any], message: str, is_redirected: bool
) -> None:
    asked = []

    def handler(connection: Any) -> None:
        if request := connection.recv(65536):
            asked.append(request)

    port = serve(handler, trusted.context(**{"starts": TODAY - A_DAY, "ends": TODAY + A_DAY} | terms))
    url = f"https://localhost:{port}/"
    event = check(serve(redirects(url)) if is_redirected else url)
    assert (event.error_message, event.status_code, event.is_success) == (message, None, False)
    assert cause_text("en", event.cause) == message
    assert (event.tls_ms, event.first_byte_ms) == (None, None)
    time.sleep(0.05)
    assert asked == []


@pytest.mark.slow
def test_an_expired_certificate_without_a_date_says_expired(serve: RawServers, trusted: Authority) -> None:
    context = trusted.context(TODAY - 3 * A_DAY, TODAY - 2 * A_DAY)
    count = []

    def only_once(connection: Any) -> None:
        count.append(1)
        if len(count) == 1:
            time.sleep(1.0)
            context.wrap_socket(connection, server_side=True)
        time.sleep(5)

    began = time.monotonic()
    event = check(f"https://localhost:{serve(only_once)}/", 1.5)
    assert event.error_message == "certificate expired"
    assert len(count) == 2
    assert time.monotonic() - began < 2.4  # one deadline for both


def test_an_unknown_issuer_is_not_trusted(serve: RawServers, authority: Authority) -> None:
    port = serve(says(OK), authority.context(TODAY - A_DAY, TODAY + A_DAY))
    assert check(f"https://localhost:{port}/").error_message == "certificate issuer is not trusted"


def test_another_fault_of_tls_is_a_handshake_that_failed(serve: RawServers) -> None:
    message = check(f"https://localhost:{serve(says(OK))}/").error_message
    assert message is not None
    assert message.startswith("TLS handshake failed: ")
    assert "error:" not in message


def test_a_close_without_a_response_says_so_over_tls_too(serve: RawServers, trusted: Authority) -> None:
    port = serve(says(), trusted.context(TODAY - A_DAY, TODAY + A_DAY))
    assert check(f"https://localhost:{port}/").error_message == "connection closed without an answer"


@pytest.mark.slow
@pytest.mark.parametrize(("status", "message"), [(b"\x88", None), (b"\x8e", "HTTP 500 Internal Server Error")])
def test_a_response_over_http_2_is_judged_too(
    serve: RawServers, trusted: Authority, status: bytes, message: str | None
) -> None:
    def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
        return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content

    def handler(connection: Any) -> None:
        assert connection.selected_alpn_protocol() == "h2"
        connection.recv(65536)
        # SETTINGS and their acknowledgement, HEADERS with one of HPACK's fixed statuses, DATA that ends the stream
        response = frame(4, 0, 0, b"") + frame(4, 1, 0, b"") + frame(1, 4, 1, status) + frame(0, 1, 1, b"ok")
        connection.sendall(response)
        while connection.recv(65536):
            pass

    context = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    context.set_alpn_protocols(["h2"])
    event = check(f"https://localhost:{serve(handler, context)}/")
    assert (event.error_message, event.status_code) == (message, 500 if message else 200)


@pytest.mark.parametrize("year", [1999, 2030, 2049, 2050, 9999])  # in two digits until 2049, in four from then on
def test_an_expiry_is_read_from_the_certificates_bytes(authority: Authority, year: int) -> None:
    ends = datetime(year, 12, 31, 23, 59, 58, tzinfo=UTC)
    authority.context(datetime(1990, 1, 1, tzinfo=UTC), ends)
    der = ssl.PEM_cert_to_DER_cert((authority._path / "server.pem").read_text().partition("-----BEGIN PRIVATE")[0])
    assert expiry_in(der) == ends
    whole = [place for place in range(len(der)) if expiry_in(der[:place])]
    assert whole == list(range(whole[0], len(der))), "all of it that was cut before the date has none"
    for place in range(len(der)):  # a byte that is wrong does no harm
        expiry_in(der[:place] + b"\xff" + der[place + 1 :])


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x84", b"hello there", b"\x30\x80" * 50, b"\0" * 500])
def test_what_is_no_certificate_has_no_expiry(garbage: bytes) -> None:
    assert expiry_in(garbage) is None
