"""HTTP checks: many GETs at the same time, each with its own deadline. The result of each is an Event.

Nothing is opened or made at import, because the process forks after it.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import certifi
import pycurl

from functions.check_monitors.probes.address_filter import AddressFilter
from functions.check_monitors.probes.capacity import FILES, MEMORY, OUT_OF_MEMORY, THREADS, is_still_resolving, shortage
from functions.check_monitors.probes.causes import (
    MAX_REDIRECTS,
    UNSUPPORTED_SCHEME,
    URL_NOT_VALID,
    cause,
    host_of,
    proxys,
)
from functions.check_monitors.probes.curl_loop import Loop
from functions.check_monitors.probes.event_of_check import event_of
from functions.check_monitors.probes.handles import handle_for
from functions.check_monitors.probes.hops import Hops
from functions.check_monitors.probes.lookups import SecondLookup, family_for, forget_family, learn_family, no_answer
from functions.check_monitors.probes.second_handshake import SecondHandshake, second_handshake
from functions.check_monitors.probes.urls import UnsupportedScheme, as_ascii
from shared.models import Cause, Event, Monitor, now
from shared.settings import SettingError, Settings, proxies
from shared.words import cause_text

# A response is judged by its status and its headers. More of its body than this shows nothing new: it may have no end,
# as a radio's, or come in so many small parts that each costs more than it says.
ENOUGH_OF_A_BODY = 256 * 1024  # bytes
ENOUGH_PARTS = 1_000
ENOUGH_SECONDS = 1.0  # of a body that does not declare its length
_FIRST_LETTERS = frozenset(b"%c" % letter for letter in b"CcTtLl")  # of the header fields that we read
_UNREACHED = (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT)
PATIENCE_SECONDS = 15.0  # how long a check waits for what the agent lacks
SECOND_SECONDS = 3.0  # of a second handshake; the event waits for it

# libcurl's number, which pycurl does not name.
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
    environ = proxies.variables()
    checks = [HttpCheck(monitor, settings, ca_file, environ) for monitor in monitors]
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

    def __init__(self, monitor: Monitor, settings: Settings, ca_file: str, environ: Mapping[str, str]) -> None:
        self.monitor, self.settings = monitor, settings
        self.timeout_seconds = settings.check_timeout_seconds
        self.ca_file, self.environ = ca_file, environ
        self.address_filter = AddressFilter(settings.is_private_allowed)
        self.hops = Hops(environ)
        self.second: SecondHandshake | None = None  # under way
        self.give_up_at = 0.0  # from then on, something that the agent lacks is no reason to try again
        self.is_put_off = False
        self._begin()

    def _begin(self) -> None:
        self.url, self.family = "", pycurl.IPRESOLVE_WHATEVER  # as libcurl has them
        self.responses = 0  # responses whose headers began, without those of status 1xx
        self.size = 0  # bytes of the body so far; libcurl does not pass on the body of a redirect
        self.parts = 0  # the pieces in which libcurl passed it on
        self.is_declared = self.is_chunked = self.is_stream = False  # what the headers say of the body
        self.is_enough = False  # we ended the transfer ourselves, as nothing more is needed
        self.has_headers = False  # the response's headers are complete
        self.headers_at = 0.0  # when they were
        self.is_redirect = self.has_location = False  # the response is a redirect; it says where to

    def handle(self) -> Any:
        """The handle of the transfer, ready to start. None if nothing can be transferred: then the event is made."""
        self.is_put_off = False
        self.hops = Hops(self.environ)
        self.give_up_at = self.give_up_at or time.monotonic() + PATIENCE_SECONDS
        try:
            return self._transfer(as_ascii(self.monitor.target_url), self.timeout_seconds)
        except (ValueError, pycurl.error) as error:  # the latter for a URL of some megabytes
            lacked = isinstance(error, pycurl.error) and error.args[0] in OUT_OF_MEMORY
            not_valid = UNSUPPORTED_SCHEME if isinstance(error, UnsupportedScheme) else URL_NOT_VALID
            self._make_event(MEMORY if lacked else not_valid, is_inconclusive=lacked)
            return None

    def _transfer(self, url: str, timeout_seconds: float) -> Any:
        if self.address_filter.refuses(url):
            self._make_event(self.address_filter.refusal)
            return None
        curl = handle_for(url, timeout_seconds, self.address_filter, self.environ)
        self.url = url
        self.family = family_for(url)
        if self.family != pycurl.IPRESOLVE_WHATEVER:
            curl.setopt(pycurl.IPRESOLVE, self.family)
        curl.setopt(pycurl.CAINFO, self.ca_file)
        curl.setopt(pycurl.USERAGENT, "Bonghwa (+uptime check)")
        curl.setopt(pycurl.FOLLOWLOCATION, not self.hops.are_ours)
        curl.setopt(pycurl.MAXREDIRS, MAX_REDIRECTS)
        curl.setopt(pycurl.COOKIEFILE, "")  # keeps the cookies of this check: some sites want one back from a redirect
        curl.setopt(pycurl.FAILONERROR, 1)  # ends after an error's headers: nobody needs its body
        curl.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        return curl

    def _take_header(self, line: bytes) -> int | None:
        if line[:5].upper() == b"HTTP/":  # a response begins; a check that is redirected has several
            status = line.replace(b"\t", b" ").partition(b" ")[2].lstrip()  # libcurl takes any blank
            self.responses += not status.startswith(b"1")
            self.is_redirect = status.startswith(b"3")
            self.is_declared = self.is_chunked = self.is_stream = self.has_headers = self.has_location = False
        elif line in (b"\r\n", b"\n"):
            return self._end_headers()
        elif line[:1] in _FIRST_LETTERS:
            return self._take_field(line)
        return None

    def _take_field(self, line: bytes) -> int | None:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"content-length":
            self.is_declared = True
        elif name == b"transfer-encoding":
            self.is_chunked = True
        elif name == b"content-type":
            self.is_stream = b"text/event-stream" in value.lower()
        elif self.is_redirect and name == b"location":
            self.has_location = True
            return 0 if self.address_filter.refuses(value.decode("latin-1")) else None  # 0 ends the transfer
        return None

    def _end_headers(self) -> int | None:
        self.has_headers, self.headers_at = True, time.monotonic()
        # Its events may be hours apart. An error's body is not read anyway.
        self.is_enough = self.is_stream and not (self.is_declared or self.has_location)
        return 0 if self.is_enough else None

    def _take_body(self, part: bytes) -> int | None:
        if self.is_redirect and self.hops.are_ours:
            return None  # libcurl says where a redirect leads to only after its body
        self.size += len(part)
        self.parts += 1
        self.is_enough = (
            self.size > ENOUGH_OF_A_BODY
            or self.parts > ENOUGH_PARTS
            or (not self.is_declared and time.monotonic() - self.headers_at > ENOUGH_SECONDS)
        )
        return 0 if self.is_enough else None  # 0 ends the transfer with E_WRITE_ERROR

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Make the event of a transfer that ended.

        Return what can say more: the handle of another transfer or another lookup; None if nothing can.
        """
        if self.second:
            if found := self.second.finding(curl):
                self.know_better(found)
            return None
        if further := self._hop(curl, code):
            return further
        if self.hops.are_too_many:
            code = pycurl.E_TOO_MANY_REDIRECTS
        refusal = self.address_filter.refusal
        # The code of a redirect that led to no response is not the final one.
        has_response = self.responses > curl.getinfo(pycurl.REDIRECT_COUNT) and not refusal
        if has_response:
            code = self._of_the_response(code, text)
        status = curl.getinfo(pycurl.RESPONSE_CODE) or None if has_response else None
        if status:
            learn_family(curl, self.url)
        if code == pycurl.E_OK:
            self._make_event(self._why(curl, code, text, status), curl, status)
            return None
        if self.family != pycurl.IPRESOLVE_WHATEVER and code in _UNREACHED:
            forget_family(self.url)
            self._begin()
            return self.handle()
        if not refusal and self._conclude_shortage(curl, code, text):
            return None
        self._make_event(self._why(curl, code, text, status), curl, status)
        return self._further(curl, code, text, has_response=has_response)

    def _conclude_shortage(self, curl: Any, code: int, text: str) -> bool:
        """Put the check off, or make its event, if the agent itself lacked something; whether it did."""
        own = self.address_filter
        lacked = shortage(curl, code, text, own.error_number, has_lent=own.has_lent)
        if lacked and time.monotonic() < self.give_up_at:
            self._begin()
            self.is_put_off = True
        elif lacked:
            self._make_event(lacked, curl, is_inconclusive=True)
        return lacked is not None

    def _further(self, curl: Any, code: int, text: str, *, has_response: bool) -> Any:
        if code == pycurl.E_COULDNT_RESOLVE_HOST and not self.address_filter.refusal:
            seconds_left = self.timeout_seconds - self.hops.seconds(curl)
            return SecondLookup(host_of(curl), seconds_left)
        self.second = second_handshake(curl, code, text, has_response=has_response)
        return self._second_handle(curl) if self.second else None

    def know_better(self, why: Cause) -> None:
        """Take the cause that another transfer, or another lookup, has shown."""
        is_inconclusive = why in (FILES, MEMORY, THREADS)
        changes = {"cause": why, "error_message": cause_text("en", why), "is_inconclusive": is_inconclusive}
        self.event = self.event.model_copy(update={**changes, "timestamp": now()})

    def _why(self, curl: Any, code: int, text: str, status: int | None) -> Cause | None:
        if refusal := self.address_filter.refusal:
            is_proxys = code == pycurl.E_COULDNT_CONNECT and curl.getinfo(pycurl.USED_PROXY)
            return proxys(refusal) if is_proxys else refusal
        if self._waited_for_dns(curl, text) and (of_dns := no_answer(host_of(curl), self.timeout_seconds)):
            return of_dns
        return cause(curl, code, text, status, self.timeout_seconds)

    def _waited_for_dns(self, curl: Any, text: str) -> bool:
        # With the addresses of one family, the connection itself may be what hung.
        is_connecting = self.address_filter.has_lent and not curl.getinfo(pycurl.OS_ERRNO)
        return is_still_resolving(curl, text) and not is_connecting

    def _hop(self, curl: Any, code: int) -> Any:
        """The transfer of the next redirect, if we follow it and not libcurl."""
        url = self.hops.next_url(curl, code)
        if url is None or self.address_filter.refuses(url):
            return None
        self._begin()
        further = self._transfer(url, self.timeout_seconds - self.hops.seconds(curl))
        self.hops.go_on(curl, further, self.monitor.target_url, url)
        return further

    def _of_the_response(self, code: int, text: str) -> Any:
        """Return libcurl's code, or another one if libcurl judges the end of the response otherwise than we do."""
        if code == pycurl.E_OK and not self.has_headers:
            return pycurl.E_PARTIAL_FILE  # libcurl takes a connection that closes amid the headers for their end
        if not self.has_headers or self.has_location:
            return code
        if code == pycurl.E_WRITE_ERROR and self.is_enough:
            return pycurl.E_OK
        # Many servers close a TLS connection without its goodbye. If nothing declares the body's length, that is its
        # end, as for curl.
        is_unannounced_end = code == pycurl.E_RECV_ERROR and "unexpected eof" in text and not self.is_chunked
        is_over = is_unannounced_end or code == pycurl.E_OPERATION_TIMEDOUT
        return pycurl.E_OK if is_over and not self.is_declared else code

    def _second_handle(self, curl: Any) -> Any:
        seconds_left = self.timeout_seconds - self.hops.seconds(curl)
        if self.second is None or seconds_left <= 0:
            return None
        url = curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("latin-1")
        curl = handle_for(url, min(seconds_left, SECOND_SECONDS), self.address_filter, self.environ)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        self.second.prepare(curl)
        return curl

    def _make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        times = self.hops.times(curl) if curl else None
        self.event = event_of(self.monitor, self.settings, why, times, status, is_inconclusive=is_inconclusive)


_idle_loops: list[Loop] = []
