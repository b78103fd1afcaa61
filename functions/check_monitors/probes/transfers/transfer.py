"""The common part of libcurl's checks: the deadline, the refused addresses, and why a check failed."""

import time
from collections.abc import Mapping
from typing import Any

import pycurl

from functions.check_monitors.probes.causes import cause, host_of, on_the_way, proxys
from functions.check_monitors.probes.event_of_check import Times
from functions.check_monitors.probes.loop.capacity import SHORTAGES, is_still_resolving, shortage
from functions.check_monitors.probes.loop.exchange import seconds_left
from functions.check_monitors.probes.network.address_filter import AddressFilter
from functions.check_monitors.probes.network.lookups import SecondLookup, no_answer
from functions.check_monitors.probes.transfers.handles import handle_for
from functions.check_monitors.probes.transfers.hops import times_of
from functions.check_monitors.probes.transfers.second_handshake import SecondHandshake, second_handshake
from shared.models import Cause
from shared.settings import proxies

PATIENCE_SECONDS = 15.0  # how long a check waits for what the agent lacks
_LATER_SECONDS = 0.02  # enough for libcurl to end a transfer by its own timeout first
SECOND_SECONDS = 3.0  # of a second handshake; the event waits for it


class Transfer:
    """A check that consists of libcurl's transfers. A subclass says which, and what they mean."""

    ends_at = deadline = 0.0
    keeps = ""

    def __init__(
        self, timeout_seconds: float, ca_file: str, environ: Mapping[str, str], *, is_private_allowed: bool
    ) -> None:
        self.timeout_seconds = timeout_seconds
        self.ca_file, self.environ = ca_file, environ  # the latter has the proxy variables
        self.address_filter = AddressFilter(is_private_allowed)
        self.second: SecondHandshake | None = None  # under way
        self.give_up_at = 0.0  # from then on, something that the agent lacks is no reason to try again
        self.is_put_off = False

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Make the event of a check that failed for ``why``, or that concluded."""
        raise NotImplementedError

    def replace_cause(self, why: Cause, *, is_inconclusive: bool) -> None:
        """Make the event again: another transfer, or another lookup, has shown the cause."""
        raise NotImplementedError

    def after(self, exchange: Any) -> Any:
        """Take an exchange that is over. Most checks have none."""
        raise NotImplementedError

    def break_off(self, defect: Exception) -> None:
        """Raise what should not happen."""
        raise defect

    def know_better(self, why: Cause) -> None:
        """Take the cause that another transfer, or another lookup, has shown."""
        self.replace_cause(why, is_inconclusive=why in SHORTAGES)

    def times(self, curl: Any) -> Times:
        """The times of the check."""
        return times_of(curl)

    def handle_for(self, url: str, timeout_seconds: float, model: Any = None) -> Any:
        """A handle with what each connection of this check needs. As ``handles.handle_for``."""
        return handle_for(url, timeout_seconds, self.address_filter, self.environ, model)

    def handle(self) -> Any:
        """The handle of the first transfer. None if nothing can be transferred: then the event is made."""
        at = time.monotonic()
        self.is_put_off = False
        self.give_up_at = self.give_up_at or at + PATIENCE_SECONDS
        self.ends_at = at + self.timeout_seconds
        # libcurl gives each redirect its time anew, and watches none once it shakes hands for a WebSocket.
        self.deadline = self.ends_at + _LATER_SECONDS
        return self.start()

    def start(self) -> Any:
        """The same, also if it is tried again in what is left of the check's time."""
        raise NotImplementedError

    def time_left(self) -> float:
        """How much of the check's time is left, in seconds; never 0, which libcurl takes for no limit."""
        return max(0.001, seconds_left(self.ends_at))

    def whole(self, times: Times) -> Times:
        """The times of a check that failed. If its time is over, that is how long it lasted: libcurl may know less."""
        if time.monotonic() < self.ends_at:
            return times
        return times._replace(total=max(times.total, round(1e6 * self.timeout_seconds)))

    def conclude_second(self, curl: Any) -> None:
        """Take the result of a second handshake."""
        if self.second and (found := self.second.finding(curl)):
            self.know_better(found)

    def conclude_shortage(self, curl: Any, code: int, text: str) -> bool:
        """Put the check off, or make its event, if the agent itself lacked something; whether it did."""
        own = self.address_filter
        lacked = shortage(curl, code, text, own.error_number, has_lent_tcp=own.has_lent_tcp)
        return lacked is not None and self.conclude_lacking(lacked, curl)

    def conclude_lacking(self, lacked: Cause, curl: Any = None) -> bool:
        """Put the check off, or make its event, since the agent lacked something. True."""
        if time.monotonic() < self.give_up_at:
            self.is_put_off = True
        else:
            self.make_event(lacked, curl, is_inconclusive=True)
        return True

    def further(self, curl: Any, code: int, text: str, *, has_response: bool) -> Any:
        """Return what can say more of a transfer that failed: a lookup, a second handshake's handle, or None."""
        if code == pycurl.E_COULDNT_RESOLVE_HOST and not self.address_filter.refusal:
            return SecondLookup(host_of(curl), seconds_left(self.ends_at))
        self.second = second_handshake(curl, code, text, has_response=has_response)
        return self._second_handle(curl) if self.second else None

    def why(self, curl: Any, code: int, text: str, status: int | None) -> Cause | None:
        """Why a transfer failed; None if it did not."""
        if refusal := self.address_filter.refusal:
            is_proxys = code == pycurl.E_COULDNT_CONNECT and curl.getinfo(pycurl.USED_PROXY)
            return proxys(refusal) if is_proxys else refusal
        if self._waited_for_dns(curl, text) and (of_dns := no_answer(host_of(curl), self.timeout_seconds)):
            return of_dns
        found = cause(curl, code, text, status, self.timeout_seconds)
        if found and status is None and curl.getinfo(pycurl.USED_PROXY):
            return on_the_way(curl, code, found, is_socks=self.proxy(_url_of(curl)).lower().startswith("socks"))
        return found

    def proxy(self, url: str) -> str:
        """The URL of the proxy through which ``url`` is requested; empty if there is none."""
        found = proxies.proxy_of(url, self.environ)
        return found.url if found else ""

    def _waited_for_dns(self, curl: Any, text: str) -> bool:
        # With the addresses of one family, the connection itself may be what hung.
        is_connecting = self.address_filter.has_lent and not curl.getinfo(pycurl.OS_ERRNO)
        return is_still_resolving(curl, text) and not is_connecting

    def _second_handle(self, curl: Any) -> Any:
        left = seconds_left(self.ends_at)
        if self.second is None or not left:
            return None
        curl = self.handle_for(_url_of(curl), min(left, SECOND_SECONDS))
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        self.second.prepare(curl)
        return curl


def _url_of(curl: Any) -> str:
    return str(curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("latin-1"))
