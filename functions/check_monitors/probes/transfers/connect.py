"""Checks that connect by TCP or TLS, and perhaps talk over the connection: libcurl resolves, filters and encrypts."""

from typing import Any

import pycurl

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.transfers.policy_transfer import PolicyTransfer, address_url, parts_of
from functions.check_monitors.probes.transfers.talk import CLOSED, RESET, Conversation, Heard, Talk
from functions.check_monitors.probes.urls import as_ascii_host
from shared.models import Cause


class ConnectCheck(PolicyTransfer):
    """A check that connects to the host and port of the policy's URL. A subclass says what is talked over it."""

    default_port = 0

    def __init__(self, subject: Subject, *, is_tls: bool = False) -> None:
        super().__init__(subject)
        self.is_tls = is_tls
        self.environ = {}  # the proxies of the environment are for HTTP
        self.heard = Heard()

    def conversation(self) -> Conversation | None:
        """Return the conversation over the connection; None if it is enough that there is one."""
        return None

    def first(self) -> Any:
        """The transfer that connects."""
        url = address_url("https" if self.is_tls else "http", *self.place())
        if self.address_filter.refuses(url):
            self.make_event(self.address_filter.refusal)
            return None
        return self.connection(url)

    def place(self) -> tuple[str, int]:
        """The host and the port of the policy's URL."""
        self.parts = parts_of(self.subject.filled(self.subject.policy.url or ""))
        port = self.parts.port or self.default_port
        if not port:
            raise ValueError("a URL with a port")
        host = self.parts.hostname or ""
        return host if host.isascii() else as_ascii_host(host), port

    def connection(self, url: str) -> Any:
        """The handle that connects to ``url``."""
        curl = self.handle_for(url, self.time_left())
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.FORBID_REUSE, 0)  # otherwise libcurl gives no socket
        if self.is_tls:
            self.set_tls(curl)
            curl.setopt(pycurl.SSL_ENABLE_ALPN, 0)
        return curl

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Take the result of a transfer; what comes next."""
        if self.second:
            self.conclude_second(curl)
            return None
        if code == pycurl.E_OK:
            self.make_event(None, curl)
            return self.talk(curl)
        if not self.address_filter.refusal and self.conclude_shortage(curl, code, text):
            return None
        self.make_event(self.why(curl, code, text, None), curl)
        return self.further(curl, code, text, has_response=False)

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Note how the check ended. It is ready when it is connected: libcurl counts only what a request follows."""
        super().make_event(why, curl, status, is_inconclusive=is_inconclusive)
        if times := self.subject.seen.times:
            self.subject.seen.times = times._replace(ready=times.ready or times.tls or times.connected)

    def talk(self, curl: Any) -> Exchange | None:
        """Return the exchange over the connection of ``curl``, if there is a conversation."""
        conversation = self.conversation()
        if conversation is None:
            return None
        return Talk(curl, conversation, self.heard, self.ends_at, self.timeout_seconds)

    def after(self, exchange: Any) -> Any:
        """Note what was heard, or take what the policy's resolver said; what can say more."""
        if not isinstance(exchange, Talk):
            return super().after(exchange)
        self.note(exchange)
        if exchange.why not in (CLOSED, RESET) or self.subject.policy.client_certificate:
            return None
        # By TLS 1.3, a server that misses the client's certificate says so or hangs up only now.
        has_response = self.subject.seen.has_response or self.subject.seen.status is not None
        return self.further(exchange.curl, pycurl.E_RECV_ERROR, "", has_response=has_response)

    def note(self, talk: Talk) -> None:
        """Note what was heard, and how long it took."""
        seen = self.subject.seen
        seen.why, seen.finding = talk.why, talk.finding
        seen.body = talk.heard.body()
        seen.cut_at = talk.heard.limit if talk.heard.is_cut() else None
        seen.has_response = talk.first_byte_at is not None
        if times := seen.times:
            ready = times.total  # the talk begins when the transfer has ended
            first_byte = ready + round(1e6 * ((talk.first_byte_at or talk.began_at) - talk.began_at))
            total = ready + round(1e6 * (talk.ended_at - talk.began_at))
            seen.times = times._replace(ready=ready, first_byte=first_byte, total=total)
