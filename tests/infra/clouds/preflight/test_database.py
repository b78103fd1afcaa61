"""The look at the database before a deployment, with a real server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.clouds.aws.database.authorities import FILE
from infra.clouds.aws.target import CODE
from infra.clouds.preflight import database
from infra.clouds.preflight.database import examine_database, examine_server
from infra.doctor.findings import Finding, Verdict
from shared import ROOT
from tests.support.postgres import Server
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import RawServers


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def only(findings: Iterator[Finding]) -> Finding:
    [finding] = findings
    return finding


@pytest.mark.parametrize(
    ("host", "verdict", "found"),
    [
        ("[2001:db8::1]", Verdict.FAILURE, "2001:db8::1 has an IPv6 address only, and functions there have no IPv6"),
        ("127.0.0.1:5432", Verdict.FAILURE, "127.0.0.1 has private addresses only"),
        ("10.1.2.3", Verdict.FAILURE, "10.1.2.3 has private addresses only"),
        ("nosuch.invalid", Verdict.WARNING, "nosuch.invalid is not known to the DNS here"),
    ],
)
def test_a_host_that_functions_cannot_reach_is_named(host: str, verdict: Verdict, found: str) -> None:
    finding = only(examine_database(f"postgresql://me:secret-of-mine@{host}/b", CODE))
    assert (finding.verdict, finding.found, finding.fix) == (verdict, found, "DATABASE_URL=…")


@pytest.mark.parametrize("url", ["", "postgresql:///b?host=/cloudsql/p:r:i"])
def test_a_database_of_the_clouds_own_is_not_asked(url: str) -> None:
    assert not list(examine_database(url, CODE))


def test_a_server_without_tls_is_refused(server: Server) -> None:
    finding = only(examine_server(server.url, "127.0.0.1"))
    assert (finding.verdict, finding.found) == (
        Verdict.FAILURE,
        "the server refuses us: does not support SSL",
    )
    assert server.password not in str(finding)


def test_a_server_that_is_not_there_is_a_warning(server: Server) -> None:
    finding = only(examine_server("postgresql://me:pass@127.0.0.1:1/b", "127.0.0.1"))
    assert (finding.verdict, finding.found) == (Verdict.WARNING, "it cannot be reached from here")
    assert server


@pytest.fixture
def with_tls(server: Server, tmp_path: Path) -> Iterator[str]:
    """The URL of the same server behind TLS: the one from the wheel has none."""
    tls = Authority(tmp_path).context(TODAY - A_DAY, TODAY + A_DAY)

    def answer(connection: socket.socket) -> None:
        connection.recv(8)  # the request for TLS
        connection.sendall(b"S")
        with (
            tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) as near,
            socket.create_connection(("127.0.0.1", server.port)) as far,
        ):
            threading.Thread(target=carry, args=(far, near), daemon=True).start()
            carry(near, far)

    servers = RawServers()
    yield server.url.replace(f":{server.port}/", f":{servers(answer)}/")
    servers.close()


def carry(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def test_a_server_with_tls_is_fine_if_the_url_insists_on_it(with_tls: str) -> None:
    finding = only(examine_server(f"{with_tls}?sslmode=require", "127.0.0.1"))
    assert (finding.verdict, finding.found) == (Verdict.OK, "PostgreSQL 18 lets us in with TLS, over IPv4")
    insists, warning = examine_server(with_tls, "127.0.0.1")
    assert (insists.verdict, warning.verdict, warning.expected) == (Verdict.OK, Verdict.WARNING, "sslmode=require")


def test_an_old_server_is_warned_about(with_tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST_SERVER", 190_000)
    finding = only(examine_server(f"{with_tls}?sslmode=require", "127.0.0.1"))
    assert (finding.verdict, finding.found, finding.expected) == (
        Verdict.WARNING,
        "it is PostgreSQL 18",
        "19 or newer",
    )


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("postgres:", "nobody-of-them:", "the server refuses us: password authentication failed"),
        ("/postgres", "/no_such_database", "the server refuses us: does not exist"),
    ],
)
def test_whom_the_server_does_not_let_in_is_told(server: Server, with_tls: str, old: str, new: str, found: str) -> None:
    url = new.join(with_tls.rsplit(old, 1)) if old.startswith("/") else with_tls.replace(f"//{old}", f"//{new}")
    finding = only(examine_server(url, "127.0.0.1"))
    assert (finding.verdict, finding.found) == (Verdict.FAILURE, found)
    assert server.password not in str(finding)


def test_of_several_hosts_one_that_is_fine_is_enough(
    server: Server, with_tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = urlsplit(with_tls)
    several = with_tls.replace(f"@{fine.hostname}:{fine.port}/", f"@127.0.0.1:{server.port},127.0.0.1:{fine.port}/")
    finding = only(examine_database(several, CODE))
    assert finding.found == "127.0.0.1 has private addresses only"
    monkeypatch.setattr(database, "is_public", lambda _: True)
    finding = only(examine_database(f"{several}?sslmode=require", CODE))
    assert (finding.verdict, finding.found) == (Verdict.OK, "PostgreSQL 18 lets us in with TLS, over IPv4")


def test_each_host_that_is_wrong_is_named() -> None:
    first, second = examine_database("postgresql://me:secret-of-mine@10.1.2.3,[2001:db8::1]:5433/b", CODE)
    assert (first.found, second.verdict) == ("10.1.2.3 has private addresses only", Verdict.FAILURE)
    assert second.found.startswith("2001:db8::1 has an IPv6 address only")
    perhaps = only(examine_database("postgresql://me:secret-of-mine@10.1.2.3,nosuch.invalid/b", CODE))
    assert (perhaps.verdict, perhaps.found) == (Verdict.WARNING, "nosuch.invalid is not known to the DNS here")
    malformed = only(examine_database("postgresql://me:secret-of-mine@a.example/b?sslmod=require", CODE))
    assert (malformed.verdict, malformed.found) == (Verdict.FAILURE, "DATABASE_URL is malformed")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("sslmode=verify-full&sslrootcert=/home/me/ca.pem", "functions have no file /home/me/ca.pem"),
        ("sslmode=require&sslrootcert=/home/me/ca.pem", "functions have no file /home/me/ca.pem"),
        ("sslmode=verify-ca", "sslmode=verify-ca has no sslrootcert"),
    ],
)
def test_authorities_of_this_machine_alone_are_a_failure(options: str, found: str) -> None:
    finding = only(examine_database(f"postgresql://me:secret-of-mine@db.invalid/b?{options}", CODE))
    assert (finding.verdict, finding.found) == (Verdict.FAILURE, found)
    assert finding.expected == "a file of authorities that is deployed, as /var/task/…, or system"


def test_authorities_that_are_deployed_are_read_here(with_tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "is_public", lambda _: True)
    # The server's certificate is not from an authority of RDS.
    deployed = f"sslmode=verify-ca&sslrootcert={CODE / FILE.relative_to(ROOT)}"
    assert only(examine_database(f"{with_tls}?{deployed}", CODE)).verdict is Verdict.WARNING
    # It is among the libraries, which are not here.
    library = f"sslmode=verify-ca&sslrootcert={CODE}/certifi/cacert.pem"
    assert Verdict.OK in {finding.verdict for finding in examine_database(f"{with_tls}?{library}", CODE)}
    assert only(examine_database("postgresql://nosuch.invalid/b?sslrootcert=system", CODE)).verdict is Verdict.WARNING
