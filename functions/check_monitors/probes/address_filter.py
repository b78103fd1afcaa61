"""Which addresses the agent does not look at, whoever asks for it: a monitor, a redirect or a name's answer.

Link-local addresses and the clouds' metadata servers never; what is not public where ALLOW_PRIVATE_TARGETS is off.
``refusal`` and ``host_refusal`` are pure; a ``Gate`` asks them for one look.
"""

import contextlib
import functools
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import pycurl

from functions.check_monitors.probes.urls import host_in

_METADATA = [
    ip_network(each)
    for each in (
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
_METADATA_NAMES = {"metadata.google.internal", "metadata.goog"}
_BROADCAST = IPv4Address("255.255.255.255")
# Their last 32 bits are the IPv4 address that is meant: NAT64, and a form that is out of use.
_ENDS_IN_IPV4 = [ip_network("64:ff9b::/96"), ip_network("::/96")]
_NOT_PUBLIC = [ip_network("192.0.0.0/24")]  # partly public for the ipaddress of some versions of Python


class Gate:
    """What one look may connect to. libcurl asks before each connection, when the name's answer is known."""

    def __init__(self, is_private_allowed: bool) -> None:
        self.is_private_allowed = is_private_allowed
        self._refusal: str | None = None
        self._has_opened = False

    @property
    def refusal(self) -> str | None:
        """Why the way that the look is on ended here; None where at least one address let it pass."""
        return None if self._has_opened else self._refusal

    def refuses(self, url: str) -> bool:
        """Whether the look may not go on to ``url``, as far as that can be told from how its host is spelled."""
        self._has_opened = False
        self._refusal = host_refusal(url, self.is_private_allowed)
        return self._refusal is not None

    def open_socket(self, _: int, address: Any) -> Any:
        """For OPENSOCKETFUNCTION: a socket, or SOCKET_BAD, upon which libcurl tries the name's next address."""
        if reason := refusal(address.addr[0], self.is_private_allowed):
            self._refusal = reason
            return pycurl.SOCKET_BAD
        self._has_opened = True
        try:
            return _Lent(socket.socket(address.family, address.socktype, address.protocol))
        except OSError:  # there is no IPv6 here, or no descriptor left; pycurl would print a traceback
            return pycurl.SOCKET_BAD


class _Lent:
    # pycurl duplicates the descriptor and drops the object; a socket that is dropped is warned of.
    def __init__(self, lent: socket.socket) -> None:
        self.fileno = lent.fileno
        self._close = lent.close

    def __del__(self) -> None:
        self._close()


# A monitor's address is the same for days.
@functools.lru_cache(maxsize=4096)
def refusal(address: str, is_private_allowed: bool) -> str | None:
    """Why nothing connects to ``address``, or None. An IPv6 address that stands for an IPv4 one is judged as that.

    Raises:
        ValueError: it is not an address.
    """
    ip = _meant(ip_address(address))
    if any(ip in network for network in _METADATA):
        return f"{address} is a cloud metadata address"
    if ip.is_link_local:
        return f"{address} is a link-local address"
    if ip.is_multicast or ip == _BROADCAST:
        return f"{address} is a multicast address"
    if is_private_allowed or _is_public(ip):
        return None
    return f"{address} is a private address (ALLOW_PRIVATE_TARGETS is off)"


def host_refusal(url: str, is_private_allowed: bool) -> str | None:
    """Why nothing connects to the host of ``url``: an address in whichever spelling, or a metadata server's name.

    None for every other name, whose address is judged when it is known, and where ``url`` names no host.
    """
    host = host_in(url)
    if host in _METADATA_NAMES:
        return f"{host} is a cloud metadata address"
    with contextlib.suppress(OSError, ValueError):  # of a name
        host = socket.inet_ntoa(socket.inet_aton(host))  # of 0xA9FEA9FE, 2852039166, 0251.0376.43518
    try:
        return refusal(host, is_private_allowed)
    except ValueError:
        return None


def _meant(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address) or ip.is_unspecified or ip.is_loopback:
        return ip
    if any(ip in network for network in _ENDS_IN_IPV4):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address) and ip.is_site_local:
        return False
    return ip.is_global and not ip.is_reserved and not any(ip in network for network in _NOT_PUBLIC)
