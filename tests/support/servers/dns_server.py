"""A name server on loopback, over UDP and TCP, with a few records; it misbehaves as told."""

import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

# By name and type. A name without a record of the type has an empty answer; any other name does not exist.
RECORDS: Mapping[tuple[str, str], Sequence[str]] = {
    ("shop.example.", "A"): ("127.0.0.1",),
    ("two.example.", "A"): ("192.0.2.1", "192.0.2.2"),
    ("shop.example.", "AAAA"): ("::1",),
    ("www.shop.example.", "CNAME"): ("shop.example.",),
    ("shop.example.", "MX"): ("10 mail.shop.example.",),
    ("shop.example.", "NS"): ("ns.shop.example.",),
    ("shop.example.", "TXT"): ('"v=spf1 " "-all"',),
    ("_sip._tcp.shop.example.", "SRV"): ("1 2 5060 sip.shop.example.",),
    ("shop.example.", "SOA"): ("ns.shop.example. me.shop.example. 1 2 3 4 5",),
    ("1.2.0.192.in-addr.arpa.", "PTR"): ("shop.example.",),
    ("shop.example.", "CAA"): ('0 issue "ca.example"',),
    ("large.example.", "TXT"): tuple(f'"{number:0>200}"' for number in range(40)),
    ("xn--o39akk.example.", "A"): ("127.0.0.1",),
    ("shop.localhost.", "A"): ("127.0.0.2",),  # the system's resolver knows it as 127.0.0.1
}
Change = Callable[[dns.message.Message, bytes], bytes | None]


class DnsServer:
    """A name server on ``127.0.0.1:port``. ``change`` makes each UDP response from it and the query; None: silence."""

    def __init__(self, change: Change = lambda response, _: response.to_wire()) -> None:
        self._change = change
        self.asked: list[str] = []
        self._tcp, self._udp = _one_port()
        self.port = int(self._udp.getsockname()[1])

    def __enter__(self) -> Self:
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in (self._udp, self._tcp):
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _serve_udp(self) -> None:
        with suppress(OSError):
            while True:
                query, peer = self._udp.recvfrom(4096)
                if not query:
                    return
                response = self._response(query, "udp")
                if len(response.to_wire(max_size=65535)) > 1232:
                    response.answer.clear()
                    response.flags |= dns.flags.TC
                wire = self._change(response, query)
                if wire is not None:
                    self._udp.sendto(wire, peer)

    def _serve_tcp(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._tcp.accept()
                with connection:
                    size = struct.unpack(">H", _exactly(connection, 2))[0]
                    wire = self._response(_exactly(connection, size), "tcp").to_wire(max_size=65535)
                    for byte in (struct.pack(">H", len(wire)) + wire[:10], wire[10:]):
                        connection.sendall(byte)

    def _response(self, wire: bytes, way: str) -> Any:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query)
        [question] = query.question
        name, kind = question.name.to_text(), question.rdtype.name
        self.asked.append(f"{way} {name} {kind}")
        if found := RECORDS.get((name, kind)):
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *found))
        elif not any(known == name for known, _ in RECORDS):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


def _one_port() -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket of the same port, which another program may have taken for one of them."""
    while True:
        tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
        else:
            return tcp, udp


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := connection.recv(size - len(data))):
        data += part
    return data
