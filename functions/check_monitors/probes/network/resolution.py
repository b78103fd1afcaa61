"""A monitor's own resolver: its addresses are handed over to libcurl, which can ask the system's resolver alone."""

import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from functions.check_monitors.probes.judgement import NotCheckable
from functions.check_monitors.probes.kinds.dns_exchange import DnsExchange, answers, rcode
from functions.check_monitors.probes.network.address_filter import refusal
from functions.check_monitors.probes.network.lookups import AddressLookup, is_address
from shared.models import Cause

_PORT = 53
_SECOND_SECONDS = 0.5  # of the second question, if the first one brought addresses


class Resolution:
    """The questions for the addresses of one host, one after the other: for those of IPv4, and for those of IPv6.

    Afterwards there are ``addresses``, those first to which there is a way, or ``why`` says that there are none.

    Raises:
        NotCheckable: the policy's resolver is no address.
    """

    def __init__(self, resolver: str, host: str, ip_version: int | None, *, is_private_allowed: bool) -> None:
        self._server = _server(resolver)
        self._host = host
        self._kinds = {4: ["A"], 6: ["AAAA"]}.get(ip_version or 0, ["A", "AAAA"])
        self.addresses: list[str] = []
        self.why = refusal(self._server[0], is_private_allowed)
        self._began_at = time.monotonic()
        self.microseconds = 0

    def question(self, ends_at: float, seconds: float) -> DnsExchange | None:
        """The next question, if there is one to ask."""
        if not self._kinds or (self.why and self.why.code.startswith("refused_")):
            return None
        self._kind = self._kinds.pop(0)
        if self.addresses:
            # These are enough for a check. A resolver that is silent about the others must not cost it its time.
            at = time.monotonic()
            ends_at = at + min(_SECOND_SECONDS, (ends_at - at) / 4)
        return DnsExchange([self._server], self._host, self._kind, ends_at, seconds)

    def take(self, exchange: DnsExchange) -> None:
        """Take what the resolver said."""
        self.microseconds = round(1e6 * (time.monotonic() - self._began_at))
        if exchange.response is not None:
            self.addresses = sorted([*self.addresses, *answers(exchange.response, self._kind)], key=_has_no_way)
        if self.addresses:
            self.why = None
        elif exchange.response is None:
            self.why, self._kinds = exchange.why, []
        elif (code := rcode(exchange.response)) not in ("NOERROR", "NXDOMAIN"):
            self.why = Cause.of("dns_rcode", name=self._host, rcode=code)
        else:
            self.why = Cause.of("host_not_found", host=self._host)

    def lines(self, ports: set[int]) -> list[str]:
        """For libcurl's RESOLVE: the addresses of the host at each of ``ports``."""
        addresses = ",".join(f"[{each}]" if ":" in each else each for each in self.addresses)
        return [f"{self._host}:{port}:{addresses}" for port in sorted(ports)]


class ResolverLookup(AddressLookup):
    """The same for a check that libcurl does not make: all questions of a resolution, one after the other."""

    def __init__(self, resolution: Resolution, question: DnsExchange, ends_at: float, seconds: float) -> None:
        super().__init__(question.name, ends_at, seconds)
        self._resolution, self._question = resolution, question

    def watched(self) -> tuple[int, int]:
        """The socket of the present question."""
        return self._question.watched()

    def proceed(self) -> bool:
        """Whether all questions are answered, or the time is over."""
        while self._question.proceed():
            self._question.close()
            self._resolution.take(self._question)
            further = self._resolution.question(self._ends_at, self._seconds)
            if further is None:
                self.addresses, self.why = self._resolution.addresses, self._resolution.why
                return True
            self._question = further
        self.wake_at = self._question.wake_at
        return False

    def close(self) -> None:
        """Close the socket of the present question."""
        self._question.close()


def resolution_of(
    resolver: str | None, host: str, ip_version: int | None, fill: Callable[[str], str], *, is_private_allowed: bool
) -> Resolution | None:
    """The resolution of ``host`` by a policy's resolver; None if it has none, or if ``host`` is an address."""
    if resolver is None or is_address(host):
        return None
    return Resolution(fill(resolver), host, ip_version, is_private_allowed=is_private_allowed)


def _server(resolver: str) -> tuple[str, int]:
    """The address and the port of ``9.9.9.9``, ``9.9.9.9:53``, ``2620:fe::fe``, ``[2620:fe::fe]:53``, ``dns://…``."""
    text = resolver.strip().partition("://")[2] or resolver.strip()
    if is_address(text):
        return text, _PORT
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port or _PORT
    except ValueError:
        host, port = "", 0
    if not is_address(host):
        raise NotCheckable(Cause.of("resolver_not_address", resolver=text))
    return host, port


def _has_no_way(address: str) -> bool:
    """Whether this machine has no route to an address, such as none at all for IPv6. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((address, _PORT))
    except OSError:
        return True
    return False
