"""The rules of refused addresses, as tables. Through real sockets: ``test_refused_addresses.py``."""

import pytest

from functions.check_monitors.probes.network.address_filter import host_refusal, refusal
from shared.models import Cause

METADATA, LINK_LOCAL = "refused_metadata_address", "refused_link_local_address"
MULTICAST, PRIVATE = "refused_multicast_address", "refused_private_address"

# address, the cause's code, why it is in the table
ADDRESSES = [
    ("169.254.169.254", METADATA, "AWS, Google, Azure, DigitalOcean, OpenStack …"),
    ("169.254.170.2", METADATA, "AWS: the credentials of a container"),
    ("169.254.170.23", METADATA, "AWS: the credentials of a pod"),
    ("fd00:ec2::254", METADATA, "AWS"),
    ("fd00:ec2::23", METADATA, "AWS: the credentials of a pod"),
    ("fd20:ce::254", METADATA, "Google"),
    ("168.63.129.16", METADATA, "Azure, among public addresses"),
    ("100.100.100.200", METADATA, "Alibaba, among a carrier's"),
    ("fd00:100::100:200", METADATA, "Alibaba"),
    ("192.0.0.192", METADATA, "Oracle, among the reserved"),
    ("fd00:c1::a9fe:a9fe", METADATA, "Oracle"),
    ("fd00:42::42", METADATA, "Scaleway"),
    ("fd00:a9fe:a9fe::1", METADATA, "Linode"),
    ("::ffff:169.254.169.254", METADATA, "IPv4-mapped: what a socket of both families takes"),
    ("::ffff:a9fe:a9fe", METADATA, "the same in hexadecimal digits"),
    ("0:0:0:0:0:ffff:a9fe:a9fe", METADATA, "the same in full"),
    ("64:ff9b::169.254.169.254", METADATA, "NAT64"),
    ("2002:a9fe:a9fe::1", METADATA, "6to4"),
    ("2001:0:808:808:0:0:5601:5601", METADATA, "Teredo: the client's address with its bits turned"),
    ("::169.254.169.254", METADATA, "IPv4-compatible, out of use"),
    ("::ffff:0:169.254.169.254", METADATA, "IPv4-translated: SIIT"),
    ("64:ff9b:1::a9fe:a9fe", METADATA, "a network's own NAT64, its prefix of 96 bits"),
    ("64:ff9b:1:a9fe:a9:fe00::", METADATA, "of 48 bits: the bits 64 to 71 are left out"),
    ("64:ff9b:1:a9:fe:a9fe::", METADATA, "of 56 bits"),
    ("64:ff9b:1:0:a9:fea9:fe00:0", METADATA, "of 64 bits"),
    ("2001:db8::5efe:169.254.169.254", METADATA, "ISATAP"),
    ("2001:db8::200:5efe:a9fe:a9fe", METADATA, "ISATAP, with a global address in it"),
    ("2001:0:a9fe:a9fe::1", METADATA, "Teredo: the server's address"),
    ("64:ff9b:1::a9fe:101", LINK_LOCAL, "a network's own NAT64"),
    ("::ffff:0:169.254.1.1", LINK_LOCAL, "SIIT"),
    ("::ffff:100.100.100.200", METADATA, "each form leads to each server"),
    ("169.254.0.1", LINK_LOCAL, "the first of 169.254/16"),
    ("169.254.255.255", LINK_LOCAL, "and its last"),
    ("::ffff:169.254.1.1", LINK_LOCAL, "IPv4-mapped"),
    ("64:ff9b::a9fe:101", LINK_LOCAL, "NAT64"),
    ("2002:a9fe:101::", LINK_LOCAL, "6to4"),
    ("fe80::1", LINK_LOCAL, "the first of fe80::/10"),
    ("fe80::1%eth0", LINK_LOCAL, "with its zone"),
    ("febf::1", LINK_LOCAL, "the last of fe80::/10"),
    ("224.0.0.1", MULTICAST, "all hosts of the link"),
    ("239.255.255.250", MULTICAST, "what devices are discovered by"),
    ("ff02::1", MULTICAST, "all hosts of the link"),
    ("ff0e::1", MULTICAST, "global, but no web service either"),
    ("255.255.255.255", MULTICAST, "broadcast"),
    ("127.0.0.1", PRIVATE, "loopback"),
    ("127.255.255.254", PRIVATE, "loopback is a /8"),
    ("::1", PRIVATE, "loopback"),
    ("::ffff:127.0.0.1", PRIVATE, "IPv4-mapped"),
    ("0.0.0.0", PRIVATE, "leads to loopback"),
    ("0.1.2.3", PRIVATE, "this network"),
    ("::", PRIVATE, "leads to loopback"),
    ("10.0.0.1", PRIVATE, "RFC 1918"),
    ("172.16.0.1", PRIVATE, "RFC 1918"),
    ("172.31.255.255", PRIVATE, "its last"),
    ("192.168.0.1", PRIVATE, "RFC 1918"),
    ("::ffff:10.0.0.1", PRIVATE, "IPv4-mapped"),
    ("64:ff9b::10.0.0.1", PRIVATE, "NAT64"),
    ("64:ff9b:1::1", PRIVATE, "a network's own NAT64"),
    ("2002:a00:1::1", PRIVATE, "6to4"),
    ("100.64.0.1", PRIVATE, "a carrier's"),
    ("100.127.255.255", PRIVATE, "its last"),
    ("fc00::1", PRIVATE, "unique local"),
    ("fd12:3456:789a::1", PRIVATE, "unique local"),
    ("fec0::1", PRIVATE, "site-local, out of use"),
    ("192.0.0.1", PRIVATE, "for protocols"),
    ("192.0.0.9", PRIVATE, "which some versions of Python call public"),
    ("192.0.2.1", PRIVATE, "for documents"),
    ("2001:db8::1", PRIVATE, "for documents"),
    ("198.18.0.1", PRIVATE, "for benchmarks"),
    ("240.0.0.1", PRIVATE, "reserved"),
    ("4000::1", PRIVATE, "not given to anybody yet"),
    ("100::1", PRIVATE, "discarded on its way"),
    ("::ffff:0:a00:1", PRIVATE, "IPv4-translated"),
    ("8.8.8.8", None, "public"),
    ("100.63.255.255", None, "just before a carrier's"),
    ("100.128.0.1", None, "just behind"),
    ("168.63.129.17", None, "Azure's neighbour"),
    ("169.253.255.255", None, "just before the link-local"),
    ("172.32.0.1", None, "just behind RFC 1918"),
    ("2606:4700:4700::1111", None, "public"),
    ("::ffff:8.8.8.8", None, "IPv4-mapped"),
    ("64:ff9b::8.8.8.8", None, "NAT64: how a network without IPv4 reaches it"),
    ("2002:808:808::1", None, "6to4"),
]


@pytest.mark.parametrize(("address", "code", "why"), ADDRESSES)
def test_an_address_is_refused_for_what_it_is(address: str, code: str | None, why: str) -> None:
    expected = code and Cause.of(code, address=address)
    assert refusal(address, False) == expected
    assert refusal(address, True) == (None if code == PRIVATE else expected)


def test_a_text_that_is_no_address_is_an_error() -> None:
    for no_address in ("", "shop.example", "169.254.43518", "1.2.3.4 "):
        with pytest.raises(ValueError, match="does not appear to be"):
            refusal(no_address, True)


SPELLINGS = [
    "http://169.254.169.254",
    "http://169.254.169.254:80/latest/meta-data/",
    "HTTPS://user:secret@169.254.169.254/?x=http://shop.example/",
    "http://shop.example@169.254.169.254/",
    "http://shop.example\\@169.254.169.254/",
    "http://169.254.169.254./",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0xa9.254.0251.0xFE/",
    "http://0251.0376.0251.0376/",
    "http://0000251.254.169.254/",
    "http://169.254.43518/",
    "http://169.16689662/",
    "http://%31%36%39.254.169.254/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::FFFF:a9fe:a9fe]:8080/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fd00:ec2::254]/latest/",
    "http://[fd00:0ec2:0::0254%25eth0]/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://METADATA.google.internal.:80/",
    "http://%6detadata.goog/",
    "http://metadata/computeMetadata/v1/",
    "http://Metadata.:80/",
    "http://instance-data/latest/",
    "http://[::ffff:0:a9fe:a9fe]/",
    "http://[64:ff9b:1::169.254.169.254]/",
    # only in a redirect:
    "//169.254.169.254/",
    "///169.254.169.254/",
    "http:/169.254.169.254/",
    "http:///169.254.169.254/",
    " http://169.254.169.254/",
]


@pytest.mark.parametrize("url", SPELLINGS)
@pytest.mark.parametrize("is_private_allowed", [False, True])
def test_a_metadata_server_is_known_in_every_spelling(url: str, is_private_allowed: bool) -> None:
    refused = host_refusal(url, is_private_allowed)
    assert refused is not None
    assert refused.code == METADATA


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "http://localhost/",  # its address is judged when it is known
        "http://169.254.169.254.shop.example/",
        "http://169.254.169.254@shop.example/",
        "http://169.254.169.254:80@shop.example/",
        "http://shop.example/http://169.254.169.254/",
        "http://shop.example?@169.254.169.254/",
        "http://shop.example#@169.254.169.254/",
        "http://metadata.google.internal.shop.example/",
        "http://8.8.8.8/",
        "http://134744072/",
        "http://[2606:4700:4700::1111]/",
        "http://169.254.169.254%00/",  # no host at all, for libcurl too
        "http://[::1/",
        "http://",
        "/169.254.169.254/",
        "169.254.169.254",
        "",
    ],
)
def test_another_host_is_not_refused_for_how_it_is_spelled(url: str) -> None:
    assert host_refusal(url, False) is None
