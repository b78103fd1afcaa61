"""HTTP checks: many GETs at the same time, each with its own deadline. The result of each is an Event.

Nothing is opened or made at import, because the process forks after it.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import certifi
import pycurl

from functions.check_monitors.probes.address_filter import AddressFilter
from functions.check_monitors.probes.causes import (
    MAX_REDIRECTS,
    MAX_UNDECLARED_BODY,
    TOO_LONG,
    UNSUPPORTED_SCHEME,
    URL_NOT_VALID,
    WRONG_DATES,
    cause,
    proxys,
    wrong_date,
)
from functions.check_monitors.probes.curl_loop import Loop
from functions.check_monitors.probes.hops import Hops
from functions.check_monitors.probes.urls import UnsupportedScheme, as_ascii
from shared.models import Cause, Event, Monitor, now
from shared.settings import SettingError, Settings, proxies
from shared.words import cause_text

ENOUGH_OF_A_DECLARED_BODY = 256 * 1024  # bytes

# libcurl's numbers that pycurl does not name.
QUICK_EXIT = 322  # before libcurl 8.20, a hanging DNS lookup otherwise blocks cleanup until its thread ends
_SUPPRESS_CONNECT_HEADERS = 265  # a proxy's own response is not the target's


def probe_all(
    monitors: Sequence[Monitor],
    settings: Settings,
    *,
    spread_seconds: float = 0.0,
    on_event: Callable[[Event], None] = lambda _: None,
) -> list[Event]:
    """Check all ``monitors`` at the same time; the events are in the order of ``monitors``.

    The starts are spread evenly over ``spread_seconds``: a burst of checks would measure its own queue. Each check,
    with its redirects, has CHECK_TIMEOUT_SECONDS from its own start. A target's fault is an event, never an exception,
    and so is the refusal to connect to an address: see ``address_filter``. ``on_event`` takes each event as soon as
    its check has concluded.

    Certificates are verified with the file that the environment variable ``SSL_CERT_FILE`` names, or with certifi's.

    Raises:
        SettingError: that file cannot be read. The targets are not to blame, so no event says that they fail.
    """
    # pycurl's wheels would read Red Hat's file.
    ca_file = os.environ.get("SSL_CERT_FILE") or certifi.where()
    if not os.access(ca_file, os.R_OK):
        raise SettingError("SSL_CERT_FILE", ca_file, "a file of trusted certificates that can be read")
    checks = [HttpCheck(monitor, settings, ca_file) for monitor in monitors]
    try:
        loop = _idle_loops.pop()
    except IndexError:
        loop = Loop()
    try:
        loop.run(checks, spread_seconds, lambda check: on_event(check.event))
    finally:
        _idle_loops.append(loop)
    return [check.event for check in checks]


class HttpCheck:
    """One check: what it has seen so far, and in the end its event."""

    event: Event

    def __init__(self, monitor: Monitor, settings: Settings, ca_file: str) -> None:
        self.monitor = monitor
        self.settings = settings
        self.timeout_seconds = settings.check_timeout_seconds
        self.ca_file = ca_file
        self.address_filter = AddressFilter(settings.is_private_allowed)
        self.hops = Hops()
        self.responses = 0  # responses whose headers began, without those of status 1xx
        self.size = 0  # bytes of the body so far; libcurl does not pass on the body of a redirect
        self.is_declared = False  # the response declares its body's length
        self.has_headers = False  # the response's headers are complete
        self.is_redirect = False  # the response is a redirect
        self.verdict = 0  # OpenSSL's on the certificate's dates, while a second transfer reads them

    def handle(self) -> Any:
        """The handle of the transfer, ready to start. None if nothing can be transferred: then the event is made."""
        try:
            return self._transfer(as_ascii(self.monitor.target_url), self.timeout_seconds)
        except (ValueError, pycurl.error) as error:  # the latter for a URL of some megabytes
            self._make_event(UNSUPPORTED_SCHEME if isinstance(error, UnsupportedScheme) else URL_NOT_VALID)
            return None

    def _transfer(self, url: str, timeout_seconds: float) -> Any:
        if self.address_filter.refuses(url):
            self._make_event(self.address_filter.refusal)
            return None
        curl = self._handle(url, timeout_seconds)
        curl.setopt(pycurl.CAINFO, self.ca_file)
        curl.setopt(pycurl.USERAGENT, "Bonghwa (+uptime check)")
        curl.setopt(pycurl.FOLLOWLOCATION, not self.hops.are_ours)
        curl.setopt(pycurl.MAXREDIRS, MAX_REDIRECTS)
        curl.setopt(pycurl.FAILONERROR, 1)  # ends after an error's headers: nobody needs its body
        curl.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        return curl

    def _handle(self, url: str, timeout_seconds: float) -> Any:
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url.encode("latin-1"))
        proxies.set_proxy(curl, url)
        milliseconds = max(1, round(timeout_seconds * 1000))  # 0 would mean none
        curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(QUICK_EXIT, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        # Each check goes through all phases. A resumed TLS session, too, would hide that the certificate expired.
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
        curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self.address_filter.open_socket)
        return curl

    def _take_header(self, line: bytes) -> int | None:
        if line[:5].upper() == b"HTTP/":  # a response begins; a check that is redirected has several
            status = line.replace(b"\t", b" ").partition(b" ")[2].lstrip()  # libcurl takes any blank
            self.responses += not status.startswith(b"1")
            self.is_redirect = status.startswith(b"3")
            self.is_declared = self.has_headers = False
        elif line in (b"\r\n", b"\n"):
            self.has_headers = True
        elif line[:15].lower() == b"content-length:":
            self.is_declared = True
        elif self.is_redirect and line[:9].lower() == b"location:":
            return 0 if self.address_filter.refuses(line[9:].decode("latin-1")) else None  # 0 ends the transfer
        return None

    def _take_body(self, part: bytes) -> int | None:
        if self.is_redirect and self.hops.are_ours:
            return None  # libcurl says where a redirect leads to only after its body
        self.size += len(part)
        limit = ENOUGH_OF_A_DECLARED_BODY if self.is_declared else MAX_UNDECLARED_BODY
        return None if self.size <= limit else 0  # 0 ends the transfer with E_WRITE_ERROR

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Make the event of a transfer that ended. A handle if another transfer can say more, otherwise None."""
        if self.verdict:
            if dated := wrong_date(curl, self.verdict):
                changes = {"cause": dated, "error_message": cause_text("en", dated), "timestamp": now()}
                self.event = self.event.model_copy(update=changes)
            return None
        if further := self._hop(curl, code):
            return further
        if self.hops.are_too_many:
            code = pycurl.E_TOO_MANY_REDIRECTS
        if code == pycurl.E_WRITE_ERROR and self.is_declared and self.size > ENOUGH_OF_A_DECLARED_BODY:
            code = pycurl.E_OK  # we ended the transfer ourselves
        if code == pycurl.E_OK and not self.has_headers:
            code = pycurl.E_PARTIAL_FILE  # libcurl takes a connection that closes amid the headers for their end
        refusal = self.address_filter.refusal
        # The code of a redirect that led to no response is not the final one.
        has_response = self.responses > curl.getinfo(pycurl.REDIRECT_COUNT) and not refusal
        status = curl.getinfo(pycurl.RESPONSE_CODE) or None if has_response else None
        is_too_long = code == pycurl.E_WRITE_ERROR and self.size > MAX_UNDECLARED_BODY
        why = TOO_LONG if is_too_long else cause(curl, code, text, status, self.timeout_seconds)
        if refusal:
            is_proxys = code == pycurl.E_COULDNT_CONNECT and curl.getinfo(pycurl.USED_PROXY)
            why = proxys(refusal) if is_proxys else refusal
        self._make_event(why, curl, status)
        verdict = curl.getinfo(pycurl.SSL_VERIFYRESULT) if code == pycurl.E_PEER_FAILED_VERIFICATION else 0
        seconds_left = self.timeout_seconds - self.hops.seconds(curl)
        return self._date_reader(curl, verdict, seconds_left) if verdict in WRONG_DATES and seconds_left > 0 else None

    def _hop(self, curl: Any, code: int) -> Any:
        """The transfer of the next redirect, if we follow it and not libcurl."""
        url = self.hops.next_url(curl, code)
        if url is None or self.address_filter.refuses(url):
            return None
        further = self._transfer(url, self.timeout_seconds - self.hops.seconds(curl))
        self.hops.go_on(curl, further, self.monitor.target_url, url)
        self.responses = 0
        self.has_headers = self.is_redirect = False
        return further

    def _date_reader(self, curl: Any, verdict: int, seconds_left: float) -> Any:
        # A failed handshake does not show the certificate. This handshake accepts any, and no request follows it.
        self.verdict = verdict
        curl = self._handle(curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("latin-1"), seconds_left)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        return curl

    def _make_event(self, why: Cause | None, curl: Any = None, status: int | None = None) -> None:
        self.event = Event(
            target_url=_storable(self.monitor.target_url),
            monitor=_storable(self.monitor.name),
            timestamp=now(),
            is_success=why is None,
            status_code=status,
            error_message=cause_text("en", why) or None,
            cause=why,
            location=self.settings.location,
            agent=self.settings.agent,
            interval_seconds=self.settings.check_interval_seconds,
            **(_phases(self.hops.times(curl), status is not None) if curl else {}),
        )


_idle_loops: list[Loop] = []


def _phases(times: Sequence[int], has_response: bool) -> dict[str, Any]:
    """How long each phase took, in milliseconds, summed over the redirects; None for a phase that was not reached."""
    dns, connected, ready, first_byte, total, tls = (time / 1000 for time in times)
    # libcurl's times count from the start. APPCONNECT_TIME leaves out the requests before a redirect to https.
    is_tls = tls > 0
    return {
        "response_time_ms": total,
        "dns_ms": dns or None,
        "connect_ms": round(max(0.0, connected - dns), 3) if connected else None,
        "tls_ms": round(max(0.0, ready - connected), 3) if is_tls else None,
        "first_byte_ms": round(max(0.0, first_byte - (ready if is_tls else connected)), 3) if has_response else None,
    }


def _storable(value: str) -> str:
    """``value`` verbatim if an event can carry it, otherwise the nearest text that it can carry."""
    return value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")[:2048] or "?"
