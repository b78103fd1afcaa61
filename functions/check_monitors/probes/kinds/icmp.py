"""ICMP: a host replies to a ping. Some places where agents run may not send one."""

import errno
import secrets
import socket
import struct
import time
from pathlib import Path
from typing import Any

from functions.check_monitors.probes.causes import errno_cause
from functions.check_monitors.probes.event_of_check import Times
from functions.check_monitors.probes.judgement import NotCheckable, Subject
from functions.check_monitors.probes.loop.capacity import by_errno
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.loop.readiness import READ
from functions.check_monitors.probes.network.lookups import AddressLookup
from functions.check_monitors.probes.transfers.policy_transfer import parts_of
from functions.check_monitors.probes.transfers.socket_check import SocketCheck
from shared.models import Cause

_RANGE = Path("/proc/sys/net/ipv4/ping_group_range")
_PAUSE_SECONDS = 0.2  # between two packets, or less: all are sent in the first half of the check's time
_PROTOCOLS = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_REQUESTS = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLIES = {socket.AF_INET: 0, socket.AF_INET6: 129}
_TOKEN_BYTES = 16
# Some systems and sandboxes know no such socket at all.
_UNKNOWN_KINDS = (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EPROTOTYPE)


class IcmpCheck(SocketCheck):
    """The check of ``icmp://host``."""

    def first(self) -> Exchange | None:
        """Find the address, and ping it."""
        self._looked_up_us = 0
        host = parts_of(self.subject.filled(self.subject.policy.url or "")).hostname or ""
        found = self.looked_up(host)
        return self._ping(found) if isinstance(found, str) else found

    def next(self, exchange: Exchange) -> Exchange | None:
        """Ping the address that was looked up, or take the replies."""
        if isinstance(exchange, AddressLookup):
            self._looked_up_us = round(1e6 * (time.monotonic() - self.began_at))
            address = self.chosen(exchange)
            return self._ping(address) if address else None
        if isinstance(exchange, Ping):
            self._take(exchange)
        return None

    def _ping(self, address: str) -> "Ping":
        self.subject.seen.ip = address
        return Ping(address, self.subject.policy.packets, self.ends_at, self.timeout_seconds)

    def _take(self, ping: "Ping") -> None:
        seen = self.subject.seen
        replies = list(ping.seconds.values())
        self.fail(None if replies else ping.why)
        dns = self._looked_up_us
        if replies:
            seen.is_connected = seen.has_response = True
            took = dns + round(1e6 * sum(replies) / len(replies))
            seen.times = Times(dns=dns, connected=dns, ready=dns, first_byte=took, total=took)
            lost = self.subject.policy.packets - len(replies)
            seen.note = f"{lost} of {self.subject.policy.packets} packets lost" if lost else None
        else:
            self.note_time()


class Ping(Exchange):
    """Sends ``packets`` and waits for their replies. ``seconds`` has the time of each that came back, by its number.

    Raises:
        NotCheckable: this process may not ping.
        OSError: there is no socket, or no way to the address.
    """

    def __init__(self, address: str, packets: int, ends_at: float, seconds: float) -> None:
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket, self._is_raw = _ping_socket(self._family)
        self._socket.setblocking(False)
        try:
            self._socket.connect((address, 0))
        except OSError:
            self._socket.close()
            raise
        self._packets, self._ends_at = packets, ends_at
        self._pause_seconds = min(_PAUSE_SECONDS, seconds / 2 / packets)
        self._id = secrets.randbits(16)
        self._token = secrets.token_bytes(_TOKEN_BYTES)  # a raw socket hears the replies to others, too
        self._sent_at: dict[int, float] = {}
        self.seconds: dict[int, float] = {}
        self.why: Cause | None = Cause.of("ping_without_reply", seconds=seconds)
        self.wake_at = 0.0

    def watched(self) -> tuple[int, int]:
        """The socket."""
        return self._socket.fileno(), READ

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def proceed(self) -> bool:
        """Send the packets that are due, and read what has come."""
        at = time.monotonic()
        try:
            if len(self._sent_at) < self._packets and at >= self.wake_at and at < self._ends_at:
                self._send(at)
            while len(self.seconds) < self._packets:
                self._take(self._socket.recv(2048), time.monotonic())
        except BlockingIOError:
            return at >= self._ends_at
        except OSError as error:  # a router says that there is no way
            self.why = by_errno(error.errno) or errno_cause(error)
            return True
        return True

    def _send(self, at: float) -> None:
        number = len(self._sent_at)
        self._sent_at[number] = at
        is_last = number + 1 == self._packets
        self.wake_at = self._ends_at if is_last else min(self._ends_at, at + self._pause_seconds)
        kind = _REQUESTS[self._family]
        body = struct.pack(">HH", self._id, number) + self._token
        head = struct.pack(">BBH", kind, 0, _checksum(struct.pack(">BBH", kind, 0, 0) + body))
        self._socket.send(head + body)

    def _take(self, packet: bytes, at: float) -> None:
        if self._is_raw and self._family == socket.AF_INET:
            packet = packet[4 * (packet[0] & 15) :]  # without the IP header
        if len(packet) < 8 + _TOKEN_BYTES or packet[0] != _REPLIES[self._family] or packet[8:24] != self._token:
            return
        number = struct.unpack(">H", packet[6:8])[0]
        if number in self._sent_at:
            self.seconds.setdefault(number, at - self._sent_at[number])


def _ping_socket(family: Any) -> tuple[socket.socket, bool]:
    """A socket that can ping, and whether it is a raw one. Raises NotCheckable."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(family, kind, _PROTOCOLS[family]), kind == socket.SOCK_RAW
        except PermissionError:
            continue
        except OSError as error:
            if error.errno not in _UNKNOWN_KINDS:
                raise
    raise NotCheckable(Cause.of("ping_not_allowed", range=_group_range()))


def _group_range() -> str:
    try:
        return " ".join(_RANGE.read_text(encoding="ascii").split())
    except (OSError, UnicodeError):
        return "unknown"


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def check_of(subject: Subject) -> IcmpCheck:
    """The check of a policy whose URL begins with icmp://."""
    return IcmpCheck(subject)
