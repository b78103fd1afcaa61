"""The wire between a system and its PostgreSQL server, which can catch a COMMIT.

A process that dies while its COMMIT is on its way leaves one of three states: the COMMIT was lost (``before``), only
the response to it was lost (``after``), or the COMMIT arrives when the next process already lives (``late``). A process
that lives on but loses its connection cannot tell these apart either.
"""

import contextlib
import json
import os
import signal
import socket
import socketserver
import struct
import threading
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

SIDES = ("before", "after", "late")
# Requests for TLS and GSSAPI, which a client sends first. They are refused, so that the wire can read everything.
_SECRECY = {80877103, 80877104}
_COMMIT = b"Q" + struct.pack("!i", 11) + b"COMMIT\0"
# Behind other statements: the name of the statement, which has none, and its text.
_PIPELINED_COMMIT = b"\0COMMIT\0"
_FLUSH = b"H" + struct.pack("!i", 4)
_ASKS_FOR_THE_LOCK = b"pg_advisory_xact_lock"
LATE_SECONDS = 20.0


@dataclass(frozen=True)
class Order:
    """Kill a process group at the next COMMIT from the connection at ``port``. None: only close the connection."""

    port: int
    side: str
    group: int | None


class Wire:
    """Listens on a port of 127.0.0.1 and leads to the server of ``url``, as a context manager.

    ``came_late`` counts the late COMMITs. A late COMMIT arrives as soon as another process asks for the lock.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server_at = (str(parts.hostname), int(parts.port or 5432))
        self._orders: dict[int, Order] = {}
        self._hangs_up: tuple[bytes, str, threading.Event] | None = None
        self._open = 0
        self._changed = threading.Condition()
        self._others_ask, self._is_over = threading.Event(), threading.Event()
        self.came_late = 0
        self._listening = _Listening(self._lead, ("127.0.0.1", 0))
        self._ordering = _Listening(self._take_order, ("127.0.0.1", 0))
        self.orders_at = int(self._ordering.server_address[1])
        where = f"{parts.username}:{parts.password}@127.0.0.1:{self._listening.server_address[1]}"
        self.url = urlunsplit(parts._replace(netloc=where))

    def __enter__(self) -> Self:
        # Imported here, because the process that forks imports this file too, and has no stand-ins.
        from tests.support.stand_ins.serving import Serving

        self._serving = [Serving(each) for each in (self._listening, self._ordering)]
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._others_ask.set()
        for serving in self._serving:
            serving.end()
        for each in (self._listening, self._ordering):
            each.server_close()

    @property
    def is_quiet(self) -> bool:
        """Whether everything that a dead process sent has arrived, except a late COMMIT."""
        with self._changed:
            return self._open == 0

    def hang_up(self, words: str, side: str) -> threading.Event:
        """Close the next connection that sends ``words``, at its next COMMIT. The event is set when that is done."""
        is_done = threading.Event()
        self._hangs_up = words.encode(), side, is_done
        return is_done

    def _take_order(self, asking: socket.socket) -> None:
        order = Order(**json.loads(asking.makefile().readline()))
        self._orders[order.port] = order
        asking.sendall(b"!")

    def _lead(self, client: socket.socket) -> None:
        with self._changed:
            self._open += 1
        try:
            with socket.create_connection(self._server_at) as server:
                for each in (client, server):
                    # Otherwise each small message waits for the receipt of the one before.
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server.sendall(_greeting(client))
                self._lead_all(client, server)
        finally:
            with self._changed:
                self._open -= 1

    def _lead_all(self, client: socket.socket, server: socket.socket) -> None:
        port, said = client.getpeername()[1], b""
        _pass_on(server, client)
        while True:
            message = _message(client)
            said += message
            if message[:1] == b"p":  # the password: the server responds to it before it is ready
                server.sendall(said)
                said = b""
                _pass_on(server, client)
            elif message == _FLUSH and said == _FLUSH:  # the end of a pipeline, to which nothing responds
                server.sendall(said)
                said = b""
            elif message[:1] in (b"Q", b"S", b"X"):
                self._note(said, port)
                if (said == _COMMIT or _PIPELINED_COMMIT in said) and port in self._orders:
                    self._end(self._orders.pop(port), said, client, server)
                    return
                server.sendall(said)
                if _ASKS_FOR_THE_LOCK in said:
                    self._others_ask.set()
                said = b""
                _pass_on(server, client)

    def _note(self, said: bytes, port: int) -> None:
        if self._hangs_up and self._hangs_up[0] in said:
            self._orders[port] = Order(port, self._hangs_up[1], None)

    def _end(self, order: Order, said: bytes, client: socket.socket, server: socket.socket) -> None:
        """Follow an order at a COMMIT. ``said``: it, with what goes before it in one pipeline."""
        if order.side == "after":
            server.sendall(said)
            _pass_on(server, None)
        self._others_ask.clear()
        if order.group is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(order.group, signal.SIGKILL)
        elif self._hangs_up:
            self._hangs_up[2].set()
            self._hangs_up = None
            client.shutdown(socket.SHUT_RDWR)
        if order.side == "late":
            self._send_late(said, server)

    def _send_late(self, said: bytes, server: socket.socket) -> None:
        with self._changed:
            self._open -= 1
        try:
            if self._others_ask.wait(LATE_SECONDS) and not self._is_over.is_set():
                server.sendall(said)
                _pass_on(server, None)
                self.came_late += 1
        finally:
            with self._changed:
                self._open += 1


class _Listening(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, serve: Any, address: tuple[str, int]) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                # Either side may be killed at any moment.
                with contextlib.suppress(OSError):
                    serve(self.request)

        super().__init__(address, Handler)


def _greeting(client: socket.socket) -> bytes:
    """The client's first message to the server, after its requests for secrecy."""
    while True:
        head = _read(client, 8)
        length, code = struct.unpack("!ii", head)
        rest = _read(client, length - 8)
        if code not in _SECRECY:
            return head + rest
        client.sendall(b"N")


def _pass_on(server: socket.socket, client: socket.socket | None) -> None:
    """Pass on what the server sends until it waits for more."""
    while True:
        message = _message(server)
        if client is not None:
            client.sendall(message)
        is_question = message[:1] == b"R" and struct.unpack("!i", message[5:9])[0] not in (0, 12)
        if message[:1] == b"Z" or is_question:
            return


def _message(sender: socket.socket) -> bytes:
    head = _read(sender, 5)
    return head + _read(sender, struct.unpack("!i", head[1:])[0] - 4)


def _read(sender: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = sender.recv(length - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data
