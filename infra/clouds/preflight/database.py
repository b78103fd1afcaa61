"""The database: whether functions in a cloud can use it, as far as that can be seen from here."""

import functools
import ipaddress
import itertools
import socket
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from infra.clouds.addresses import look_up
from infra.clouds.together import together
from infra.doctor.findings import Finding, Verdict, failure, ok, warning, worst
from infra.doctor.store import OLDEST_SERVER
from shared import ROOT

ABOUT = "database"
CONNECT_SECONDS = 6
# For the lookups too.
HOST_SECONDS = 9.0
_FIX = "DATABASE_URL=…"
_VERIFIED = ("require", "verify-ca", "verify-full")
# The server's own words for what no other place would change.
_REFUSALS = {
    "password authentication failed": "the user and the password of the database",
    "no password supplied": "the user and the password of the database",
    "does not exist": "a user and a database that exist there",
    "does not support SSL": "a server with TLS, since it is reached over the internet",
}


def examine_database(url: str, code: PurePosixPath) -> Iterator[Finding]:
    """Whether the database is reached over IPv4 and with TLS, and has the right version.

    If it has several hosts, one that is fine is enough: libpq takes it, wherever it stands in the list. ``code``: the
    folder of the functions' code there.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = conninfo_to_dict(url) if url else {}
        urls = _by_host(_as_seen_here(given, code))
    except ProgrammingError:
        yield failure(ABOUT, "DATABASE_URL is malformed", expected="postgresql://user:password@host/name", fix=_FIX)
        return
    if urls and (found := _untrusting(given, code)):
        yield found
        return
    asked = {place: functools.partial(_examine_host, one, place[0]) for place, one in urls.items()}
    came = together(asked, HOST_SECONDS)
    answers = [came.get(place, [_refused("timeout")]) for place in asked]
    fine = [each for each in answers if any(finding.verdict is Verdict.OK for finding in each)]
    # Functions may reach one that this machine does not, although another is no use to them.
    perhaps = [each for each in answers if worst(each) is not Verdict.FAILURE]
    yield from fine[0] if fine else dict.fromkeys(itertools.chain(*(perhaps or answers)))


def _untrusting(given: Mapping[str, Any], code: PurePosixPath) -> Finding | None:
    """A finding if functions there do not have the authorities that the URL wants to trust."""
    file = given.get("sslrootcert")
    if file == "system" or (file and (code / file).is_relative_to(code)):
        return None
    mode = str(given.get("sslmode") or "")
    if not file and not mode.startswith("verify-"):
        return None
    found = f"functions have no file {file}" if file else f"sslmode={mode} has no sslrootcert"
    expected = f"a file of authorities that is deployed, as {code}/…, or system"
    return failure(ABOUT, found, expected=expected, fix="DATABASE_URL=…&sslrootcert=…")


def _as_seen_here(given: Mapping[str, Any], code: PurePosixPath) -> dict[str, Any]:
    """The same with the file of authorities that is here. Without one here, TLS is all that can be seen."""
    file = code / str(given.get("sslrootcert") or "")
    if file == code or not file.is_relative_to(code):
        return dict(given)
    here = ROOT / file.relative_to(code)
    own = {"sslrootcert": str(here)} if here.is_file() else {"sslmode": "require"}
    return {name: value for name, value in given.items() if name != "sslrootcert"} | own


def _by_host(given: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """A connection string for each host and its port. Raises psycopg.ProgrammingError."""
    from psycopg.conninfo import make_conninfo

    hosts, ports = (str(given.get(name) or "").split(",") for name in ("host", "port"))
    pairs = zip(hosts, ports if len(ports) == len(hosts) else ports * len(hosts), strict=False)
    # No host, or a folder, means a socket that the cloud itself makes.
    places = [(host, port) for host, port in pairs if host and not host.startswith("/")]
    return {(host, port): make_conninfo(**{**given, "host": host, "port": port or None}) for host, port in places}


def _examine_host(url: str, host: str) -> list[Finding]:
    try:
        addresses = [str(address[4][0]) for address in look_up(host, socket.AF_INET)]
        has_ipv6 = not addresses and bool(look_up(host, socket.AF_INET6))
    except (OSError, UnicodeError):
        addresses, has_ipv6 = [], False
    if not addresses:
        return [_without_address(host, has_ipv6=has_ipv6)]
    if not any(is_public(address) for address in addresses):
        found, expected = f"{host} has private addresses only", "an address that functions reach over the internet"
        return [failure(ABOUT, found, expected=expected, fix=_FIX)]
    return list(examine_server(url, addresses[0]))


def is_public(address: str) -> bool:
    """Whether an address is one of the internet's."""
    return ipaddress.ip_address(address).is_global


def _without_address(host: str, *, has_ipv6: bool) -> Finding:
    if has_ipv6:
        found = f"{host} has an IPv6 address only, and functions there have no IPv6"
        return failure(ABOUT, found, expected="a host with an IPv4 address, perhaps a pooler's", fix=_FIX)
    return warning(ABOUT, f"{host} is not known to the DNS here", expected="a host with an IPv4 address", fix=_FIX)


def examine_server(url: str, address: str) -> Iterator[Finding]:
    """Whether a server at an IPv4 address lets us in with TLS, and its version."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        mode = str(conninfo_to_dict(url).get("sslmode") or "")
        secure = mode if mode in _VERIFIED else "require"
        given = make_conninfo(url, hostaddr=address, sslmode=secure, connect_timeout=CONNECT_SECONDS)
        with psycopg.connect(given, application_name="bonghwa") as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        yield _refused(str(error))
        return
    yield from _of_version(version)
    if mode not in _VERIFIED:
        found = "DATABASE_URL does not insist on TLS, though the server has it"
        yield warning(ABOUT, found, expected="sslmode=require", fix="DATABASE_URL=…?sslmode=require")


def _of_version(version: int) -> Iterator[Finding]:
    name = f"PostgreSQL {version // 10_000}"
    if version < OLDEST_SERVER:
        fix = "another server, and DATABASE_URL to it"
        yield warning(ABOUT, f"it is {name}", expected=f"{OLDEST_SERVER // 10_000} or newer", fix=fix)
    else:
        yield ok(ABOUT, f"{name} lets us in with TLS, over IPv4")


def _refused(text: str) -> Finding:
    # The driver's own text names the server and the user.
    for words, expected in _REFUSALS.items():
        if words in text:
            return failure(ABOUT, f"the server refuses us: {words}", expected=expected, fix=_FIX)
    found, expected = "it cannot be reached from here", "a server that functions of the cloud reach over the internet"
    return warning(ABOUT, found, expected=expected, fix="its address, its port and its firewall")
