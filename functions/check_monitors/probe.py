"""The look at a target: one GET, or many side by side, each with its own deadline, and what came of each as an Event.

Nothing is opened or made at import, because the process forks after it.
"""

import errno
import http
import operator
import os
import selectors
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import certifi
import idna
import pycurl
from requests.utils import requote_uri

from shared.models import Event, Monitor, now

MAX_REDIRECTS = 10
ENOUGH_OF_A_DECLARED_BODY = 256 * 1024  # bytes
MAX_UNDECLARED_BODY = 10 * 1024 * 1024  # bytes

# libcurl resolves names in 20 threads per CurlMulti, two for each name (IPv4, IPv6), and further names wait behind
# them: a few names that hang would let healthy targets miss their deadlines. So a CurlMulti gets fewer names than that
# at a time, and what is beyond them goes to another CurlMulti.
_LOOKUPS_PER_MULTI = 8
_SLOW_LOOKUP_SECONDS = 0.05  # a start waits so long for a free thread before another CurlMulti is made
_HUNG_LOOKUP_SECONDS = 60.0  # a thread counts as busy for so long after its look gave up on it

# libcurl's numbers that pycurl does not name.
_QUICK_EXIT = 322  # before libcurl 8.20, a look whose name hangs would else end only when its thread does
_SUPPRESS_CONNECT_HEADERS = 265  # a proxy's own answer is no answer of the target
_TOO_LARGE = 100

_ONLY_HTTP = "only http and https are looked at"
_NO_URL = "not a valid URL"
_NO_HTTP = "not an HTTP answer"
_RESET = "connection reset"

_BY_CODE = {
    pycurl.E_URL_MALFORMAT: _NO_URL,
    pycurl.E_UNSUPPORTED_PROTOCOL: _ONLY_HTTP,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: _NO_HTTP,
    pycurl.E_TOO_MANY_REDIRECTS: f"more than {MAX_REDIRECTS} redirects",
    pycurl.E_GOT_NOTHING: "connection closed without an answer",
    pycurl.E_PARTIAL_FILE: "the answer ended early",
    pycurl.E_WRITE_ERROR: f"the answer did not end within {MAX_UNDECLARED_BODY // 2**20} MiB",
    _TOO_LARGE: "the answer's headers are too large",
}
_BY_TEXT = {  # for the codes that stand for several things; these come first
    "HTTP/0.9": _NO_HTTP,
    "reset by peer": _RESET,
    "Broken pipe": _RESET,
    "Too large response headers": _BY_CODE[_TOO_LARGE],
}
_BY_ERRNO = {
    errno.ECONNREFUSED: "connection refused",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ECONNRESET: _RESET,
}
_BY_VERIFY_RESULT = {  # OpenSSL's X509_V_ERR_…
    2: "certificate issuer is not trusted",
    9: "certificate is not valid yet",
    10: "certificate expired",
    18: "certificate is self-signed",
    19: "certificate issuer is not trusted",
    20: "certificate issuer is not trusted",
    21: "certificate issuer is not trusted",
}
_WRONG_DATES = {  # of the above: the field that says since or until when, how it compares to now, the message
    9: (b"Start date", operator.gt, "certificate is not valid before"),
    10: (b"Expire date", operator.lt, "certificate expired on"),
}
_TLS_CODES = {
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CIPHER,
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_CERTPROBLEM,
}


def probe(monitor: Monitor, *, timeout_seconds: float = 10.0, location: str | None = None) -> Event:
    """One look at ``monitor``; see ``probe_all``."""
    return probe_all([monitor], timeout_seconds=timeout_seconds, location=location)[0]


def probe_all(
    monitors: Sequence[Monitor],
    *,
    timeout_seconds: float = 10.0,
    spread_seconds: float = 0.0,
    location: str | None = None,
) -> list[Event]:
    """Look at all ``monitors`` side by side; the events stand in the order of ``monitors``.

    The starts are spread evenly over ``spread_seconds``: after a burst one would measure one's own queue. Each look,
    redirects included, has ``timeout_seconds`` from its own start. A target's fault is an event, never an exception.

    Certificates are checked against the file that the environment variable ``SSL_CERT_FILE`` names, else certifi's.

    Raises:
        OSError: that file cannot be read. It is not the targets' fault, so none of them shall look down.
    """
    # pycurl's wheels would look where Red Hat keeps its file.
    ca_file = os.environ.get("SSL_CERT_FILE") or certifi.where()
    Path(ca_file).open("rb").close()
    looks = [_Look(monitor, timeout_seconds, ca_file, location) for monitor in monitors]
    try:
        loop = _idle_loops.pop()
    except IndexError:
        loop = _Loop()
    try:
        loop.run(looks, spread_seconds)
    finally:
        _idle_loops.append(loop)
    return [look.event for look in looks]


class _Look:
    """One look: its handle while it is under way, what was seen so far, and in the end its event."""

    event: Event

    def __init__(self, monitor: Monitor, timeout_seconds: float, ca_file: str, location: str | None) -> None:
        self.monitor = monitor
        self.timeout_seconds = timeout_seconds
        self.ca_file = ca_file
        self.location = location
        self.answers = 0  # their headers began, 1xx left out
        self.size = 0  # of the body so far, bytes; libcurl keeps that of a redirect to itself
        self.is_declared = False
        self.wrong_date = 0  # the key in _WRONG_DATES, once the handle is for reading the certificate

    def handle(self) -> Any:
        """The handle of the transfer, ready to start; where there can be none, None, and the event is made."""
        try:
            curl = self._handle(_as_ascii(self.monitor.target_url), self.timeout_seconds)
        except ValueError as error:
            self._make_event(_ONLY_HTTP if error.args == (_ONLY_HTTP,) else _NO_URL)
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
        curl.setopt(_QUICK_EXIT, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        # Every look pays for all its phases: a resumed TLS session, too, would hide that the certificate expired.
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
        curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
        curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
        return curl

    def _take_header(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):  # an answer begins; a redirected look has several
            self.answers += not line.partition(b" ")[2].startswith(b"1")
            self.is_declared = False
        elif line[:15].lower() == b"content-length:":
            self.is_declared = True

    def _take_body(self, part: bytes) -> int | None:
        self.size += len(part)
        limit = ENOUGH_OF_A_DECLARED_BODY if self.is_declared else MAX_UNDECLARED_BODY
        return None if self.size <= limit else 0  # 0 ends the transfer with E_WRITE_ERROR

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Make the event of a transfer that ended. A handle where another is needed to say more, else None."""
        if self.wrong_date:
            self._read_date(curl)
            return None
        if code == pycurl.E_WRITE_ERROR and self.is_declared:
            code = pycurl.E_OK
        # The code of a redirect that led to no answer is not the final one.
        is_answered = self.answers > curl.getinfo(pycurl.REDIRECT_COUNT)
        status = curl.getinfo(pycurl.RESPONSE_CODE) if is_answered else None
        self._make_event(self._error_message(curl, code, text, status), curl, status)
        wrong_date = curl.getinfo(pycurl.SSL_VERIFYRESULT) if code == pycurl.E_PEER_FAILED_VERIFICATION else 0
        seconds_left = self.timeout_seconds - curl.getinfo(pycurl.TOTAL_TIME)
        if wrong_date not in _WRONG_DATES or seconds_left <= 0:
            return None
        # A handshake that failed does not show the certificate. This one passes, and no request is sent.
        self.wrong_date = wrong_date
        curl = self._handle(curl.getinfo_raw(pycurl.EFFECTIVE_URL), seconds_left)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        return curl

    def _error_message(self, curl: Any, code: int, text: str, status: int | None) -> str | None:
        if code in (pycurl.E_OK, pycurl.E_HTTP_RETURNED_ERROR):
            return _status_message(status)
        if code == pycurl.E_OPERATION_TIMEDOUT:
            what = "no answer" if status is None else "the answer did not end"
            return f"{what} within {self.timeout_seconds:g} s"
        if code == pycurl.E_COULDNT_RESOLVE_HOST:
            return f"host not found: {_host(curl)}"
        for fragment, message in _BY_TEXT.items():
            if fragment in text:
                return message
        if code == pycurl.E_COULDNT_CONNECT:
            number = curl.getinfo(pycurl.OS_ERRNO)
            return _BY_ERRNO.get(number) or f"connection failed: {os.strerror(number).lower() if number else text}"
        if code == pycurl.E_RECV_ERROR and "unexpected eof" in text:  # closed without TLS's own goodbye
            return _BY_CODE[pycurl.E_GOT_NOTHING if status is None else pycurl.E_PARTIAL_FILE]
        if code == pycurl.E_PEER_FAILED_VERIFICATION and "subject name" in text:
            return f"certificate is for another host than {_host(curl)}"
        if code in _TLS_CODES:
            verdict = _BY_VERIFY_RESULT.get(curl.getinfo(pycurl.SSL_VERIFYRESULT))
            return verdict or f"TLS handshake failed: {text.rpartition('::')[2]}"
        if text[1:2].islower():
            text = text[0].lower() + text[1:]
        return _BY_CODE.get(code) or text.rstrip(".") or f"libcurl error {code}"

    def _read_date(self, curl: Any) -> None:
        field, is_wrong, message = _WRONG_DATES[self.wrong_date]
        values = [
            value
            for certificate in curl.getinfo_raw(pycurl.INFO_CERTINFO)
            for name, value in certificate
            if name == field
        ]
        for value in values:  # of the host's own certificate first, then of its issuers'
            try:
                date = datetime.fromtimestamp(ssl.cert_time_to_seconds(value.decode("ascii")), UTC)
            except (ValueError, OverflowError):
                continue
            if is_wrong(date, now()):
                changed = {"error_message": f"{message} {date:%Y-%m-%d}", "timestamp": now()}
                self.event = self.event.model_copy(update=changed)
                return

    def _make_event(self, message: str | None, curl: Any = None, status: int | None = None) -> None:
        self.event = Event(
            target_url=_storable(self.monitor.target_url),
            monitor=_storable(self.monitor.name),
            location=self.location,
            timestamp=now(),
            is_success=message is None,
            status_code=status,
            error_message=None if message is None else _text(message, 300),
            **(_phases(curl, status is not None) if curl else {}),
        )


class _Multi:
    """A CurlMulti, and how many of its threads are at names."""

    def __init__(self, watch: Callable[..., None]) -> None:
        self.curl_multi = pycurl.CurlMulti()
        self.curl_multi.setopt(pycurl.M_SOCKETFUNCTION, watch)
        self.curl_multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        self.lookups: list[Any] = []  # handles whose name may still be looked up
        self.hung_until: deque[float] = deque()

    def has_room(self, at: float) -> bool:
        """Whether a name that is looked up from now on gets a thread at once."""
        self.lookups = [curl for curl in self.lookups if not curl.getinfo(pycurl.NAMELOOKUP_TIME)]
        while self.hung_until and self.hung_until[0] <= at:
            self.hung_until.popleft()
        return len(self.lookups) + len(self.hung_until) < _LOOKUPS_PER_MULTI


class _Loop:
    """Runs looks over one CurlMulti, or several where many names hang; for one run at a time.

    It is kept for the next run, because libcurl parses the trusted certificates once per CurlMulti.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._multis: list[_Multi] = []
        self._under_way: dict[Any, tuple[_Multi, _Look]] = {}
        self._started_at = 0.0

    def run(self, looks: Sequence[_Look], spread_seconds: float) -> None:
        """Run ``looks`` to their ends, their starts spread evenly over ``spread_seconds``."""
        began = time.monotonic()
        due = deque((began + spread_seconds * i / len(looks), look) for i, look in enumerate(looks))
        try:
            while due or self._under_way:
                seconds = self._start_due(due)
                if due or self._under_way:  # what was due may have had no URL to start with
                    self._step(seconds)
        finally:
            for curl in list(self._under_way):
                self._end(curl)

    def _start_due(self, due: deque[tuple[float, _Look]]) -> float:
        """Start the looks that are due; in how many seconds to ask again."""
        while due:
            starts_at, look = due[0]
            at = time.monotonic()
            if at < starts_at:
                return starts_at - at
            multi = next((multi for multi in self._multis if multi.has_room(at)), None)
            if multi is None:
                patience = max(starts_at, self._started_at) + _SLOW_LOOKUP_SECONDS - at
                if self._multis and patience > 0:
                    return patience
                multi = _Multi(self._watch)
                self._multis.append(multi)
            due.popleft()
            self._started_at = at
            if curl := look.handle():
                self._start(curl, multi, look)
        return 60.0

    def _start(self, curl: Any, multi: _Multi, look: _Look) -> None:
        self._under_way[curl] = multi, look
        multi.lookups.append(curl)
        multi.curl_multi.add_handle(curl)

    def _step(self, seconds: float) -> None:
        """Wait for the network, at most ``seconds``, and let libcurl do what is then to be done."""
        multis = [multi.curl_multi for multi in self._multis]
        timeouts = [timeout / 1000 for multi in multis if (timeout := multi.timeout()) >= 0]
        for key, events in self._selector.select(min([seconds, *timeouts])):
            key.data.socket_action(key.fd, events)  # its bits are libcurl's, too
        for multi in multis:
            if multi.timeout() == 0:
                multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            is_more = 1
            while is_more:
                is_more, ended, failed = multi.info_read()
                for curl, code, text in [*((curl, pycurl.E_OK, "") for curl in ended), *failed]:
                    self._conclude(curl, code, text)

    def _conclude(self, curl: Any, code: int, text: str) -> None:
        multi, look = self._under_way[curl]
        if text.startswith("Resolving timed out"):
            multi.hung_until.append(time.monotonic() + _HUNG_LOOKUP_SECONDS)
        further = look.conclude(curl, code, text)
        self._end(curl)
        if further:
            self._start(further, multi, look)

    def _end(self, curl: Any) -> None:
        multi, _ = self._under_way.pop(curl)
        if curl in multi.lookups:
            multi.lookups.remove(curl)
        multi.curl_multi.remove_handle(curl)
        curl.close()

    def _watch(self, what: int, fd: int, multi: Any, _: Any) -> None:
        """Libcurl's wish that ``fd`` be watched."""
        is_known = fd in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if is_known:
                self._selector.unregister(fd)
        elif is_known:
            self._selector.modify(fd, what, multi)
        else:
            self._selector.register(fd, what, multi)


_idle_loops: list[_Loop] = []


def _as_ascii(url: str) -> str:
    """``url`` as libcurl takes it: the host in IDNA, all else percent-encoded.

    Raises:
        ValueError: it cannot be, or it is not for http.
    """
    scheme, separator, _ = url.strip().partition("://")
    if not separator or min(url) < " ":  # urlsplit would drop line breaks silently
        raise ValueError(_NO_URL)
    if scheme.lower() not in ("http", "https"):
        raise ValueError(_ONLY_HTTP)
    if url.isascii() and " " not in url:
        return url
    parts = urlsplit(url.strip())
    host = parts.hostname or ""
    authority = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    if ":" in host:
        authority = f"[{host}]"
    if parts.port is not None:
        authority = f"{authority}:{parts.port}"
    if "@" in parts.netloc:
        authority = quote(parts.netloc.rpartition("@")[0], safe=":%") + "@" + authority
    return requote_uri(urlunsplit(parts._replace(netloc=authority)))


def _status_message(status: int | None) -> str | None:
    if status is None:
        return _NO_HTTP
    if 200 <= status < 400:
        return None
    try:
        return f"HTTP {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


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


def _host(curl: Any) -> str:
    """The host that was asked in the end, which a redirect may have named."""
    try:
        return urlsplit(curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("utf-8", "replace")).hostname or "?"
    except ValueError:
        return "?"


def _text(value: str, length: int) -> str:
    """``value`` without what a terminal, a mail or the store would stumble over."""
    return "".join(c if c.isprintable() else "�" for c in value)[:length] or "?"


def _storable(value: str) -> str:
    """``value`` verbatim, unless no event could carry it."""
    return value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")[:2048] or "?"
