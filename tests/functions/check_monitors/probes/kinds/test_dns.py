"""DNS checks against a name server on loopback."""

from collections.abc import Callable, Iterator
from typing import Any

import dns.message
import dns.rcode
import pytest

from tests.support.policies import check_policy
from tests.support.running import free_port
from tests.support.servers.dns_server import RECORDS, DnsServer


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer() as listening:
        yield listening


def ask(server: DnsServer, name: str, kind: str = "A", **fields: Any) -> Any:
    query = {"query_name": name, "query_type": kind}
    return check_policy(f"dns://127.0.0.1:{server.port}", dns=query, **fields)


@pytest.mark.parametrize(("name", "kind"), [key for key in RECORDS if key[0] != "large.example."])
def test_each_type_of_record_is_an_answer(server: DnsServer, name: str, kind: str) -> None:
    event = ask(server, name.rstrip("."), kind, conditions=["[DNS_RCODE] == NOERROR", "len([BODY]) > 0"])
    assert event.error_message is None
    assert (event.ip, event.status_code) == ("127.0.0.1", None)
    assert (event.response_time_ms or 0) > 0


@pytest.mark.parametrize(
    ("name", "kind", "body"),
    [
        ("two.example", "A", "192.0.2.1\n192.0.2.2"),
        ("shop.example", "MX", "mail.shop.example."),
        ("shop.example", "TXT", "v=spf1 -all"),
        ("192.0.2.1", "PTR", "shop.example."),
        ("가게.example", "A", "127.0.0.1"),
        ("www.shop.example", "CNAME", "shop.example."),
    ],
)
def test_the_answers_are_the_body(server: DnsServer, name: str, kind: str, body: str) -> None:
    event = ask(server, name, kind, conditions=["[BODY] == ~"])  # a failure shows the body
    assert event.message == " ".join(body.split())


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("nobody.example", "A", "DNS: NXDOMAIN for nobody.example"),
        ("shop.example", "PTR", "DNS: shop.example has no record of type PTR"),
        ("www.shop.example", "A", "DNS: www.shop.example has no record of type A"),
    ],
)
def test_no_answer_is_a_failure_that_says_why(server: DnsServer, name: str, kind: str, message: str) -> None:
    event = ask(server, name, kind)
    assert (event.error_message, event.is_inconclusive) == (message, False)


def test_a_name_may_have_to_be_unknown(server: DnsServer) -> None:
    for conditions in (["[DNS_RCODE] == NXDOMAIN"], ["len([BODY]) == 0"]):
        assert ask(server, "nobody.example", conditions=conditions).error_message is None
        assert not ask(server, "shop.example", conditions=conditions).is_success


def test_a_long_answer_comes_over_tcp(server: DnsServer) -> None:
    event = ask(server, "large.example", "TXT", conditions=["[BODY] == pat(*0039*)"])
    assert event.error_message is None
    assert server.asked == ["udp large.example. TXT", "tcp large.example. TXT"]


def wrong_id(response: dns.message.Message, _: bytes) -> bytes:
    wire = response.to_wire()
    return bytes([wire[0] ^ 255]) + wire[1:]


def servfail(response: dns.message.Message, _: bytes) -> bytes:
    response.set_rcode(dns.rcode.SERVFAIL)
    response.answer.clear()
    return response.to_wire()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda *_: None, "DNS: the resolver 127.0.0.1 did not answer for shop.example within 0.4 s"),
        (wrong_id, "DNS: the resolver 127.0.0.1 did not answer for shop.example within 0.4 s"),
        (lambda _, query: query, "DNS: the resolver 127.0.0.1 did not answer for shop.example within 0.4 s"),
        (lambda response, _: response.to_wire()[:20], "DNS: the answer of the resolver 127.0.0.1 is malformed"),
        (servfail, "DNS: SERVFAIL for shop.example"),
    ],
)
def test_a_resolver_that_misbehaves_is_named(change: Any, message: str) -> None:
    with DnsServer(change) as server:
        event = ask(server, "shop.example", timeout="400ms")
    assert event.error_message == message


@pytest.mark.slow
def test_a_lost_packet_is_sent_again() -> None:
    lost = iter([None])
    with DnsServer(lambda response, _: next(lost, response.to_wire())) as server:
        assert ask(server, "shop.example").error_message is None
        assert len(server.asked) == 2


def test_a_port_without_a_name_server_refuses() -> None:
    event = check_policy(f"dns://127.0.0.1:{free_port()}", dns={"query_name": "shop.example"})
    assert event.error_message == "connection refused"


@pytest.mark.slow
def test_the_name_of_a_resolver_is_looked_up(server: DnsServer) -> None:
    query = {"query_name": "shop.example"}
    assert check_policy(f"dns://localhost:{server.port}", dns=query, ip_version=4).error_message is None
    event = check_policy("dns://nobody.invalid", dns=query)
    assert event.error_message in (
        "host not found: nobody.invalid",
        *(f"DNS: the resolver {each} could not look up nobody.invalid" for each in _resolvers()),
    )


def _resolvers() -> list[str]:
    from functions.check_monitors.probes.network.lookups import name_servers

    return [", ".join(name_servers())]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_resolver_is_filtered_too(server: DnsServer, forbid: Callable[[str], None], host: str) -> None:
    forbid("127.0.0.1/32")
    event = check_policy(f"dns://{host}:{server.port}", dns={"query_name": "shop.example"}, ip_version=4)
    assert event.error_message == "refused: 127.0.0.1 is a cloud metadata address"
    assert server.asked == []


def test_the_systems_resolver_is_asked_by_default(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.check_monitors.probes.kinds import dns as probe

    monkeypatch.setattr(probe, "_PORT", server.port)
    monkeypatch.setattr(probe, "name_servers", lambda: ["127.0.0.1"])
    assert check_policy(dns={"query_name": "shop.example"}).error_message is None
    assert check_policy(dns={"query_name": "shop.example"}).target_url == "dns:shop.example"


def test_the_next_resolver_is_asked_if_one_is_dead(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.check_monitors.probes.kinds import dns as probe

    monkeypatch.setattr(probe, "_PORT", server.port)
    monkeypatch.setattr(probe, "name_servers", lambda: ["127.0.0.2", "127.0.0.1"])
    event = check_policy(dns={"query_name": "shop.example"})
    assert (event.error_message, event.ip) == (None, "127.0.0.1")


@pytest.mark.parametrize("code", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
@pytest.mark.parametrize("has_question", [True, False])
def test_a_server_without_edns_is_asked_without(code: dns.rcode.Rcode, has_question: bool) -> None:
    def change(response: dns.message.Message, query: bytes) -> bytes:
        if dns.message.from_wire(query).edns < 0:
            return response.to_wire()
        response.use_edns(False)
        response.set_rcode(code)
        response.answer.clear()
        if not has_question:
            response.question.clear()
        return response.to_wire()

    with DnsServer(change) as old:
        event = ask(old, "shop.example", conditions=["[BODY] == 127.0.0.1"])
    assert (event.error_message, len(old.asked)) == (None, 2)


@pytest.mark.parametrize("has_edns", [True, False])
def test_a_refusal_that_is_not_of_edns_stands(has_edns: bool) -> None:
    def change(response: dns.message.Message, _: bytes) -> bytes:
        response.use_edns(0 if has_edns else False)
        response.set_rcode(dns.rcode.FORMERR)
        return response.to_wire()

    with DnsServer(change) as broken:
        event = ask(broken, "shop.example")
    assert event.error_message == "DNS: FORMERR for shop.example"
    assert len(broken.asked) == (1 if has_edns else 2)
