"""The look at a target: one GET, or many side by side, each with its own deadline, and what came of each as an Event.

Nothing is opened or made at import, because the process forks after it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import certifi
import pycurl

from functions.check_monitors.probes.address_filter import Gate
from functions.check_monitors.probes.causes import (
    ENDLESS,
    MAX_REDIRECTS,
    MAX_UNDECLARED_BODY,
    NO_URL,
    ONLY_HTTP,
    WRONG_DATES,
    cause,
    refused,
    wrong_date,
)
from functions.check_monitors.probes.curl_loop import Loop
from functions.check_monitors.probes.urls import as_ascii
from shared.models import Event, Monitor, now
from shared.settings import SettingError

ENOUGH_OF_A_DECLARED_BODY = 256 * 1024  # bytes

# libcurl's numbers that pycurl does not name.
QUICK_EXIT = 322  # before libcurl 8.20, a look whose name hangs would else end only when its thread does
_SUPPRESS_CONNECT_HEADERS = 265  # a proxy's own answer is no answer of the target


def probe(monitor: Monitor, *, timeout_seconds: float = 10.0, location: str | None = None) -> Event:
    """One look at ``monitor``; see ``probe_all``."""
    return probe_all([monitor], timeout_seconds=timeout_seconds, location=location)[0]


def probe_all(
    monitors: Sequence[Monitor],
    *,
    timeout_seconds: float = 10.0,
    spread_seconds: float = 0.0,
    location: str | None = None,
    agent: str | None = None,
    interval_seconds: float | None = None,
    is_private_allowed: bool = True,
    on_event: Callable[[Event], None] = lambda _: None,
) -> list[Event]:
    """Look at all ``monitors`` side by side; the events stand in the order of ``monitors``.

    The starts are spread evenly over ``spread_seconds``: after a burst one would measure one's own queue. Each look,
    redirects included, has ``timeout_seconds`` from its own start. A target's fault is an event, never an exception,
    and so is the refusal to connect to an address of the machine's own surroundings: see ``addresses``.
    ``on_event`` takes each as its look concludes; ``location``, ``agent`` and ``interval_seconds`` are the events'.

    Certificates are checked against the file that the environment variable ``SSL_CERT_FILE`` names, else certifi's.

    Raises:
        SettingError: that file cannot be read. It is not the targets' fault, so none of them shall look down.
    """
    # pycurl's wheels would look where Red Hat keeps its file.
    ca_file = os.environ.get("SSL_CERT_FILE") or certifi.where()
    if not os.access(ca_file, os.R_OK):
        raise SettingError("SSL_CERT_FILE", ca_file, "a file of trusted certificates that can be read")
    origin = {"location": location, "agent": agent, "interval_seconds": interval_seconds}
    looks = [_Look(monitor, timeout_seconds, ca_file, origin, is_private_allowed) for monitor in monitors]
    try:
        loop = _idle_loops.pop()
    except IndexError:
        loop = Loop()
    try:
        loop.run(looks, spread_seconds, lambda look: on_event(look.event))
    finally:
        _idle_loops.append(loop)
    return [look.event for look in looks]


class _Look:
    """One look: its handle while it is under way, what was seen so far, and in the end its event."""

    event: Event

    def __init__(
        self,
        monitor: Monitor,
        timeout_seconds: float,
        ca_file: str,
        origin: Mapping[str, Any],
        is_private_allowed: bool = True,
    ) -> None:
        self.monitor = monitor
        self.timeout_seconds = timeout_seconds
        self.ca_file = ca_file
        self.origin = origin  # what the events say of the agent
        self.gate = Gate(is_private_allowed)
        self.answers = 0  # their headers began, 1xx left out
        self.size = 0  # of the body so far, bytes; libcurl keeps that of a redirect to itself
        self.is_declared = False  # the body's length is
        self.has_headers = False  # all of them
        self.is_redirect = False  # the answer is
        self.verdict = 0  # OpenSSL's on the certificate's dates, once the handle is for reading them

    def handle(self) -> Any:
        """The handle of the transfer, ready to start; where there can be none, None, and the event is made."""
        try:
            url = as_ascii(self.monitor.target_url)
            curl = None if self.gate.refuses(url) else self._handle(url, self.timeout_seconds)
        except (ValueError, pycurl.error) as error:  # the latter where it is megabytes long
            self._make_event(ONLY_HTTP if error.args == (ONLY_HTTP,) else NO_URL)
            return None
        if curl is None:
            self._make_event(refused(self.gate.refusal))
            return None
        curl.setopt(pycurl.CAINFO, self.ca_file)
        curl.setopt(pycurl.USERAGENT, "Bonghwa (+uptime check)")
        curl.setopt(pycurl.FOLLOWLOCATION, 1)
        curl.setopt(pycurl.MAXREDIRS, MAX_REDIRECTS)
        curl.setopt(pycurl.FAILONERROR, 1)  # ends at an error's headers, its body is not needed
        curl.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        return curl

    def _handle(self, url: str | bytes, timeout_seconds: float) -> Any:
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        milliseconds = max(1, round(timeout_seconds * 1000))  # 0 would mean none
        curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(QUICK_EXIT, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        # Every look pays for all its phases: a resumed TLS session, too, would hide that the certificate expired.
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
        curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self.gate.open_socket)
        return curl

    def _take_header(self, line: bytes) -> int | None:
        if line.startswith(b"HTTP/"):  # an answer begins; a redirected look has several
            status = line.partition(b" ")[2]
            self.answers += not status.startswith(b"1")
            self.is_redirect = status.startswith(b"3")
            self.is_declared = self.has_headers = False
        elif line in (b"\r\n", b"\n"):
            self.has_headers = True
        elif line[:15].lower() == b"content-length:":
            self.is_declared = True
        elif self.is_redirect and line[:9].lower() == b"location:":
            return 0 if self.gate.refuses(line[9:].decode("latin-1")) else None  # 0 ends the transfer
        return None

    def _take_body(self, part: bytes) -> int | None:
        self.size += len(part)
        limit = ENOUGH_OF_A_DECLARED_BODY if self.is_declared else MAX_UNDECLARED_BODY
        return None if self.size <= limit else 0  # 0 ends the transfer with E_WRITE_ERROR

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Make the event of a transfer that ended. A handle where another is needed to say more, else None."""
        if self.verdict:
            if message := wrong_date(curl, self.verdict):
                self.event = self.event.model_copy(update={"error_message": message, "timestamp": now()})
            return None
        if code == pycurl.E_WRITE_ERROR and self.is_declared and self.size > ENOUGH_OF_A_DECLARED_BODY:
            code = pycurl.E_OK  # it is we who stopped
        if code == pycurl.E_OK and not self.has_headers:
            code = pycurl.E_PARTIAL_FILE  # libcurl takes a close amid the headers for their end
        # The code of a redirect that led to no answer is not the final one.
        is_answered = self.answers > curl.getinfo(pycurl.REDIRECT_COUNT) and not self.gate.refusal
        status = curl.getinfo(pycurl.RESPONSE_CODE) or None if is_answered else None
        is_endless = code == pycurl.E_WRITE_ERROR and self.size > MAX_UNDECLARED_BODY
        message = ENDLESS if is_endless else cause(curl, code, text, status, self.timeout_seconds)
        if reason := self.gate.refusal:
            message = refused(reason, is_proxys=code == pycurl.E_COULDNT_CONNECT and curl.getinfo(pycurl.USED_PROXY))
        self._make_event(message, curl, status)
        verdict = curl.getinfo(pycurl.SSL_VERIFYRESULT) if code == pycurl.E_PEER_FAILED_VERIFICATION else 0
        seconds_left = self.timeout_seconds - curl.getinfo(pycurl.TOTAL_TIME)
        return self._date_reader(curl, verdict, seconds_left) if verdict in WRONG_DATES and seconds_left > 0 else None

    def _date_reader(self, curl: Any, verdict: int, seconds_left: float) -> Any:
        # A handshake that failed does not show the certificate. This one passes, and no request is sent.
        self.verdict = verdict
        curl = self._handle(curl.getinfo_raw(pycurl.EFFECTIVE_URL), seconds_left)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        return curl

    def _make_event(self, message: str | None, curl: Any = None, status: int | None = None) -> None:
        self.event = Event(
            target_url=_storable(self.monitor.target_url),
            monitor=_storable(self.monitor.name),
            timestamp=now(),
            is_success=message is None,
            status_code=status,
            error_message=None if message is None else _text(message, 300),
            **self.origin,
            **(_phases(curl, status is not None) if curl else {}),
        )


_idle_loops: list[Loop] = []


def _phases(curl: Any, is_answered: bool) -> dict[str, Any]:
    """How long each phase took, in milliseconds, summed over the redirects; None for one that was not reached."""
    dns, connected, ready, answered, total = (
        curl.getinfo(time) / 1000
        for time in (
            pycurl.NAMELOOKUP_TIME_T,
            pycurl.CONNECT_TIME_T,
            pycurl.PRETRANSFER_TIME_T,
            pycurl.STARTTRANSFER_TIME_T,
            pycurl.TOTAL_TIME_T,
        )
    )
    # libcurl's times count from the start. Its one of TLS leaves out the http part of a way from http to https.
    is_tls = curl.getinfo(pycurl.APPCONNECT_TIME_T) > 0
    return {
        "response_time_ms": total,
        "dns_ms": dns or None,
        "connect_ms": round(max(0.0, connected - dns), 3) if connected else None,
        "tls_ms": round(max(0.0, ready - connected), 3) if is_tls else None,
        "first_byte_ms": round(max(0.0, answered - (ready if is_tls else connected)), 3) if is_answered else None,
    }


def _text(value: str, length: int) -> str:
    """``value`` without what a terminal, a mail or the store would stumble over."""
    return "".join(c if c.isprintable() else "�" for c in value)[:length] or "?"


def _storable(value: str) -> str:
    """``value`` verbatim, unless no event could carry it."""
    return value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")[:2048] or "?"
