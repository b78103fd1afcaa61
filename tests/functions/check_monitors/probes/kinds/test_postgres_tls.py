"""PostgreSQL's STARTTLS: what its certificate is, and how it refuses."""

from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import Handler, RawServers, says, stays_silent


def offers(context: Any) -> Handler:
    """A handler that agrees to TLS, as PostgreSQL does."""

    def handler(connection: Any) -> None:
        assert connection.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
        connection.sendall(b"S")
        context.wrap_socket(connection, server_side=True)

    return handler


def check(serve: RawServers, handler: Handler, **fields: Any) -> Any:
    return check_policy(f"starttls://localhost:{serve(handler)}", protocol="postgres", **fields)


def test_a_valid_certificate_is_a_success(serve: RawServers, trusted: Authority) -> None:
    event = check(serve, offers(trusted.context(TODAY - A_DAY, TODAY + A_DAY)))
    assert (event.error_message, event.certificate_expires_at) == (None, TODAY + A_DAY)
    assert (event.tls_ms or 0) > 0


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"starts": TODAY - 3 * A_DAY, "ends": TODAY - 2 * A_DAY}, "certificate expired"),
        ({"host": "shop.example"}, "certificate is for another host than localhost"),
        ({"self_signed": True}, "certificate is self-signed"),
    ],
)
def test_a_bad_certificate_is_named(serve: RawServers, trusted: Authority, terms: Any, message: str) -> None:
    context = trusted.context(**{"starts": TODAY - A_DAY, "ends": TODAY + A_DAY} | terms)
    assert check(serve, offers(context)).error_message == message
    event = check(serve, offers(context), verify_tls=False)
    assert (event.error_message, event.certificate_expires_at) == (None, terms.get("ends", TODAY + A_DAY))


def test_trust_in_an_issuer_in_between_is_enough(serve: RawServers, authority: Authority) -> None:
    context = authority.chain_context(is_complete=True)
    _, own, between, *_ = (authority._path / "chain.pem").read_text().split("-----BEGIN CERTIFICATE")
    assert own
    between = "-----BEGIN CERTIFICATE" + between.partition("-----BEGIN")[0]
    assert check(serve, offers(context), ca_certificate=between).error_message is None


def test_the_last_dot_of_a_name_is_not_in_its_certificate(serve: RawServers, trusted: Authority) -> None:
    port = serve(offers(trusted.context(TODAY - A_DAY, TODAY + A_DAY)))
    event = check_policy(f"starttls://localhost.:{port}", protocol="postgres", ip_version=4)
    assert event.error_message is None


def test_trusted_certificates_that_cannot_be_used_say_nothing_of_it(serve: RawServers) -> None:
    event = check(serve, says(b"S"), ca_certificate="-----BEGIN x")
    assert event.error_message == "not checked: the agent cannot use the monitor's ca_certificate"
    assert event.is_inconclusive


@pytest.mark.slow
@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (says(b"N"), "the server does not offer STARTTLS"),
        (says(b"HTTP"), "the server does not speak PostgreSQL: H"),
        (says(), "connection closed without an answer"),
        (says(then=30), "no answer within 0.3 s"),
        (says(b"S", then=30), "the TLS handshake did not end within 0.3 s"),
        (says(b"S"), "TLS handshake failed: connection closed"),
        (says(b"S", b"hello there"), "TLS handshake failed: wrong version number"),
    ],
)
def test_a_failure_names_its_phase(serve: RawServers, handler: Handler, message: str) -> None:
    assert check(serve, handler, timeout="300ms").error_message == message


@pytest.mark.slow
def test_a_hanging_server_is_no_greeting(serve: RawServers) -> None:
    assert check(serve, stays_silent(30), timeout="300ms").error_message == "no answer within 0.3 s"
