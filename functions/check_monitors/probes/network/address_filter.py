"""Addresses that the agent refuses to connect to, however it got them: from a monitor, a redirect or a DNS response.

It always refuses link-local addresses and the clouds' metadata servers, and if ALLOW_PRIVATE_TARGETS is off every
address that is not public. ``refusal`` and ``host_refusal`` are pure; an ``AddressFilter`` applies them to one check.
"""

import contextlib
import functools
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import pycurl

from functions.check_monitors.probes.urls import host_in
from shared.models import Cause

_METADATA = [
    ip_network(address)
    for address in (
        "169.254.169.254",  # nearly every cloud
        "169.254.170.2",  # AWS: credentials of containers
        "169.254.170.23",  # AWS: credentials of pods
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254",  # Google
        "168.63.129.16",  # Azure; it looks public
        "100.100.100.200",  # Alibaba
        "fd00:100::100:200",  # Alibaba
        "192.0.0.192",  # Oracle
        "fd00:c1::a9fe:a9fe",  # Oracle
        "fd00:42::42",  # Scaleway
        "fd00:a9fe:a9fe::1",  # Linode
    )
]
# A proxy resolves names itself. The short ones are completed by a cloud's search domain.
_METADATA_NAMES = {
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",  # AWS
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.azure.com",
    "metadata.oraclecloud.com",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
    "metadata.packet.net",
    "rancher-metadata",
}
_BROADCAST = IPv4Address("255.255.255.255")
# Their last 32 bits are the IPv4 address that is meant: NAT64, and a form that nobody uses any more.
_ENDS_IN_IPV4 = [ip_network("64:ff9b::/96"), ip_network("::/96")]
_SIIT = ip_network("::ffff:0:0:0/96")
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")  # where in it the IPv4 address stands is each network's own choice
_ISATAP = {0x00005EFE, 0x02005EFE}  # the 32 bits before the IPv4 address
_MAX_KEPT = 16_384  # verdicts
_NOT_PUBLIC = [ip_network("192.0.0.0/24")]  # some versions of Python call a part of it public


class AddressFilter:
    """Filters the addresses of one check. libcurl asks before each connection, when it knows the name's addresses."""

    def __init__(self, is_private_allowed: bool) -> None:
        self.is_private_allowed = is_private_allowed
        self._refusal: Cause | None = None
        self._has_opened = False
        self.error_number = 0  # of the last socket that could not be made
        self.lent_type: int | None = None  # of the last socket that libcurl was given

    @property
    def refusal(self) -> Cause | None:
        """Why the last request was not sent; None if at least one address of its host was allowed."""
        return None if self._has_opened else self._refusal

    @property
    def has_lent(self) -> bool:
        """Whether libcurl was given a socket."""
        return self.lent_type is not None

    @property
    def has_lent_tcp(self) -> bool:
        """Whether it was one for TCP. If libcurl cannot connect by one of QUIC's, it never has an error number."""
        return self.lent_type == socket.SOCK_STREAM

    def refuses(self, url: str) -> bool:
        """Whether the check must not request ``url``, as far as the spelling of its host shows that."""
        self._has_opened = False
        self._refusal = host_refusal(url, self.is_private_allowed)
        return self._refusal is not None

    def open_socket(self, _: int, address: Any) -> Any:
        """For OPENSOCKETFUNCTION: a socket, or SOCKET_BAD, after which libcurl tries the name's next address."""
        if reason := refusal(address.addr[0], self.is_private_allowed):
            self._refusal = reason
            return pycurl.SOCKET_BAD
        self._has_opened = True
        try:
            lent = _Lent(socket.socket(address.family, address.socktype, address.protocol))
            self.error_number, self.lent_type = 0, address.socktype
            return lent
        except OSError as error:  # no IPv6 on this machine, or no descriptor left; pycurl would print a traceback
            self.error_number = error.errno or 0
            return pycurl.SOCKET_BAD


class _Lent:
    # pycurl duplicates the descriptor and drops the object. Python warns about a socket that is dropped.
    def __init__(self, lent: socket.SocketType) -> None:
        self.fileno = lent.fileno
        self._close = lent.close

    def __del__(self) -> None:
        self._close()


# A monitor keeps its address for days.
@functools.lru_cache(maxsize=_MAX_KEPT)
def refusal(address: str, is_private_allowed: bool) -> Cause | None:
    """Why the agent does not connect to ``address``; None if it does.

    An IPv6 address that stands for an IPv4 address is judged as the latter.

    Raises:
        ValueError: it is not an address.
    """
    meant = _meant(ip_address(address))
    if any(ip in network for ip in meant for network in _METADATA):
        return Cause.of("refused_metadata_address", address=address)
    if any(ip.is_link_local for ip in meant):
        return Cause.of("refused_link_local_address", address=address)
    if any(ip.is_multicast or ip == _BROADCAST for ip in meant):
        return Cause.of("refused_multicast_address", address=address)
    if is_private_allowed or all(_is_public(ip) for ip in meant):
        return None
    return Cause.of("refused_private_address", address=address)


@functools.lru_cache(maxsize=_MAX_KEPT)
def host_refusal(url: str, is_private_allowed: bool) -> Cause | None:
    """Why the agent does not connect to the host of ``url``: an address in any spelling, or a metadata server's name.

    None for every other name, because its address is judged when it is known, and if ``url`` names no host.
    """
    host = host_in(url)
    if host in _METADATA_NAMES:
        return Cause.of("refused_metadata_address", address=host)
    with contextlib.suppress(OSError, ValueError):  # raised for a name
        host = socket.inet_ntoa(socket.inet_aton(host))  # also 0xA9FEA9FE, 2852039166, 0251.0376.43518
    try:
        return refusal(host, is_private_allowed)
    except ValueError:
        return None


def _meant(ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """Every address that a packet to ``ip`` may reach: the IPv4 addresses that stand in it, or ``ip`` itself."""
    if isinstance(ip, IPv4Address) or ip.is_unspecified or ip.is_loopback:
        return [ip]
    last = IPv4Address(int(ip) & 0xFFFFFFFF)
    if any(ip in network for network in _ENDS_IN_IPV4):
        return [last]
    if instead := ip.ipv4_mapped or ip.sixtofour:
        return [instead]
    if ip.teredo:
        return list(ip.teredo)
    if ip in _SIIT or (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP:
        return [ip, last]
    return [ip, last, *_embedded(ip)] if ip in _LOCAL_NAT64 else [ip]


def _embedded(ip: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that may follow a prefix of 48, 56 or 64 bits. They leave out bits 64 to 71: RFC 6052."""
    bits = int(ip)
    joined = bits >> 64 << 56 | bits & (1 << 56) - 1
    return [IPv4Address(joined >> (120 - prefix - 32) & 0xFFFFFFFF) for prefix in (48, 56, 64)]


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address) and ip.is_site_local:
        return False
    return ip.is_global and not ip.is_reserved and not any(ip in network for network in _NOT_PUBLIC)
