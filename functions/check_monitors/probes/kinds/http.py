"""HTTP checks with all that a policy can say: the request, how much is read of the response, and how it is judged."""

import codecs
import functools
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import pycurl

from functions.check_monitors.probes.causes import is_proxys, status_cause
from functions.check_monitors.probes.event_of_check import Times
from functions.check_monitors.probes.judgement import MESSAGE_CHARACTERS, Subject
from functions.check_monitors.probes.loop.multi import LEFT_SECONDS
from functions.check_monitors.probes.network.expiries import known_expiry, last_expiry, note_expiry
from functions.check_monitors.probes.transfers.content_encoding import decoded, unreadable
from functions.check_monitors.probes.transfers.hops import Hops
from functions.check_monitors.probes.transfers.http_transfer import HttpTransfer
from functions.check_monitors.probes.transfers.policy_transfer import PolicyTransfer, parts_of
from functions.check_monitors.probes.transfers.request import Request, first_request, redirected, set_request
from functions.check_monitors.probes.urls import as_ascii
from shared.models import Cause
from shared.words import cause_text

_MESSAGE_BYTES = 4 * MESSAGE_CHARACTERS  # of a failing response, if nothing else needs its body
# How libcurl ends if there is no QUIC connection. It never says why.
_NO_QUIC = (pycurl.E_COULDNT_CONNECT, pycurl.E_SEND_ERROR)
# Python takes these for charsets, too. A long body in the first takes minutes, and one in the second raises whatever it
# is told to do with errors. No page is in any of them.
_NO_CHARSETS = ("punycode", "idna", "unicode_escape", "raw_unicode_escape")
# Browsers read EUC-KR with Microsoft's further syllables, and pages are written so.
_WIDER = {"euc_kr": "cp949"}
_secrets_of = operator.attrgetter(
    "headers", "body", "basic_auth", "digest_auth", "bearer_token", "oauth2", "client_certificate"
)


class HttpPolicyCheck(PolicyTransfer, HttpTransfer):
    """The check of a monitor over HTTP."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.follows_redirects = subject.policy.follow_redirects
        self.is_body_needed = subject.is_body_needed
        # To read the headers of a healthy response for nobody would cost as much as to judge it.
        self.is_response_needed = subject.is_response_needed
        self.max_body = subject.policy.max_body
        self.shows_secrets = any(_secrets_of(subject.policy))
        self._asking: Any = None  # a TokenRequest
        self._is_asking = False  # the transfer under way is the one for a token
        self._is_token_kept = False
        # libcurl finds a connection by the host's name, also one to another monitor's address of that name.
        is_kept = subject.policy.connection == "reuse" and not subject.policy.resolver
        self.keeps = subject.policy.name if is_kept else ""
        # A condition or a trial may ask for the certificate of this very check.
        looks = self.is_response_needed or bool(self.keeps)
        self._known_expiry = None if looks else known_expiry(subject.policy)
        self.needs_certificate = self._known_expiry is None

    def begin(self) -> None:
        """Forget what was seen: another request begins."""
        super().begin()
        self._body = bytearray()

    def target(self) -> str:
        """The policy's URL."""
        return self.subject.filled(self.subject.policy.url or "")

    def first(self) -> Any:
        """The first request."""
        policy = self.subject.policy
        self.hops = Hops(self.environ, policy.max_redirects)
        # libcurl would ask the policy's proxy for whatever a redirect names: see hops.
        self.hops.are_ours = self.follows_redirects and (self.hops.are_ours or bool(policy.proxy))
        self.request = self.first_request(as_ascii(self.target()))
        return self._token() if policy.oauth2 else self.transfer(self.request.url, self.time_left())

    def family_for(self, url: str) -> Any:
        """The addresses of the host to use. The policy goes before what was learned."""
        return pycurl.IPRESOLVE_WHATEVER if self.subject.policy.ip_version else super().family_for(url)

    def first_request(self, url: str) -> Request:
        """The request, as the policy words it."""
        return first_request(self.subject, url)

    def place(self) -> tuple[str, int]:
        """The host and the port of the policy's URL."""
        parts = parts_of(as_ascii(self.target()))
        return parts.hostname or "", parts.port or (443 if parts.scheme.lower() == "https" else 80)

    def _token(self) -> Any:
        """The request with its token; if none is kept, the request for one."""
        from functions.check_monitors.probes.transfers.oauth2 import TokenRequest

        self._asking = TokenRequest(self.subject)
        if token := self._asking.known_token():
            self._is_token_kept = True
            return self._with_token(token)
        return self._token_transfer()

    def _token_transfer(self) -> Any:
        url = self._asking.url
        if self.address_filter.refuses(url):
            self.make_event(self.address_filter.refusal)
            return None
        self._is_asking = True
        curl = self.handle_for(url, self.time_left())
        self.set_tls(curl)
        self._asking.prepare(curl)
        return curl

    def _with_token(self, token: str) -> Any:
        self.request, self.subject.token = self.request._replace(bearer_token=token), token
        self.is_tls = False  # of the target, and not of the token's server
        return self.transfer(self.request.url, self.time_left())

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Take the result of a transfer, also of that for a token; what comes next."""
        if self._is_asking:
            self._is_asking = False
            return self.safely(lambda: self._take_token(curl, code, text))
        if self._is_token_kept and curl.getinfo(pycurl.RESPONSE_CODE) == 401:
            # The server may have revoked it.
            self._is_token_kept = False
            self._asking.forget()
            self.begin()
            return self.safely(self.first)
        return super().conclude(curl, code, text)

    def _take_token(self, curl: Any, code: int, text: str) -> Any:
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        if code != pycurl.E_OK:
            if self.address_filter.refusal or not self.conclude_shortage(curl, code, text):
                why = self.why(curl, code, text, None)
                is_on_the_way = why is not None and why.code.startswith("proxy_")
                no_token = Cause.of("oauth2_unreachable", reason=cause_text("en", why))
                self.make_event(why if is_on_the_way else no_token, curl)
            return None
        if self._asking.tries_otherwise(status):
            return self._token_transfer()
        token = self._asking.token(status)
        if isinstance(token, str):
            return self._with_token(token)
        self.make_event(token, curl)
        return None

    def handle_for(self, url: str, timeout_seconds: float, model: Any = None) -> Any:
        """A handle with the policy's way to the server."""
        curl = super().handle_for(url, timeout_seconds, model)
        if self.keeps:
            # A connection that another monitor of this host has kept does not show its certificate again.
            is_certificate_known = not self.is_tls or last_expiry(self.subject.policy) is not None
            curl.setopt(pycurl.FRESH_CONNECT, not is_certificate_known)
            curl.setopt(pycurl.FORBID_REUSE, 0)
            curl.setopt(pycurl.MAXAGE_CONN, round(LEFT_SECONDS))
        return curl

    def prepare(self, curl: Any, url: str) -> None:
        """Set the request, as the policy words it."""
        policy = self.subject.policy
        if policy.client_certificate or not policy.verify_tls:
            self.set_tls(curl)
        set_request(curl, self.request, self.subject, url)

    def hop(self, curl: Any, code: int) -> Any:
        """The transfer of the next redirect, if we follow it and not libcurl."""
        self.request = redirected(self.request, curl.getinfo(pycurl.RESPONSE_CODE))
        return super().hop(curl, code)

    def take_further_body(self, part: bytes) -> bool:
        """Take a part of the body; whether no more of it is needed."""
        if self.is_body_needed:
            self._body += part[: max(0, self.max_body - len(self._body))]
            return self.size > self.max_body  # a body of just that size is whole
        self._body += part[: max(0, _MESSAGE_BYTES - len(self._body))]
        is_failing = not _accepts(self.subject.policy.accepted_status_codes, self.status)
        return (is_failing and len(self._body) >= _MESSAGE_BYTES) or super().take_further_body(part)

    def why(self, curl: Any, code: int, text: str, status: int | None) -> Cause | None:
        """Why the transfer failed. The meaning of a status is noted apart: conditions may say otherwise."""
        seen, policy = self.subject.seen, self.subject.policy
        if status is not None and not self.address_filter.refusal and not is_proxys(curl, status):
            seen.finding = _status_finding(policy.accepted_status_codes, status)
            if code == pycurl.E_OK or (seen.finding and not policy.conditions):
                return None
        found = super().why(curl, code, text, status)
        if found and found.code == "too_many_redirects":
            return Cause.of("too_many_redirects", limit=policy.max_redirects)
        is_without_connection = code in _NO_QUIC and not curl.getinfo(pycurl.APPCONNECT_TIME)
        if policy.http_version == "3" and is_without_connection and not self.address_filter.refusal:
            return Cause.of("http3_not_connected")
        return found

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Note how the check ended, and the response."""
        super().make_event(why, curl, status, is_inconclusive=is_inconclusive)
        has_response = curl is not None and status is not None
        is_reused = bool(self.keeps) and has_response and not curl.getinfo(pycurl.NUM_CONNECTS)
        if is_reused:
            self._recall_connection()
        if why or not is_reused:
            self._note_expiry(has_failed=why is not None)
        if has_response and (why or self.subject.seen.finding or self.is_response_needed):
            self._note_response()

    def _note_expiry(self, *, has_failed: bool) -> None:
        seen, policy = self.subject.seen, self.subject.policy
        if has_failed:
            note_expiry(policy, None)
        elif self.needs_certificate:
            note_expiry(policy, seen.certificate_expires_at)
        elif seen.times and seen.times.tls:
            seen.certificate_expires_at = seen.certificate_expires_at or self._known_expiry

    def _note_response(self) -> None:
        seen = self.subject.seen
        seen.headers = _headers(self.lines)
        seen.charset = _charset(seen.headers.get("content-type", ""))
        encoding = seen.headers.get("content-encoding", "")
        if self._body and (other := unreadable(encoding)):
            seen.body, seen.cut_at, seen.unread_encoding = b"", 0, other
            return
        body = decoded(bytes(self._body), encoding, self.max_body)
        seen.body = body[: self.max_body] if self.is_body_needed else body
        is_cut = self.is_body_needed and max(self.size, len(body)) > self.max_body
        seen.cut_at = self.max_body if is_cut else None

    def _recall_connection(self) -> None:
        """Note of a connection that is used again what it does not show again: it took no time, and its certificate."""
        seen = self.subject.seen
        if seen.times:
            seen.times = Times(first_byte=seen.times.first_byte, total=seen.times.total)
            seen.certificate_expires_at = last_expiry(self.subject.policy)


def check_of(subject: Subject) -> HttpPolicyCheck:
    """The check of a policy whose URL begins with http:// or https://."""
    return HttpPolicyCheck(subject)


def _status_finding(accepted: Sequence[str], status: int) -> Cause | None:
    if _accepts(tuple(accepted), status):
        return None
    # A status that is good by default has no cause of its own.
    return status_cause(status) or Cause.of("status_not_accepted", status=status)


@functools.lru_cache(maxsize=4096)
def _accepts(accepted: Sequence[str], status: int) -> bool:
    ranges = (code.partition("-") for code in accepted)
    return any(int(first) <= status <= int(last or first) for first, _, last in ranges)


def _headers(lines: Sequence[bytes]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, separator, value = line.decode("latin-1").partition(":")
        if separator:
            name = name.strip().lower()
            found[name] = f"{found[name]}, {value.strip()}" if name in found else value.strip()
    return found


@functools.lru_cache(maxsize=256)
def _charset(content_type: str) -> str:
    name = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        found = codecs.lookup(name or "utf-8").name
        # A charset that begins with a byte order mark would have the keyword begin with one, too.
        return "utf-8" if found in _NO_CHARSETS or "".encode(found) else _WIDER.get(found, found)
    except (LookupError, ValueError):
        return "utf-8"
