"""The part that libcurl's checks of a policy share: each makes a connection and notes what it saw of it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pycurl

from functions.check_monitors.probes.event_of_check import Times
from functions.check_monitors.probes.judgement import NotCheckable, Subject, fault_of
from functions.check_monitors.probes.loop.capacity import SHORTAGES
from functions.check_monitors.probes.network.certificates import (
    CA_NOT_USABLE,
    CLIENTS_NOT_USABLE,
    NOT_USABLE,
    ca_file_of,
    expires_at,
    set_tls,
)
from functions.check_monitors.probes.transfers.transfer import Transfer
from functions.check_monitors.probes.urls import as_ascii
from shared.models import Cause
from shared.monitors.placeholders import MissingValue
from shared.settings import proxies

_TIMEOUTS = ("no_response", "response_too_slow")
_OF_CERTIFICATES = {pycurl.E_SSL_CERTPROBLEM: CLIENTS_NOT_USABLE, pycurl.E_SSL_CACERT_BADFILE: CA_NOT_USABLE}


class PolicyTransfer(Transfer):
    """A check of a policy by libcurl's transfers. It notes in ``subject.seen`` what it sees."""

    is_tls = False

    def __init__(self, subject: Subject) -> None:
        super().__init__(
            subject.policy.timeout,
            subject.ca_file,
            subject.environ,
            is_private_allowed=subject.settings.is_private_allowed,
        )
        self.subject = subject
        self.resolution: Any = None
        self._own_addresses: Any = None  # a pycurl.CurlShare with what the policy's resolver said
        self._fault: NotCheckable | MissingValue | None = None
        if own := subject.policy.ca_certificate:
            try:
                self.ca_file = ca_file_of(own, subject.filled(own))
            except (NotCheckable, MissingValue) as fault:
                self._fault = fault

    def start(self) -> Any:
        """Return the first step; None if the policy cannot be used as it is, or its host is refused."""
        self.resolution = None
        return self.safely(self._begin)

    def safely(self, step: Callable[[], Any]) -> Any:
        """Return what ``step`` returns; None if the policy cannot be used as it is, which is noted."""
        try:
            return step()
        except (MissingValue, pycurl.error, ValueError) as error:
            why, is_inconclusive = fault_of(error)
            self.make_event(why, is_inconclusive=is_inconclusive)
        return None

    def first(self) -> Any:
        """The first transfer. Raises what ``safely`` takes."""
        raise NotImplementedError

    def place(self) -> tuple[str, int]:
        """The host and the port of the first transfer. Raises what ``safely`` takes."""
        raise NotImplementedError

    def after(self, exchange: Any) -> Any:
        """Take what the policy's resolver said; what comes next."""
        return self.safely(lambda: self._take_addresses(exchange))

    def _begin(self) -> Any:
        if self._fault:
            raise self._fault
        self.subject.begin()
        if self.subject.policy.resolver:
            # dnspython is loaded only if a monitor needs it.
            from functions.check_monitors.probes.network.resolution import resolution_of

            self.resolution = resolution_of(
                self.subject.policy.resolver,
                self.place()[0],
                self.subject.policy.ip_version,
                self.subject.filled,
                is_private_allowed=self.subject.settings.is_private_allowed,
            )
            self._own_addresses = pycurl.CurlShare()
            self._own_addresses.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_DNS)
        return self._ask() if self.resolution else self.first()

    def _ask(self) -> Any:
        """The next question for addresses; if there is none, the first transfer, or the end of the check."""
        resolution = self.resolution
        if question := resolution.question(self.ends_at, self.timeout_seconds):
            return question
        if resolution.addresses:
            return self.first()
        if resolution.why in SHORTAGES:
            self.conclude_lacking(resolution.why)
        else:
            self.make_event(resolution.why)
        return None

    def _take_addresses(self, exchange: Any) -> Any:
        self.resolution.take(exchange)
        return self._ask()

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Note how the check ended. Its event is made when the run needs it."""
        seen = self.subject.seen
        is_ours = is_inconclusive or why in NOT_USABLE
        seen.why, seen.is_inconclusive, seen.status = why, is_ours, status
        if curl:
            seen.times = self._with_resolution(self.times(curl))
            seen.times = self.whole(seen.times) if why else seen.times
            seen.ip = curl.getinfo(pycurl.PRIMARY_IP) or None
            seen.is_connected = curl.getinfo(pycurl.CONNECT_TIME) > 0
            seen.has_response = status is not None
            if seen.times.tls:
                seen.certificate_expires_at = expires_at(curl)

    def break_off(self, defect: Exception) -> None:
        """Note what should not happen: the other checks of the run go on."""
        self.subject.break_off(defect)

    def replace_cause(self, why: Cause, *, is_inconclusive: bool) -> None:
        """Take a cause that was found after the check had ended."""
        self.subject.seen.why, self.subject.seen.is_inconclusive = why, is_inconclusive

    def conclude_second(self, curl: Any) -> None:
        """Take the result of a second handshake, which shows a certificate that the first one refused."""
        super().conclude_second(curl)
        seen = self.subject.seen
        seen.certificate_expires_at = seen.certificate_expires_at or expires_at(curl)

    def handle_for(self, url: str, timeout_seconds: float, model: Any = None) -> Any:
        """A handle with the policy's way to the server."""
        curl = super().handle_for(url, timeout_seconds, model)
        policy = self.subject.policy
        if policy.ip_version:
            curl.setopt(pycurl.IPRESOLVE, pycurl.IPRESOLVE_V4 if policy.ip_version == 4 else pycurl.IPRESOLVE_V6)
        if self.resolution:
            # Otherwise libcurl would keep them for every other monitor of the same host, and for good.
            curl.setopt(pycurl.SHARE, self._own_addresses)
            # A redirect to the same host mostly leads to one of these ports.
            curl.setopt(pycurl.RESOLVE, self.resolution.lines({80, 443, self.place()[1]}))
        if policy.proxy:
            self._set_proxy(curl, self.proxy(url))
        self.is_tls = url[:5].lower() == "https" or self.is_tls
        return curl

    def set_tls(self, curl: Any) -> None:
        """Set what the policy says of TLS. A second handshake does without."""
        set_tls(curl, self.subject.policy, self.ca_file, self.subject.client_certificate())

    def why(self, curl: Any, code: int, text: str, status: int | None) -> Cause | None:
        """Why a transfer failed, with the phase in which its time was over."""
        if code in _OF_CERTIFICATES:
            return _OF_CERTIFICATES[code]
        found = super().why(curl, code, text, status)
        if found is None or found.code not in _TIMEOUTS or status is not None:
            return found
        if not curl.getinfo(pycurl.CONNECT_TIME):
            return Cause.of("connect_too_slow", seconds=self.timeout_seconds)
        if self.is_tls and not curl.getinfo(pycurl.APPCONNECT_TIME):
            return Cause.of("tls_too_slow", seconds=self.timeout_seconds)
        return found

    def proxy(self, url: str) -> str:
        """The URL of the proxy through which ``url`` is requested; empty if there is none."""
        own = self.subject.policy.proxy
        return self.subject.filled(own).strip() if own else super().proxy(url)

    def _with_resolution(self, times: Times) -> Times:
        """The times with that of the policy's own resolver."""
        own = self.resolution.microseconds if self.resolution else 0
        if not own:
            return times
        # A phase that was not reached stays so. libcurl's own part of the resolution may have taken no time.
        return Times(*[time and time + own for time in times])._replace(dns=times.dns + own)

    def _set_proxy(self, curl: Any, proxy: str) -> None:
        if proxies.url_of(proxy) is None:
            raise NotCheckable(Cause.of("proxy_not_valid"))  # libcurl's own words would show its password
        curl.setopt(pycurl.PROXY, proxy)
        curl.setopt(pycurl.NOPROXY, "")
        curl.setopt(pycurl.PROXY_CAINFO, self.subject.ca_file)


def parts_of(url: str) -> SplitResult:
    """A URL's parts; its host as libcurl takes it. Raises ValueError if it names no host, or its port is no port."""
    parts = urlsplit(url.strip())
    if not parts.hostname or parts.port == 0:
        raise ValueError("a URL with a host")
    return parts


def address_url(scheme: str, host: str, port: int) -> str:
    """The URL with which libcurl connects to ``host``: ``http`` for TCP alone, ``https`` for TLS."""
    authority = f"[{host}]" if ":" in host else host
    return as_ascii(f"{scheme}://{authority}:{port}/")
