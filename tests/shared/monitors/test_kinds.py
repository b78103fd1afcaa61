"""The kind of check that each URL leads to, and the fields that each kind reads."""

import pytest
from pydantic import ValidationError

from shared.monitors.conditions import parse
from shared.monitors.kinds import KIND_OF_SCHEME, KINDS_WITH, PLACEHOLDERS_OF, Kind, kind_of, misplaced, unavailable
from shared.monitors.policy import Policy
from shared.monitors.urls import checkable


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://example.org/", Kind.HTTP),
        ("HTTP://example.org", Kind.HTTP),
        ("tcp://example.org:22", Kind.TCP),
        ("starttls://example.org:25", Kind.TLS),
        ("dns://9.9.9.9", Kind.DNS),
        ("icmp://example.org", Kind.ICMP),
        ("wss://example.org/live", Kind.WEBSOCKET),
        ("ftps://example.org", Kind.MAIL),
        ("ssh://example.org", Kind.SSH),
        ("grpcs://example.org/health", Kind.GRPC),
        ("postgresql://example.org/shop", Kind.DATABASE),
        ("docker://shop_1", Kind.DOCKER),
    ],
)
def test_the_scheme_says_the_kind(url: str, kind: Kind) -> None:
    assert kind_of(url) is kind


def test_a_kind_follows_without_a_url() -> None:
    assert kind_of(None, has_dns=True) is Kind.DNS
    assert kind_of("dns://9.9.9.9", has_dns=True) is Kind.DNS
    assert kind_of(None, has_heartbeat=True) is Kind.HEARTBEAT


@pytest.mark.parametrize(
    ("url", "has_dns", "has_heartbeat", "expected"),
    [
        (None, False, False, "one of url, dns or heartbeat"),
        ("", False, False, "one of url, dns or heartbeat"),
        ("https://example.org", False, True, "either a heartbeat or a url"),
        (None, True, True, "either a heartbeat or a url"),
        ("https://example.org", True, False, "dns://9.9.9.9 beside dns"),
        ("example.org", False, False, "a URL that begins with http://, https://, tcp://"),
        ("gopher://example.org", False, False, "a URL that begins with"),
        ("https://", False, False, "a URL that begins with"),
    ],
)
def test_no_or_several_kinds_are_refused(url: str | None, has_dns: bool, has_heartbeat: bool, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        kind_of(url, has_dns=has_dns, has_heartbeat=has_heartbeat)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://[2001:db8::1]:8443/a?b=c#d",
        "https://예시.한국/경로",
        "http://user:${MONITOR_PASSWORD}@example.org/",
        "tcp://${MONITOR_HOST}:${MONITOR_PORT}",
        "tcp://192.0.2.1:22",
        "starttls://example.org:587",
        "mongodb://a.example:27017,b.example:27018/?replicaSet=x",
        "docker://shop_1?host=tcp://192.0.2.1:2375",
        "dns://[2001:db8::53]:5353",
        "icmp://example.org",
    ],
)
def test_a_url_can_be_checked(url: str) -> None:
    assert checkable(f" {url}\n") == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("example.org", "a URL that begins with http://"),
        ("https://", "a URL that begins with http://"),
        ("https:///path", "a URL with a host, such as https://example.org"),
        ("https://:80/", "a URL with a host"),
        ("tcp://example.org", "a URL with a port, such as tcp://example.org:8443"),
        ("tls://example.org", "a URL with a port"),
        ("http://example.org:0/", "a URL with a port"),
        ("http://example.org:99999/", "at most 65535"),
        ("http://example.org:http/", "at most 65535"),
        ("http://[::1/", "a URL such as http://example.org"),
        ("http://example.org/\x07", "without unprintable characters"),
        ("http://example.org/\nHost: x", "on one line"),
        ("https://${API_KEY}@example.org", "names begin with MONITOR_"),
    ],
)
def test_a_url_that_no_check_can_use_is_refused(url: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        checkable(url)
    assert expected in str(refused.value)


def test_the_tables_know_every_kind_and_only_fields() -> None:
    assert set(KIND_OF_SCHEME.values()) | {Kind.HEARTBEAT} == set(Kind)
    assert set(PLACEHOLDERS_OF) == set(Kind)
    assert KINDS_WITH.keys() <= Policy.model_fields.keys()
    assert all(kinds <= set(Kind) for kinds in KINDS_WITH.values())


def test_a_misplaced_field_says_where_it_belongs() -> None:
    assert misplaced("packets", Kind.HTTP, 3) == "none in a monitor of kind http, since only icmp can use it"
    assert misplaced("packets", Kind.ICMP, 3) is None
    assert misplaced("packets", Kind.HTTP, None) is None
    assert misplaced("group", Kind.HTTP, "Web") is None


@pytest.mark.parametrize("scheme", sorted(name for name, kind in KIND_OF_SCHEME.items() if kind is Kind.DATABASE))
def test_a_query_is_only_for_postgresql(scheme: str) -> None:
    fields = {"name": "Shop", "url": f"{scheme}://db.example", "query": "SELECT 1"}
    stored = Policy.model_validate(fields)  # as a former version has stored it
    assert Policy.written({**fields, "group": "Web"}, stored).group == "Web"
    if scheme.startswith("postgres"):
        assert Policy.written(fields).query == "SELECT 1"
        return
    for before in (None, stored):
        with pytest.raises(ValidationError, match=f"query: none beside {scheme}://, since only postgres:// can use it"):
            Policy.written({**fields, "query": "SELECT 2"}, before)


def test_a_quorum_is_refused_if_too_few_locations_check() -> None:
    fields = {"name": "Shop", "url": "http://a.example/", "locations": ["seoul", "busan"], "quorum": 3}
    stored = Policy.model_validate(fields)  # as a former version has stored it
    assert Policy.written({**fields, "group": "Web"}, stored).group == "Web"
    assert Policy.written({**fields, "quorum": 2}).quorum == 2
    assert Policy.written({**fields, "locations": None}).quorum == 3, "who reports is not known"
    for before in (None, stored):
        with pytest.raises(ValidationError, match="quorum: at most 2, since no other location checks it"):
            Policy.written({**fields, "quorum": 4}, before)


@pytest.mark.parametrize(
    ("kind", "can", "cannot"),
    [
        (Kind.HTTP, "[HEADER].Server == nginx", "[DNS_RCODE] == NOERROR"),
        (Kind.TCP, "[BODY] == pat(SSH*)", "[CERTIFICATE_EXPIRATION] > 48h"),
        (Kind.TLS, "[CERTIFICATE_EXPIRATION] > 48h", "[STATUS] == 200"),
        (Kind.DNS, "[DNS_RCODE] == NOERROR", "[STATUS] == 200"),
        (Kind.ICMP, "[RESPONSE_TIME] < 50", "[BODY] == x"),
        (Kind.SSH, "[BODY] == pat(SSH-2.0*)", "[CERTIFICATE_EXPIRATION] > 48h"),
        (Kind.DOCKER, "[BODY].State.Status == running", "[STATUS] == 200"),
        (Kind.DATABASE, "[CONNECTED] == true", "[HEADER].x == y"),
        (Kind.HEARTBEAT, None, "[CONNECTED] == true"),
    ],
)
def test_a_condition_reads_only_what_its_kind_has(kind: Kind, can: str | None, cannot: str) -> None:
    assert can is None or unavailable(parse(can).placeholders, kind) is None
    assert f"in a monitor of kind {kind}; found [" in str(unavailable(parse(cannot).placeholders, kind))


def test_a_stored_field_that_its_kind_does_not_read_is_left_out() -> None:
    """A former version accepted locations in a heartbeat. An edit of something else need not take them away."""
    beat = {"name": "Job", "heartbeat": {"period": "1h"}}
    stored = Policy.model_validate({**beat, "locations": ["seoul"], "quorum": 2})
    assert stored == Policy.model_validate(beat)
    assert Policy.written(stored.model_dump(mode="json"), stored) == stored
