"""Real HTTP servers on this machine, in threads: what every stand-in is, and one request to it."""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.stand_ins.serving import Serving


class StandIn:
    """An HTTP server in threads, on a free port of 127.0.0.1. It keeps the port while it does not listen."""

    def __init__(self) -> None:
        self._released = threading.Event()
        self._serving: Serving | None = None
        self._server = self._bound(0)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def answer(self, exchange: "Exchange") -> None:
        """Respond to one request, or misbehave. Each request has a thread of its own."""
        raise NotImplementedError

    @property
    def is_down(self) -> bool:
        """Whether connections are refused. Set it to stop or start the server."""
        return self._serving is None

    @is_down.setter
    def is_down(self, is_down: bool) -> None:
        if is_down and self._serving is not None:
            self._serving.end()
            self._serving = None
            self._server.server_close()
            # Bound but not listening: connections are refused, and no other process gets the port.
            self._server = self._bound(self.port)
        elif not is_down and self._serving is None:
            self._server.server_activate()
            self._serving = Serving(self._server)

    def release(self) -> None:
        """End every exchange that hangs or drips. Later ones may hang again."""
        released, self._released = self._released, threading.Event()
        released.set()

    def __enter__(self) -> Self:
        self.is_down = False
        return self

    def __exit__(self, *_: object) -> None:
        self.is_down = True
        self.release()
        self._server.server_close()

    def _bound(self, port: int) -> "_Server":
        server = _Server(self)
        server.allow_reuse_address = True
        server.server_address = ("127.0.0.1", port)
        server.server_bind()
        return server


class Exchange:
    """One request, and the ways to respond to it."""

    def __init__(self, handler: BaseHTTPRequestHandler, released: threading.Event) -> None:
        self._handler = handler
        self._released = released
        self.method = handler.command
        self.path = handler.path
        self.headers = handler.headers
        length = int(handler.headers.get("Content-Length") or 0)
        self.body = handler.rfile.read(length)
        # A client that is killed while it sends leaves half a request, which a real server ignores.
        self.is_whole = len(self.body) == length

    def answer(
        self,
        status: int,
        body: str | bytes,
        content_type: str = "text/plain; charset=utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send the whole response at once."""
        self.write(_response(status, body, content_type, headers or {}))

    def drip(self, status: int, body: str, content_type: str = "application/json", pause: float = 0.1) -> None:
        """Send the response one byte at a time, ``pause`` seconds apart, until released."""
        self.drip_bytes(_response(status, body, content_type, {}), pause)

    def drip_bytes(self, data: bytes, pause: float = 0.1) -> None:
        """Send ``data`` one byte at a time, ``pause`` seconds apart, until released."""
        released = self._released
        for byte in data:
            if not self.write(bytes([byte])) or released.wait(pause):
                return

    def hang(self) -> None:
        """Stay silent until released. The connection then closes without a response."""
        self._released.wait()

    def reset(self) -> None:
        """Reset the connection instead of responding."""
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Close at once. The handler's files still refer to the connection and would keep it open.
        socket.close(connection.detach())

    def write(self, data: bytes) -> bool:
        """Send ``data`` as it is. Whether the client still listens."""
        try:
            self._handler.wfile.write(data)
            self._handler.wfile.flush()
        except OSError:
            return False  # the client gave up
        return True


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)

    def server_bind(self) -> None:
        # HTTPServer's own asks the name service for the host's name, which may be slow.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: in many tests a client goes away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        self.close_connection = True
        if self.raw_requestline and self.parse_request():
            self.close_connection = True
            stand_in = self.server.stand_in
            exchange = Exchange(self, stand_in._released)
            if exchange.is_whole:
                stand_in.answer(exchange)

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # named by its parent
        """Stay silent: a test reads what the system prints."""


def _response(status: int, body: str | bytes, content_type: str, headers: Mapping[str, str]) -> bytes:
    data = body if isinstance(body, bytes) else body.encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"HTTP/1.1 {status} -\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n"
    )
    return f"{head}{more}\r\n".encode() + data
