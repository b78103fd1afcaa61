"""WebSocket: the server accepts the upgrade, and says what is awaited if the policy awaits something."""

import contextlib
import time
from typing import Any

import pycurl

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from functions.check_monitors.probes.transfers.http_transfer import USER_AGENT
from functions.check_monitors.probes.transfers.request import first_request, set_request
from functions.check_monitors.probes.transfers.talk import Conversation, Talk, awaited
from functions.check_monitors.probes.urls import as_ascii
from shared.models import Cause

_FRAMES = 2  # of CONNECT_ONLY: shake hands, and leave the frames to us
_PROTOCOLS = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS | 1 << 30 | 1 << 31  # ws and wss, which pycurl does not name
_PART_BYTES = 16_384
# Pings, pongs and empty messages have no content. A server that sends nothing else would keep all other checks waiting.
_FRAMES_AT_ONCE = 64
# This many always fit into the socket's buffer, also if the server reads none. libcurl's own pongs wait until it does.
_MOST_PONGS = 64


class WebSocketCheck(ConnectCheck):
    """The check of ``ws://host/path``, or of ``wss://…``."""

    def __init__(self, subject: Subject, *, is_tls: bool) -> None:
        super().__init__(subject, is_tls=is_tls)
        self.environ = subject.environ  # it may go through a proxy, as for HTTP
        self.default_port = 443 if is_tls else 80

    def handle_for(self, url: str, timeout_seconds: float, model: Any = None) -> Any:
        """A handle that may speak WebSocket, too."""
        curl = super().handle_for(url, timeout_seconds, model)
        curl.setopt(pycurl.PROTOCOLS, _PROTOCOLS)
        return curl

    def connection(self, url: str) -> Any:
        """The handle that asks for the upgrade."""
        curl = self.handle_for(url, self.time_left())
        # As HTTP, so that the host is spelled as libcurl takes it.
        whole = as_ascii("http" + self.subject.filled(self.subject.policy.url or "").strip()[2:])
        curl.setopt(pycurl.URL, f"ws{whole[4:]}")
        curl.setopt(pycurl.CONNECT_ONLY, _FRAMES)
        curl.setopt(pycurl.WS_OPTIONS, pycurl.WS_NOAUTOPONG)
        curl.setopt(pycurl.FORBID_REUSE, 0)
        curl.setopt(pycurl.USERAGENT, USER_AGENT)
        self.set_tls(curl)
        set_request(curl, first_request(self.subject, whole)._replace(body=None), self.subject, whole)
        return curl

    def conversation(self) -> Conversation | None:
        """Send the policy's body, and hear what is awaited."""
        return awaited(self.subject, self.heard)

    def talk(self, curl: Any) -> Exchange | None:
        """Exchange messages over the connection of ``curl``, or say goodbye at once."""
        conversation = self.conversation()
        if conversation is None:
            _say_goodbye(curl)
            return None
        return Messages(curl, conversation, self.heard, self.ends_at, self.timeout_seconds)

    def after(self, exchange: Any) -> Any:
        """Say goodbye, and note what was heard."""
        if isinstance(exchange, Messages):
            _say_goodbye(exchange.curl)
        return super().after(exchange)

    def make_event(
        self, why: Cause | None, curl: Any = None, status: int | None = None, *, is_inconclusive: bool = False
    ) -> None:
        """Note how the check ended, and the status of the response to the upgrade."""
        status = (curl.getinfo(pycurl.RESPONSE_CODE) or None) if curl else status
        super().make_event(why, curl, status, is_inconclusive=is_inconclusive)

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Take the result of the upgrade."""
        # libcurl takes a connection that closes for the end of a response.
        is_nothing = code == pycurl.E_OK and not self.second and not curl.getinfo(pycurl.RESPONSE_CODE)
        return super().conclude(curl, pycurl.E_GOT_NOTHING if is_nothing else code, text)

    def why(self, curl: Any, code: int, text: str, status: int | None) -> Cause | None:
        """Why the upgrade failed."""
        if code == pycurl.E_HTTP_RETURNED_ERROR and (status := curl.getinfo(pycurl.RESPONSE_CODE)):
            return Cause.of("websocket_refused", status=status)
        return super().why(curl, code, text, status)


class Messages(Talk):
    """A conversation by WebSocket's messages."""

    _pongs = 0

    def proceed(self) -> bool:
        """Send and hear as much as there is, but no more than some frames without content."""
        self.wake_at = self._ends_at
        return super().proceed()

    def write(self, data: bytes) -> int:
        """Send a message of text."""
        return int(self.curl.ws_send(data, pycurl.WS_TEXT))

    def read(self) -> bytes:
        """A part of a message; empty if the server closes."""
        for _ in range(_FRAMES_AT_ONCE):
            part, frame = self.curl.ws_recv(_PART_BYTES)
            if frame is None or frame.flags & pycurl.WS_CLOSE:
                return b""
            if frame.flags & pycurl.WS_PING:
                self._answer(part, frame)
            elif part and not frame.flags & pycurl.WS_PONG:
                return bytes(part)
        # libcurl may have read more already, of which the socket says nothing.
        self.wake_at = time.monotonic()
        raise BlockingIOError

    def _answer(self, ping: bytes, frame: Any) -> None:
        if self._pongs < _MOST_PONGS and not frame.offset and not frame.bytesleft:
            self._pongs += 1
            self.curl.ws_send(bytes(ping), pycurl.WS_PONG)


def _say_goodbye(curl: Any) -> None:
    with contextlib.suppress(pycurl.error, OSError):
        curl.ws_close(1000)


def check_of(subject: Subject) -> WebSocketCheck:
    """The check of a policy whose URL begins with ws:// or wss://."""
    return WebSocketCheck(subject, is_tls=(subject.policy.url or "").strip().lower().startswith("wss"))
