"""Addresses that a check must not reach, through real sockets. The rules as tables: ``test_address_filter.py``."""

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pycurl
import pytest

from functions.check_monitors.probes.http import HttpCheck, probe_all
from functions.check_monitors.probes.loop.curl_loop import Loop
from shared.models import Event
from tests.support.checks import check, check_in_a_cloud, check_settings, monitor
from tests.support.running import free_port
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, Handler, RawServers, redirects, says


def check_with(target: str, *addresses: str) -> Event:
    """A check whose names have these ``addresses``, each ``name:port:address,address``, as libcurl takes them."""

    class Check(HttpCheck):
        def handle(self) -> Any:
            curl = super().handle()
            curl.setopt(pycurl.RESOLVE, addresses)
            return curl

    check = Check(monitor(target), check_settings(), ca_file="", environ={})
    Loop().run([check], 0.0, lambda _: None)
    return check.event


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
def test_a_private_address_is_checked_if_that_is_allowed(serve: RawServers, host: str) -> None:
    connections = []

    def handler(connection: Any) -> None:
        connections.append(1)
        says(OK)(connection)

    url = f"http://{host}:{serve(handler)}/"
    event = check_in_a_cloud(url)
    assert re.fullmatch(
        r"refused: (127\.0\.0\.1|0\.0\.0\.0|::1) is a private address \(ALLOW_PRIVATE_TARGETS is off\)",
        event.error_message or "",
    )
    assert (event.is_success, event.status_code, event.connect_ms) == (False, None, None)
    assert event.target_url == url
    assert connections == []
    assert check(url).is_success
    assert connections == [1]


def test_a_refusal_does_not_disturb_the_other_checks(serve: RawServers, forbid: Callable[[str], None]) -> None:
    forbid("127.0.0.2")
    port = serve(says(OK))
    monitors = [monitor(f"http://{host}:{port}/") for host in ("127.0.0.2", "127.0.0.1", "localhost")]
    events = probe_all(monitors * 5, check_settings())
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
def test_no_spelling_of_a_metadata_server_is_checked(
    proxied: Callable[[Handler], list[str]], url: str, reason: str
) -> None:
    asked = proxied(says(OK))
    event = check(url)
    assert (event.error_message, event.status_code, event.is_success) == (f"refused: {reason}", None, False)
    assert check("http://shop.example/").is_success
    assert asked == ["http://shop.example/"]


@pytest.mark.parametrize(
    ("to", "reason"),
    [*METADATA_URLS, ("//169.254.169.254/", METADATA_URLS[0][1]), ("http:/169.254.169.254", METADATA_URLS[0][1])],
)
def test_a_redirect_to_a_metadata_server_is_not_followed(
    proxied: Callable[[Handler], list[str]], to: str, reason: str
) -> None:
    asked = proxied(redirects(to))
    event = check("http://shop.example/")
    assert (event.error_message, event.status_code, event.is_success) == (f"refused: {reason}", None, False)
    assert asked == ["http://shop.example/"]


def test_only_a_redirects_location_is_judged(serve: RawServers) -> None:
    assert check(serve(redirects("http://169.254.169.254/", status=201))).is_success


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="127.0.0.2 needs no set-up there")
@pytest.mark.parametrize("is_forbidden", [False, True])
@pytest.mark.parametrize("is_redirected", [False, True])
def test_a_names_address_is_judged_when_connecting(
    serve: RawServers, forbid: Callable[[str], None], is_forbidden: bool, is_redirected: bool
) -> None:
    # If it is redirected, the same name has another address when it is resolved again: DNS rebinding.
    connections = []

    def handler(connection: Any) -> None:
        connections.append(1)
        says(OK)(connection)

    if is_forbidden:
        forbid("127.0.0.2")
    inner = serve(handler, host="127.0.0.2")
    outer = serve(redirects(f"http://shop.example:{inner}/"))
    addresses = f"shop.example:{outer}:127.0.0.1", f"shop.example:{inner}:127.0.0.2"
    event = check_with(f"http://shop.example:{outer if is_redirected else inner}/", *addresses)
    assert event.error_message == ("refused: 127.0.0.2 is a cloud metadata address" if is_forbidden else None)
    assert event.status_code == (None if is_forbidden else 200)
    assert connections == [1] * (not is_forbidden)


@pytest.mark.parametrize("addresses", ["127.0.0.2,127.0.0.1", "127.0.0.1,127.0.0.2"])
def test_a_refused_address_is_passed_over_for_the_next_one(
    serve: RawServers, forbid: Callable[[str], None], addresses: str
) -> None:
    forbid("127.0.0.2")
    port, closed = serve(says(OK)), free_port()
    assert check_with(f"http://shop.example:{port}/", f"shop.example:{port}:{addresses}").is_success
    # The cause is the fault of the address that was tried.
    event = check_with(f"http://shop.example:{closed}/", f"shop.example:{closed}:{addresses}")
    assert event.error_message == "connection refused"
    refused = check_with(f"http://shop.example:{port}/", f"shop.example:{port}:127.0.0.2,127.0.0.2")
    assert refused.error_message == "refused: 127.0.0.2 is a cloud metadata address"


def test_a_failed_address_before_a_redirect_hides_no_refusal(serve: RawServers, forbid: Callable[[str], None]) -> None:
    forbid("127.0.0.2")
    first = serve(redirects("http://inner.example/"))
    addresses = f"shop.example:{first}:127.0.0.3,127.0.0.1", "inner.example:80:127.0.0.2"
    event = check_with(f"http://shop.example:{first}/", *addresses)
    assert event.error_message == "refused: 127.0.0.2 is a cloud metadata address"


def test_the_second_handshake_for_a_date_is_judged_too(
    serve: RawServers, trusted: Authority, forbid: Callable[[str], None]
) -> None:
    context = trusted.context(TODAY - 3 * A_DAY, TODAY - 2 * A_DAY)
    count = []

    def rebinds(connection: Any) -> None:
        count.append(1)
        forbid("127.0.0.0/8")
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True)

    event = check(f"https://localhost:{serve(rebinds)}/")
    assert (event.error_message, count) == ("certificate expired", [1])


def test_the_proxys_address_is_judged_and_not_the_targets(
    proxied: Callable[[Handler], list[str]],
) -> None:
    asked = proxied(says(OK))
    event = check_in_a_cloud("http://shop.example/")
    message = "proxy refused: 127.0.0.1 is a private address (ALLOW_PRIVATE_TARGETS is off)"
    assert (event.error_message, event.status_code, asked) == (message, None, [])
    assert check("http://shop.example/").is_success
