"""The hosts that functions in a cloud cannot reach: they connect from IPv4 addresses only.

A Lambda function outside a VPC has no IPv6 (https://docs.aws.amazon.com/lambda/latest/dg/API_VpcConfig.html), and Cloud
Run needs Direct VPC egress for it.
"""

import functools
import socket
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from infra.clouds.together import together

# For all lookups together.
SECONDS = 5.0
_AT_ONCE = 20
Lookup = Callable[[str, int], Sequence[Any]]


def look_up(host: str, family: int) -> Sequence[Any]:
    """The addresses of one family, none if the name has none. Raises OSError if that is not known."""
    try:
        return socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _HAS_NONE:
            return []
        raise


# The name does not exist, or has no address of this family.
_HAS_NONE = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY", "EAI_FAMILY")
    if hasattr(socket, name)
}


def only_ipv6(hosts: Collection[str], seconds: float = SECONDS, lookup: Lookup = look_up) -> list[str]:
    """Those of ``hosts`` that have an IPv6 address and no IPv4 address, as far as that is known in time."""

    def is_only_ipv6(host: str) -> bool:
        try:
            return not lookup(host, socket.AF_INET) and bool(lookup(host, socket.AF_INET6))
        except (OSError, UnicodeError):
            return False

    wanted, found, ends_at = list(dict.fromkeys(hosts)), set[str](), time.monotonic() + seconds
    # A few at once: a name server may refuse a thousand questions.
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        questions = {host: functools.partial(is_only_ipv6, host) for host in some}
        found |= {host for host, is_one in together(questions, ends_at - time.monotonic()).items() if is_one}
    return [host for host in wanted if host in found]
