"""Names of any script, and a resolver that fails. Each name that curl checks in Punycode is checked if spelled out."""

from pathlib import Path
from typing import Any

import pycurl
import pytest

from functions.check_monitors.probes.loop.multi import LOOKUPS_PER_MULTI
from functions.check_monitors.probes.network.lookups import family_for, learn_family
from functions.check_monitors.probes.urls import as_ascii
from shared.settings import Settings
from tests.support.checks import check
from tests.support.servers.name_server import ADDRESS, probe_names
from tests.support.servers.raw_servers import OK, RawServers, says

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("host", ["💩", "♥", "x_ü", "größe", "Ü_X", "日本語", "i❤️you", "ü%41"])
def test_a_host_of_any_script_is_checked(serve: RawServers, host: str) -> None:
    # libcurl itself knows that everything below localhost is this machine.
    url = f"http://{host}.localhost:{serve(says(OK))}/"
    assert Settings.from_env({"TARGET_URL": url}).target_urls == (url,)
    event = check(url)
    assert (event.error_message, event.target_url) == (None, url)


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [
        ("💩.localhost", "xn--ls8h.localhost"),
        ("x_ü.example", "xn--x_-yka.example"),
        ("a_b.größe.example.", "a_b.xn--gre-6ka8i.example."),
        ("\uff48öst。example", "xn--hst-sna.example"),  # as a browser reads it
        ("faß.example", "xn--fa-hia.example"),
    ],
)
def test_a_host_has_one_spelling_in_ascii(host: str, ascii_host: str) -> None:
    assert as_ascii(f"http://{host}:1/") == f"http://{ascii_host}:1/"


@pytest.mark.parametrize(
    "host", ["ü..example", "ü%", "ü%2Fx", "ü%EF%BC%8Fx", "ü@b%00", "ü b", "ü" * 70, "\u00ad", "ü＠b", "ü：80"]
)
def test_a_host_that_cannot_be_one_is_not_a_url(host: str) -> None:
    assert check(f"http://{host}/").error_message == "not a valid URL"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/100%/ü?q=%zz%20é", b"/100%/%C3%BC?q=%zz%20%C3%A9"),
        ("/ü%", b"/%C3%BC%"),
        ("/%éé/%7E", b"/%%C3%A9%C3%A9/%7E"),
        ("/a b?100%", b"/a%20b?100%"),
    ],
)
def test_a_stray_percent_sign_stays_as_it_is(serve: RawServers, path: str, asked: bytes) -> None:
    requests = []

    def handler(connection: Any) -> None:
        requests.append(connection.recv(65536))
        connection.sendall(OK)

    assert check(f"http://127.0.0.1:{serve(handler)}{path}").is_success
    assert requests[0].split(b" ")[1] == asked


# --- the resolver -----------------------------------------------------------------------------------------------------


def found(folder: Path, names: list[str], seconds: float = 2.0) -> list[dict[str, Any]]:
    """The findings of two rounds of checks, in a network whose resolver responds as the names say."""
    rounds = probe_names(folder, names, seconds)
    if rounds is None:
        pytest.skip("this machine gives us no network namespace of our own")
    return rounds


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("servfail.example", f"DNS: the resolver {ADDRESS} could not look up servfail.example"),
        ("refused.example", f"DNS: the resolver {ADDRESS} could not look up refused.example"),
        ("silent.example", f"DNS: the resolver {ADDRESS} did not answer for silent.example within 2 s"),
        ("nxdomain.example", "host not found: nxdomain.example"),
        ("nodata.example", "host not found: nodata.example"),
        ("nobody.invalid", "host not found: nobody.invalid"),
        ("healthy.example", "null"),
    ],
)
def test_a_resolvers_fault_is_not_the_hosts(tmp_path: Path, name: str, message: str) -> None:
    assert [round_["causes"] for round_ in found(tmp_path, [name])] == [{message: 1}] * 2


def test_a_silent_resolver_is_named_if_it_gives_up_first(tmp_path: Path) -> None:
    # It has 4 s for an answer.
    [first, _] = found(tmp_path, ["silent.example"], seconds=6)
    assert first["causes"] == {f"DNS: the resolver {ADDRESS} could not look up silent.example": 1}


def test_many_names_that_nobody_has_are_not_found(tmp_path: Path) -> None:
    names = [f"nxdomain-{number}.example" for number in range(60)]
    assert [set(round_["causes"]) for round_ in found(tmp_path, names)] == [{f"host not found: {n}" for n in names}] * 2


@pytest.mark.parametrize("count", [100, 200])
def test_a_lookup_that_lingers_blames_no_healthy_target(tmp_path: Path, count: int) -> None:
    # The resolver never responds for AAAA, so each name holds a thread of libcurl for 4 s.
    [first, second] = found(tmp_path, [f"onlya-{number}.example" for number in range(count)])
    assert first["causes"] == second["causes"] == {"null": count}
    assert second["slowest_ms"] < 3000
    # Each family that is asked for in vain is remembered, so the second round needs hardly any more.
    assert second["multis"] <= min(first["multis"] + 2, count / 10)


class Lingering:
    """A transfer that connected over IPv6 while the lookup for IPv4 had not ended."""

    def getinfo(self, what: int) -> object:
        return {pycurl.CONNECT_TIME: 0.1, pycurl.PRIMARY_IP: "::1"}.get(what, 0)


def test_a_family_that_no_longer_works_is_not_kept(serve: RawServers) -> None:
    url = f"http://localhost:{serve(says(OK))}/"  # on IPv4 only
    learn_family(Lingering(), url)
    assert family_for(url) == pycurl.IPRESOLVE_V6
    assert check(url).is_success
    assert family_for(url) == pycurl.IPRESOLVE_WHATEVER


def test_names_that_hang_blame_no_other(tmp_path: Path) -> None:
    hanging = [f"silent-{number}.example" for number in range(30)]
    rounds = found(tmp_path, [*hanging, *(f"healthy-{number}.example" for number in range(30))])
    assert [round_["causes"]["null"] for round_ in rounds] == [30, 30]
    assert all(
        " did not answer for silent-" in cause for round_ in rounds for cause in round_["causes"] if cause != "null"
    )


@pytest.mark.parametrize(("how", "multis"), [("silent", [1, 2]), ("healthy", [1, 1])])
def test_a_name_that_hung_counts_against_its_threads(tmp_path: Path, how: str, multis: list[int]) -> None:
    rounds = found(tmp_path, [f"{how}-{number}.example" for number in range(LOOKUPS_PER_MULTI)])
    assert [round_["multis"] for round_ in rounds] == multis
