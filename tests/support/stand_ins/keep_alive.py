"""A server that keeps its connections open, as the large services do. Other stand-ins close each one."""

import http.server
import socket
from dataclasses import dataclass
from typing import Self

from tests.support.stand_ins.serving import Serving


@dataclass(frozen=True)
class Request:
    """The body of a POST, and the connection that it came by: the first connection has the number 1."""

    body: bytes
    connection: socket.socket
    number: int


class KeepAliveServer:
    """Responds to each POST as ``respond`` says, and keeps every connection that clients opened, in order."""

    def __init__(self) -> None:
        self.connections: list[socket.socket] = []
        keeper = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                keeper.connections.append(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                number = keeper.connections.index(self.connection) + 1
                response = keeper.respond(Request(body, self.connection, number))
                if response is None:
                    self.close_connection = True
                    return
                status, text = response
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def respond(self, request: Request) -> tuple[int, str] | None:
        """The status and the text that a request gets, or None to close the connection without a response."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._serving = Serving(self._server)
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.end()
        self._server.server_close()
