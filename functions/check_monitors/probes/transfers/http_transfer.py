"""One HTTP request with its redirects: how much of the response is read, and how it ended."""

import functools
import time
from collections.abc import Mapping
from typing import Any

import pycurl

from functions.check_monitors.probes.causes import MAX_REDIRECTS, UNSUPPORTED_SCHEME, URL_NOT_VALID
from functions.check_monitors.probes.event_of_check import Times
from functions.check_monitors.probes.loop.capacity import MEMORY, OUT_OF_MEMORY
from functions.check_monitors.probes.network.lookups import family_for, forget_family, learn_family
from functions.check_monitors.probes.transfers.handles import new_model
from functions.check_monitors.probes.transfers.hops import Hops
from functions.check_monitors.probes.transfers.transfer import Transfer
from functions.check_monitors.probes.urls import UnsupportedScheme, as_ascii

USER_AGENT = "Bonghwa (+uptime check)"
# A response is judged by its status and its headers. More of its body than this shows nothing new: it may have no end,
# as a radio's, or come in so many small parts that each costs more than it says.
ENOUGH_OF_A_BODY = 256 * 1024  # bytes
ENOUGH_PARTS = 1_000
ENOUGH_SECONDS = 1.0  # of a body that does not declare its length
_FIRST_LETTERS = frozenset(b"%c" % letter for letter in b"HhCcTtLl\r\n")  # of the header lines that we read
_UNREACHED = (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT)

# The key exchange that a check offers if it shows nothing secret. OpenSSL would add a share that withstands a quantum
# computer (X25519MLKEM768): 1.2 kB, more than half of all that a check sends, against somebody who records the GET of a
# page and waits for decades.
CLASSICAL_GROUPS = "X25519:P-256:P-384:P-521"
_NO_COMMON_GROUP = "handshake failure"

# libcurl's number, which pycurl does not name.
_SUPPRESS_CONNECT_HEADERS = 265  # a proxy's own response is not the target's


class HttpTransfer(Transfer):
    """A check by one HTTP request, with what it has seen so far."""

    follows_redirects = True
    is_body_needed = False  # beyond what shows that there is one
    shows_secrets = False  # what it sends is for the server alone
    needs_certificate = False  # what its event says of the server's certificate is read after the transfer
    hops: Hops

    def __init__(
        self, timeout_seconds: float, ca_file: str, environ: Mapping[str, str], *, is_private_allowed: bool
    ) -> None:
        super().__init__(timeout_seconds, ca_file, environ, is_private_allowed=is_private_allowed)
        self._offers_all_groups = False
        self.begin()

    def target(self) -> str:
        """The URL to request first."""
        raise NotImplementedError

    def prepare(self, curl: Any, url: str) -> None:  # noqa: ARG002  # a subclass reads it
        """Set what the request for ``url`` needs beyond that of a plain GET."""
        curl.setopt(pycurl.FAILONERROR, 1)  # ends after an error's headers: nobody needs its body

    def take_further_body(self, part: bytes) -> bool:  # noqa: ARG002  # a subclass reads it
        """Take a part of the body; whether no more of it is needed."""
        return (
            self.size > ENOUGH_OF_A_BODY
            or self.parts > ENOUGH_PARTS
            or (not self.is_declared and time.monotonic() - self.headers_at > ENOUGH_SECONDS)
        )

    def family_for(self, url: str) -> Any:
        """The addresses of the host to use, as far as earlier checks have learned them: libcurl's IPRESOLVE_…."""
        return family_for(url)

    def begin(self) -> None:
        """Forget what was seen: another request begins."""
        self.url, self.family = "", pycurl.IPRESOLVE_WHATEVER  # as libcurl has them
        self.responses = 0  # responses whose headers began, without those of status 1xx
        self.status = 0  # of the last one
        self.lines: list[bytes] = []  # its headers
        self.size = 0  # bytes of the body so far; libcurl does not pass on the body of a redirect
        self.parts = 0  # the pieces in which libcurl passed it on
        self.is_declared = self.is_chunked = self.is_stream = False  # what the headers say of the body
        self.is_enough = False  # we ended the transfer ourselves, as nothing more is needed
        self.has_headers = False  # the response's headers are complete
        self.headers_at = 0.0  # when they were
        self.is_redirect = self.has_location = False  # the response is a redirect; it says where to

    def start(self) -> Any:
        """The handle of the transfer, ready to start. None if nothing can be transferred: then the event is made."""
        self.hops = Hops(self.environ)
        try:
            return self.transfer(as_ascii(self.target()), self.time_left())
        except (ValueError, pycurl.error) as error:  # the latter for a URL of some megabytes
            lacked = isinstance(error, pycurl.error) and error.args[0] in OUT_OF_MEMORY
            not_valid = UNSUPPORTED_SCHEME if isinstance(error, UnsupportedScheme) else URL_NOT_VALID
            self.make_event(MEMORY if lacked else not_valid, is_inconclusive=lacked)
            return None

    def transfer(self, url: str, timeout_seconds: float) -> Any:
        """The handle of a request for ``url``. None if its host is refused: then the event is made."""
        if self.address_filter.refuses(url):
            self.make_event(self.address_filter.refusal)
            return None
        is_classical = not (self._offers_all_groups or self.shows_secrets or has_own_part(url))
        model = _model(self.ca_file, not self.hops.are_ours, is_classical, self.needs_certificate)
        curl = self.handle_for(url, timeout_seconds, model)
        self.url = url
        self.family = self.family_for(url)
        if self.family != pycurl.IPRESOLVE_WHATEVER:
            curl.setopt(pycurl.IPRESOLVE, self.family)
        curl.setopt(pycurl.HEADERFUNCTION, self.take_header)
        curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        self.prepare(curl, url)
        return curl

    def take_header(self, line: bytes) -> int | None:
        """For HEADERFUNCTION: take a header line. 0 ends the transfer."""
        # Called for each line of each check: most lines end here.
        if line[:1] not in _FIRST_LETTERS:
            self.lines.append(line)
            return None
        if line[:5].upper() == b"HTTP/":  # a response begins; a check that is redirected has several
            self._begin_response(line)
        self.lines.append(line)
        return self._end_headers() if line in (b"\r\n", b"\n") else self._take_field(line)

    def _begin_response(self, line: bytes) -> None:
        status = line.replace(b"\t", b" ").partition(b" ")[2].lstrip()  # libcurl takes any blank
        self.status = int(status[:3]) if status[:3].isdigit() else 0
        self.responses += not status.startswith(b"1")
        self.is_redirect = status.startswith(b"3")
        self.is_declared = self.is_chunked = self.is_stream = self.has_headers = self.has_location = False
        self.lines = []

    def _take_field(self, line: bytes) -> int | None:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name == b"content-length":
            self.is_declared = True
        elif name == b"transfer-encoding":
            self.is_chunked = True
        elif name == b"content-type":
            self.is_stream = b"text/event-stream" in value.lower()
        elif self.is_redirect and self.follows_redirects and name == b"location":
            self.has_location = True
            return 0 if self.address_filter.refuses(value.decode("latin-1")) else None  # 0 ends the transfer
        return None

    def _end_headers(self) -> int | None:
        self.has_headers, self.headers_at = True, time.monotonic()
        # Its events may be hours apart. An error's body is not read anyway.
        self.is_enough = self.is_stream and not (self.is_declared or self.has_location or self.is_body_needed)
        return 0 if self.is_enough else None

    def _take_body(self, part: bytes) -> int | None:
        if self.is_redirect and self.hops.are_ours:
            return None  # libcurl says where a redirect leads to only after its body
        self.size += len(part)
        self.parts += 1
        self.is_enough = self.take_further_body(part)
        return 0 if self.is_enough else None  # 0 ends the transfer with E_WRITE_ERROR

    def times(self, curl: Any) -> Times:
        """The times of the check, with all its redirects."""
        return self.hops.times(curl)

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Make the event of a transfer that ended.

        Return what can say more: the handle of another transfer or another lookup; None if nothing can.
        """
        if self.second:
            self.conclude_second(curl)
            return None
        if further := self.hop(curl, code):
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
            self.make_event(self.why(curl, code, text, status), curl, status)
            return None
        if self.family != pycurl.IPRESOLVE_WHATEVER and code in _UNREACHED:
            forget_family(self.url)
            self.begin()
            return self.start()
        if code == pycurl.E_SSL_CONNECT_ERROR and _NO_COMMON_GROUP in text and not self._offers_all_groups:
            # Perhaps the server knows only groups that were left out.
            self._offers_all_groups = True
            self.begin()
            return self.start()
        if not refusal and self.conclude_shortage(curl, code, text):
            if self.is_put_off:
                self.begin()
            return None
        self.make_event(self.why(curl, code, text, status), curl, status)
        return self.further(curl, code, text, has_response=has_response)

    def hop(self, curl: Any, code: int) -> Any:
        """The transfer of the next redirect, if we follow it and not libcurl."""
        url = self.hops.next_url(curl, code)
        if url is None or self.address_filter.refuses(url):
            return None
        self.begin()
        further = self.transfer(url, self.time_left())
        self.hops.go_on(curl, further, self.target(), url)
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


@functools.lru_cache(maxsize=64)
def _model(ca_file: str, follows_redirects: bool, is_classical: bool, needs_certificate: bool) -> Any:  # a key
    curl = new_model()
    if is_classical:
        curl.setopt(pycurl.SSL_EC_CURVES, CLASSICAL_GROUPS)
    curl.setopt(pycurl.CAINFO, ca_file)
    curl.setopt(pycurl.USERAGENT, USER_AGENT)
    curl.setopt(pycurl.FOLLOWLOCATION, follows_redirects)
    curl.setopt(pycurl.MAXREDIRS, MAX_REDIRECTS)
    curl.setopt(pycurl.COOKIEFILE, "")  # keeps the cookies of this check: some sites want one back from a redirect
    curl.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
    curl.setopt(pycurl.OPT_CERTINFO, needs_certificate)
    return curl


def has_own_part(url: str) -> bool:
    """Whether a URL holds what may be a secret: a password, or a query."""
    return "@" in url or "?" in url
