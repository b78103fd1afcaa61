"""A monitor's own resolver, for every kind that connects."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from functions.check_monitors.probes.checks import check_all
from functions.check_monitors.probes.network import resolution
from shared.settings import Settings
from tests.functions.check_monitors.probes.kinds.test_icmp import needs_ping
from tests.support.policies import check_policy, policy
from tests.support.postgres import Server
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.dns_server import DnsServer
from tests.support.servers.line_servers import speaks
from tests.support.servers.raw_servers import OK, RawServers, says

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer() as listening:
        yield listening


def test_an_own_resolver_finds_the_address(serve: RawServers, server: DnsServer) -> None:
    url = f"http://shop.example:{serve(says(OK))}/"
    event = check_policy(url, resolver=f"127.0.0.1:{server.port}")
    assert (event.error_message, event.ip) == (None, "127.0.0.1")
    assert server.asked == ["udp shop.example. A", "udp shop.example. AAAA"]
    assert 0 < (event.dns_ms or 0) < (event.response_time_ms or 0)


@pytest.mark.parametrize("resolver", ["dns://127.0.0.1:{}", "127.0.0.1:{}"])
@pytest.mark.parametrize(
    ("url", "handler"), [("tcp://shop.example:{}", says(b"")), ("smtp://shop.example:{}", speaks("smtp"))]
)
def test_other_kinds_ask_it_too(serve: RawServers, server: DnsServer, url: str, handler: Any, resolver: str) -> None:
    event = check_policy(url.format(serve(handler)), resolver=resolver.format(server.port))
    assert (event.error_message, event.ip) == (None, "127.0.0.1")


@needs_ping
@pytest.mark.parametrize(
    ("ip_version", "asked", "ip"),
    [(None, ["A", "AAAA"], "127.0.0.1"), (4, ["A"], "127.0.0.1"), (6, ["AAAA"], "::1")],
)
def test_a_ping_asks_it_too(server: DnsServer, ip_version: int | None, asked: list[str], ip: str) -> None:
    event = check_policy("icmp://shop.example", resolver=f"127.0.0.1:{server.port}", ip_version=ip_version)
    assert event.ip == ip or "Address family" in str(event.error_message)
    assert server.asked == [f"udp shop.example. {kind}" for kind in asked]


@pytest.mark.parametrize("url", ["icmp://{}", "postgres://me:secret@{}/shop"])
def test_kinds_without_libcurl_take_what_it_says(server: DnsServer, url: str, forbid: Callable[[str], None]) -> None:
    resolver = f"127.0.0.1:{server.port}"
    assert check_policy(url.format("nobody.example"), resolver=resolver).error_message == (
        "host not found: nobody.example"
    )
    assert server.asked == ["udp nobody.example. A", "udp nobody.example. AAAA"]
    event = check_policy(url.format("shop.example"), resolver="ns.example")
    assert event.error_message == "not checked: the resolver ns.example is not an address"
    refused = check_policy(url.format("shop.example"), resolver=resolver, is_in_a_cloud=True)
    assert "127.0.0.1 is a private address" in str(refused.error_message)
    forbid("192.0.2.0/24")
    event = check_policy(url.format("two.example"), resolver=resolver)
    assert "is a cloud metadata address" in str(event.error_message)


@pytest.mark.parametrize("scheme", ["http", "tcp"])
def test_its_addresses_are_for_its_own_monitor_alone(serve: RawServers, server: DnsServer, scheme: str) -> None:
    url, resolver = f"{scheme}://shop.localhost:{serve(says(OK))}", f"127.0.0.1:{server.port}"
    policies = [policy(url, name="inside", resolver=resolver), policy(url, name="outside")]
    for _ in range(2):  # together, and by those who come later
        inside, outside = check_all([(0.0, each) for each in policies], Settings.from_env({}))
        assert (inside.error_message, inside.ip) == ("connection refused", None)
        assert (outside.error_message, outside.ip) == (None, "127.0.0.1")


def test_it_makes_its_own_connection_even_if_one_is_kept(serve: RawServers, server: DnsServer) -> None:
    def handler(connection: Any) -> None:
        while connection.recv(65536):
            connection.sendall(OK)

    url, resolver = f"http://shop.localhost:{serve(handler)}/", f"127.0.0.1:{server.port}"
    assert [check_policy(url, connection="reuse").error_message for _ in range(2)] == [None, None]
    assert check_policy(url, connection="reuse", resolver=resolver).error_message == "connection refused"


def asks_for(query: bytes, kind: str) -> bool:
    return dns.message.from_wire(query).question[0].rdtype == dns.rdatatype.from_text(kind)


@pytest.mark.parametrize("url", ["http://shop.example:{}/", "tcp://shop.example:{}"])
def test_a_host_is_up_if_only_its_address_of_ipv6_is(server: DnsServer, url: str) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = listener.getsockname()[1]
    serving = threading.Thread(target=lambda: says(OK)(listener.accept()[0]), daemon=True)
    serving.start()
    event = check_policy(url.format(port), resolver=f"127.0.0.1:{server.port}")
    # A connection is there before it is accepted.
    serving.join(10)
    listener.close()
    assert (event.error_message, event.ip) == (None, "::1")


def test_addresses_to_which_there_is_no_way_come_last(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "_has_no_way", lambda address: ":" not in address)
    found = resolution.Resolution(f"127.0.0.1:{server.port}", "shop.example", None, is_private_allowed=True)
    while question := found.question(time.monotonic() + 5, 5.0):
        while not question.proceed():
            pass
        question.close()
        found.take(question)
    assert (found.addresses, found.why) == (["::1", "127.0.0.1"], None)


@pytest.mark.parametrize("is_silent", [True, False])
@pytest.mark.parametrize("url", ["http://shop.example:{}/", "tcp://shop.example:{}"])
def test_trouble_with_the_second_question_does_no_harm(serve: RawServers, url: str, is_silent: bool) -> None:
    def change(response: Any, query: bytes) -> bytes | None:
        if asks_for(query, "AAAA"):
            if is_silent:
                return None
            response.set_rcode(dns.rcode.SERVFAIL)
            response.answer.clear()
        return bytes(response.to_wire())

    with DnsServer(change) as troubled:
        event = check_policy(url.format(serve(says(OK))), resolver=f"127.0.0.1:{troubled.port}", timeout="2s")
    assert (event.error_message, event.ip) == (None, "127.0.0.1")
    assert (event.response_time_ms or 0) < 1000


@pytest.mark.system
def test_a_postgresql_is_found_by_it(server: DnsServer, postgres: Server) -> None:
    url = postgres.url.replace("127.0.0.1", "shop.example")
    event = check_policy(url, query="SELECT 1", resolver=f"127.0.0.1:{server.port}")
    assert (event.error_message, event.ip) == (None, "127.0.0.1")
    assert (event.dns_ms or 0) > 0


def test_a_certificate_is_for_the_name(serve: RawServers, server: DnsServer, trusted: Authority) -> None:
    port = serve(says(OK), trusted.context(TODAY - A_DAY, TODAY + A_DAY, "shop.example"))
    resolver = f"127.0.0.1:{server.port}"
    assert check_policy(f"https://shop.example:{port}/", resolver=resolver).error_message is None
    assert check_policy(f"tls://shop.example:{port}", resolver=resolver).error_message is None


def test_the_ip_version_chooses_the_question(serve: RawServers, server: DnsServer) -> None:
    url, resolver = f"http://shop.example:{serve(says(OK))}/", f"127.0.0.1:{server.port}"
    assert check_policy(url, resolver=resolver, ip_version=6).ip in ("::1", None)
    assert server.asked == ["udp shop.example. AAAA"]


@pytest.mark.parametrize(
    ("url", "resolver", "message"),
    [
        ("http://nobody.example/", "127.0.0.1:{}", "host not found: nobody.example"),
        ("http://shop.example/", "ns.example", "not checked: the resolver ns.example is not an address"),
        ("http://shop.example/", "127.0.0.1:x", "not checked: the resolver 127.0.0.1:x is not an address"),
    ],
)
def test_no_address_is_a_failure(server: DnsServer, url: str, resolver: str, message: str) -> None:
    event = check_policy(url, resolver=resolver.format(server.port))
    assert (event.error_message, event.is_inconclusive) == (message, message.startswith("not checked"))


def test_a_resolver_that_is_silent_is_named() -> None:
    with DnsServer(lambda *_: None) as silent:
        event = check_policy("http://shop.example/", resolver=f"127.0.0.1:{silent.port}", timeout="300ms")
    assert event.error_message == "DNS: the resolver 127.0.0.1 did not answer for shop.example within 0.3 s"


def test_an_address_needs_no_resolver(serve: RawServers, server: DnsServer) -> None:
    assert check_policy(f"http://127.0.0.1:{serve(says(OK))}/", resolver=f"127.0.0.1:{server.port}").is_success
    assert server.asked == []


def test_both_addresses_are_filtered(serve: RawServers, server: DnsServer, forbid: Callable[[str], None]) -> None:
    asked: list[bytes] = []
    url = f"http://shop.example:{serve(lambda c: asked.append(c.recv(100)))}/"
    resolver = f"127.0.0.1:{server.port}"
    event = check_policy(url, resolver=resolver, is_in_a_cloud=True)
    assert "127.0.0.1 is a private address" in str(event.error_message)
    assert server.asked == []  # the resolver is refused before it is asked
    forbid("127.0.0.1/32")
    assert "is a cloud metadata address" in str(check_policy(url, resolver=resolver).error_message)
    assert asked == []


def test_what_an_own_resolver_says_is_filtered(server: DnsServer, forbid: Callable[[str], None]) -> None:
    forbid("192.0.2.0/24")
    event = check_policy("http://two.example/", resolver=f"127.0.0.1:{server.port}")
    assert "is a cloud metadata address" in str(event.error_message)
