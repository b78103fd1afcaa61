"""PostgreSQL with a login over TLS: what of the policy's certificates libpq is told."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from functions.check_monitors.probes.network import certificates
from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import RawServers

_AUTHENTICATED = b"R\0\0\0\x08\0\0\0\0"
_READY = b"Z\0\0\0\x05I"
_DONE = b"C\0\0\0\x0dSELECT 1\0"


@pytest.fixture
def shown() -> list[Any]:
    """The client's certificate of each connection, None if it had none."""
    return []


def login(serve: RawServers, context: Any, shown: list[Any]) -> str:
    """The URL of a server that speaks PostgreSQL over TLS and lets everybody in."""

    def handler(connection: Any) -> None:
        connection.recv(8)
        connection.sendall(b"S")
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)
            shown.append(tls.getpeercert())
            tls.sendall(_AUTHENTICATED + _READY)
            tls.recv(65536)
            tls.sendall(_DONE + _READY)
            tls.recv(65536)

    return f"postgres://me:secret@localhost:{serve(handler)}/shop"


@pytest.fixture
def mutual(serve: RawServers, authority: Authority, shown: list[Any]) -> str:
    """Such a server, which asks for a client's certificate."""
    context = authority.context(TODAY - A_DAY, TODAY + A_DAY)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authority.file)
    return login(serve, context, shown)


@pytest.mark.slow
def test_a_client_certificate_is_shown(mutual: str, authority: Authority, shown: list[Any], tmp_path: Path) -> None:
    certificate, key = authority.client()
    assert check_policy(mutual).error_message is None
    for name, pem in (("certificate", certificate), ("key", key)):
        (tmp_path / name).write_text(pem)
        (tmp_path / name).chmod(0o600)
    for own in (
        {"certificate": certificate, "key": key},
        {"certificate": str(tmp_path / "certificate"), "key": str(tmp_path / "key")},
    ):
        assert check_policy(mutual, client_certificate=own).error_message is None
    assert [bool(each) for each in shown] == [False, True, True]
    # Nothing of the key is left on the disk.
    assert not [file for file in certificates._folder().iterdir() if "PRIVATE" in file.read_text()]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"client_certificate": {"certificate": "-----BEGIN x", "key": "-----BEGIN y"}},
            "not checked: the agent cannot use the monitor's client_certificate",
        ),
        ({"ca_certificate": "-----BEGIN x"}, "not checked: the agent cannot use the monitor's ca_certificate"),
        (
            {"client_certificate": {"certificate": "-----BEGIN x", "key": "MIIEvQ"}},
            "not checked: client_certificate.key is neither PEM text nor a file that the agent can read",
        ),
    ],
)
def test_files_that_cannot_be_used_say_nothing_of_the_server(mutual: str, fields: Any, message: str) -> None:
    event = check_policy(mutual, **fields)
    assert (event.error_message, event.is_inconclusive) == (message, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "fields", "is_verified"),
    [
        ("", {}, False),
        ("?sslmode=require", {}, False),
        ("?sslmode=verify-full", {}, True),
        ("?sslmode=verify-ca", {}, True),
        ("?sslmode=verify-full", {"verify_tls": False}, False),
        ("", {"ca_certificate": True}, True),
        ("", {"ca_certificate": True, "verify_tls": False}, False),
    ],
)
def test_the_servers_certificate_is_verified_as_asked(
    serve: RawServers,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    fields: dict[str, Any],
    is_verified: bool,
) -> None:
    terms = {**fields, **({"ca_certificate": authority.file} if "ca_certificate" in fields else {})}
    monkeypatch.setenv("SSL_CERT_FILE", authority.file)
    good = login(serve, authority.context(TODAY - A_DAY, TODAY + A_DAY), [])
    assert check_policy(good + mode, **terms).error_message is None
    bad = login(serve, authority.context(TODAY - A_DAY, TODAY + A_DAY, self_signed=True), [])
    event = check_policy(bad + mode, **terms)
    assert event.is_success is not is_verified
    assert event.is_success or str(event.error_message).startswith("TLS handshake failed: ")
