"""The common part of checks that use sockets of their own and not libcurl's."""

import socket
import time
from ipaddress import ip_address
from typing import Any

from functions.check_monitors.probes.event_of_check import Times
from functions.check_monitors.probes.judgement import Subject, fault_of
from functions.check_monitors.probes.loop.capacity import SHORTAGES
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.network.address_filter import refusal
from functions.check_monitors.probes.network.lookups import AddressLookup
from functions.check_monitors.probes.transfers.transfer import PATIENCE_SECONDS
from functions.check_monitors.probes.urls import as_ascii_host
from shared.models import Cause
from shared.monitors.placeholders import MissingValue

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class SocketCheck:
    """A check that consists of exchanges. It notes in ``subject.seen`` what it sees."""

    ca_file = keeps = ""
    deadline = 0.0

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.timeout_seconds = subject.policy.timeout
        self.is_put_off = False
        self._give_up_at = 0.0
        self.began_at = self.ends_at = 0.0

    def handle(self) -> Exchange | None:
        """The first exchange; None if the policy cannot be used as it is, or its address is refused."""
        self.is_put_off = False
        self.began_at = time.monotonic()
        self.ends_at = self.began_at + self.timeout_seconds
        self._give_up_at = self._give_up_at or self.began_at + PATIENCE_SECONDS
        return self._safely(self._first)

    def first(self) -> Exchange | None:
        """Begin the check. Raises what ``handle`` takes."""
        raise NotImplementedError

    def next(self, exchange: Any) -> Exchange | None:
        """Take an exchange that is over; what comes next. Raises what ``handle`` takes."""
        raise NotImplementedError

    def after(self, exchange: Any) -> Exchange | None:
        """Take an exchange that is over; what comes next."""
        return self._safely(lambda: self.next(exchange))

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Never called: there is no transfer."""
        raise NotImplementedError

    def know_better(self, why: Cause) -> None:
        """Never called: there is no second lookup."""
        raise NotImplementedError

    def break_off(self, defect: Exception) -> None:
        """Note what should not happen: the other checks of the run go on."""
        self.subject.break_off(defect)

    def fail(self, why: Cause | None, *, is_inconclusive: bool = False) -> None:
        """Note why the check failed. If the agent itself lacked something, the check is put off for a while."""
        is_short = why in SHORTAGES
        self.is_put_off = is_short and time.monotonic() < self._give_up_at
        self.subject.seen.why, self.subject.seen.is_inconclusive = why, is_inconclusive or is_short

    def note_time(self) -> None:
        """Note how long it took until the server responded."""
        total = round(1e6 * (time.monotonic() - self.began_at))
        self.subject.seen.times = Times(first_byte=total, total=total)

    def looked_up(self, host: str) -> AddressLookup | str | None:
        """The address that ``host`` spells, or the lookup of its addresses. None: refused, which is noted."""
        try:
            address = str(ip_address(host))
        except ValueError:
            if self.subject.policy.resolver:
                return self._asked_of(self.subject.policy.resolver, host)
            family = _FAMILIES.get(self.subject.policy.ip_version or 0, socket.AF_UNSPEC)
            return AddressLookup(as_ascii_host(host), self.ends_at, self.timeout_seconds, family)
        return address if self.is_allowed(address) else None

    def _asked_of(self, resolver: str, host: str) -> AddressLookup | None:
        # dnspython is loaded only if a monitor needs it.
        from functions.check_monitors.probes.network.resolution import Resolution, ResolverLookup

        settings, fields = self.subject.settings, self.subject.policy
        resolution = Resolution(
            self.subject.filled(resolver), host, fields.ip_version, is_private_allowed=settings.is_private_allowed
        )
        if question := resolution.question(self.ends_at, self.timeout_seconds):
            return ResolverLookup(resolution, question, self.ends_at, self.timeout_seconds)
        self.fail(resolution.why)
        return None

    def chosen(self, lookup: AddressLookup) -> str | None:
        """The first address that a lookup found and the filter allows. None: there is none, which is noted."""
        if lookup.why:
            self.fail(lookup.why)
        return next((address for address in lookup.addresses if self.is_allowed(address)), None)

    def is_allowed(self, address: str) -> bool:
        """Whether the agent may send to ``address``. A refusal is noted."""
        self.fail(refusal(address.partition("%")[0], self.subject.settings.is_private_allowed))
        return self.subject.seen.why is None

    def _first(self) -> Exchange | None:
        self.subject.begin()
        return self.first()

    def _safely(self, step: Any) -> Exchange | None:
        try:
            found: Exchange | None = step()
        except (MissingValue, OSError, ValueError) as error:
            why, is_inconclusive = fault_of(error)
            self.fail(why, is_inconclusive=is_inconclusive)
        else:
            return found
        return None
