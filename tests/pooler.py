"""A pooler in transaction mode, as pgbouncer is one: many clients, few connections, another one each transaction."""

import contextlib
import queue
import socket
import socketserver
import struct
import threading
from typing import Self

import psycopg

_WITHOUT = {80877103, 80877104}  # TLS and GSSAPI are asked for before anything else
_PARAMETERS = {
    "server_version": "18.0",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "integer_datetimes": "on",
}


class Pooler:
    """Listens at ``port`` of 127.0.0.1 as a context manager, and has ``size`` connections to the database of ``url``.

    It knows what our engine says: simple and extended queries, and nothing of COPY. Whoever has used a connection
    longest ago gets its next turn, so that a session's state is never where it was left.
    """

    def __init__(self, url: str, size: int = 3) -> None:
        self._connections = [psycopg.connect(url, autocommit=True) for _ in range(size)]
        self._free: queue.Queue[socket.socket] = queue.Queue()
        for connection in self._connections:
            server = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
            server.setblocking(True)
            # Else each small message waits for the last one's receipt.
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._free.put(server)
        self.clients = 0
        pooler = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):
                    pooler._serve(self.request)

        socketserver.ThreadingTCPServer.daemon_threads = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        while not self._free.empty():
            self._free.get().close()
        for connection in self._connections:
            connection.close()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._greet(client)
        self.clients += 1
        server: socket.socket | None = None
        while (message := _message(client))[:1] != b"X":
            server = server or self._free.get(timeout=10)
            server.sendall(message)
            if message[:1] in (b"Q", b"S") and _answer(server, client) == b"I":
                self._free.put(server)
                server = None

    @staticmethod
    def _greet(client: socket.socket) -> None:
        while True:
            length, code = struct.unpack("!ii", _read(client, 8))
            _read(client, length - 8)
            if code not in _WITHOUT:
                break
            client.sendall(b"N")
        words = [_packed(b"R", struct.pack("!i", 0))]
        words += [_packed(b"S", f"{name}\0{value}\0".encode()) for name, value in _PARAMETERS.items()]
        client.sendall(b"".join([*words, _packed(b"K", struct.pack("!ii", 1, 1)), _packed(b"Z", b"I")]))


def _answer(server: socket.socket, client: socket.socket) -> bytes:
    """Hand on what the server says until it is ready; whether it is in a transaction then."""
    while True:
        message = _message(server)
        client.sendall(message)
        if message[:1] == b"Z":
            return message[-1:]


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


def _packed(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body
