"""One question to a name server, over UDP, and over TCP if the answer is too long for that.

dnspython costs a cold start 23 ms: import this module only if a monitor asks a name server.
"""

import contextlib
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename

from functions.check_monitors.probes.causes import errno_cause
from functions.check_monitors.probes.loop.capacity import by_errno
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.loop.readiness import READ, WRITE
from functions.check_monitors.probes.urls import as_ascii_host
from shared.models import Cause

_RESEND_SECONDS = 1.0  # a packet may get lost; each further pause is twice as long
_UDP_BYTES = 1232  # which passes every network whole
_LARGEST = 65_535
# A server that does not know EDNS answers a question with it so (RFC 6891, section 7).
_WITHOUT_EDNS = (dns.rcode.FORMERR, dns.rcode.NOTIMP)


class DnsExchange(Exchange):
    """Asks each of ``servers`` in turn, until one responds. Then there is ``response``, or ``why`` there is none.

    Raises:
        ValueError: no name can be so.
        OSError: there is no socket.
    """

    def __init__(
        self, servers: Sequence[tuple[str, int]], name: str, kind: str, ends_at: float, seconds: float
    ) -> None:
        self.response: dns.message.Message | None = None
        self.why: Cause | None = None
        self.server = servers[0]
        self._servers, self._seconds, self._ends_at = servers, seconds, ends_at
        self.name = name
        self._query = _query(name, kind)
        self._tries = 0
        self._socket: socket.socket | None = None
        self._is_tcp = False
        self._to_send = b""
        self._received = b""
        self.wake_at = 0.0

    def watched(self) -> tuple[int, int]:
        """The socket of the present try."""
        if self._socket is None:
            return -1, 0
        return self._socket.fileno(), WRITE if self._to_send else READ

    def proceed(self) -> bool:
        """Ask, read what has come, and ask again if nothing does."""
        at = time.monotonic()
        if at >= self._ends_at:
            server = self.server[0]
            self.why = self.why or Cause.of("dns_no_response", resolver=server, host=self.name, seconds=self._seconds)
            return True
        try:
            if at >= self.wake_at:
                self._ask(at)
            return self._send_and_read()
        except BlockingIOError:
            return False
        except OSError as error:
            return self._fail(error)

    def close(self) -> None:
        """Close the socket."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def _ask(self, at: float) -> None:
        """Send the question to the next server; a lost packet and a dead server look alike."""
        self.server = self._servers[self._tries % len(self._servers)]
        self.wake_at = min(self._ends_at, at + _RESEND_SECONDS * 2**self._tries)
        self._tries += 1
        self._open(socket.SOCK_DGRAM)
        self._to_send = self._query.to_wire()

    def _open(self, kind: int) -> None:
        self.close()
        self._is_tcp = kind == socket.SOCK_STREAM
        self._received = b""
        host, port = self.server
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):  # TCP connects meanwhile
            self._socket.connect((host, port))

    def _ask_the_same(self, kind: int) -> None:
        """Ask the present server again, otherwise."""
        self._open(kind)
        wire = self._query.to_wire()
        self._to_send = struct.pack(">H", len(wire)) + wire if self._is_tcp else wire
        if self._is_tcp:
            self.wake_at = self._ends_at

    def _send_and_read(self) -> bool:
        assert self._socket  # noqa: S101  # proceed has opened it
        if self._to_send:
            self._to_send = self._to_send[self._socket.send(self._to_send) :]
        while not self._to_send:
            part = self._socket.recv(_LARGEST)
            if self._is_tcp and not part:
                raise ConnectionResetError(None, "the name server closed the connection")
            if self._take(part):
                return True
        return False

    def _take(self, part: bytes) -> bool:
        """Take what was received; whether it is the response."""
        if self._is_tcp:
            self._received += part
            if len(self._received) < 2 or len(self._received) < 2 + struct.unpack(">H", self._received[:2])[0]:
                return False
            part = self._received[2:]
        try:
            response = dns.message.from_wire(part, ignore_trailing=True, raise_on_truncation=False)
        except (dns.exception.DNSException, ValueError):
            self.why = Cause.of("dns_response_not_valid", resolver=self.server[0])
            return self._is_tcp
        if not self._query.is_response(response):
            return False  # to another question, or forged
        if response.rcode() in _WITHOUT_EDNS and response.edns < 0 <= self._query.edns:
            self._query.use_edns(False)
            self._ask_the_same(socket.SOCK_STREAM if self._is_tcp else socket.SOCK_DGRAM)
            return False
        if response.flags & dns.flags.TC and not self._is_tcp:
            self._ask_the_same(socket.SOCK_STREAM)
            return False
        self.response, self.why = response, None
        return True

    def _fail(self, error: OSError) -> bool:
        """Note a fault of the present server, and go on with the next one if there is one."""
        self.why = by_errno(error.errno) or errno_cause(error)
        self.close()
        if self._tries >= len(self._servers):
            return True
        self.wake_at = 0.0
        return self.proceed()


def _query(name: str, kind: str) -> dns.message.QueryMessage:
    if kind == "PTR":
        with contextlib.suppress(dns.exception.SyntaxError):  # raised for a name, which may be asked as it is
            name = dns.reversename.from_address(name).to_text()
    try:
        host = name if name.isascii() else as_ascii_host(name)
        return dns.message.make_query(host, kind, payload=_UDP_BYTES, use_edns=0)
    except dns.exception.DNSException as error:
        raise ValueError("a name") from error


def answers(response: dns.message.Message, kind: str) -> list[str]:
    """The values of the asked type, as people write them, sorted: many servers change their order each time."""
    wanted = dns.rdatatype.from_text(kind)
    return sorted(_text(each) for answer in response.answer if answer.rdtype == wanted for each in answer)


def rcode(response: dns.message.Message) -> str:
    """The response's code, such as NOERROR or NXDOMAIN."""
    return dns.rcode.to_text(response.rcode())


def _text(value: Any) -> str:
    if value.rdtype == dns.rdatatype.TXT:
        return b"".join(value.strings).decode("utf-8", "replace")
    return str(value.exchange if value.rdtype == dns.rdatatype.MX else value)
