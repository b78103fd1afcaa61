"""Servers on the loopback interface that send any bytes, also those that no HTTP library would send."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Handler = Callable[[Any], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
UNENDED = b"HTTP/1.1 200 OK\r\n\r\n"


class RawServers:
    """Starts servers. A thread passes each connection to the server's handler and then closes it."""

    def __init__(self) -> None:
        self._listeners: list[socket.socket] = []

    def __call__(self, handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        """Start a server and return its port."""
        listener = socket.create_server((host, 0), backlog=500)
        self._listeners.append(listener)

        def answer(connection: Any) -> None:
            with suppress(OSError):
                if tls:
                    connection = tls.wrap_socket(connection, server_side=True)
                handler(connection)
            connection.close()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    def close(self) -> None:
        """Stop them all."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            listener.close()


def says(*parts: bytes, then: float = 0.0) -> Handler:
    """A handler that reads the request, sends ``parts`` and closes the connection ``then`` seconds later.

    It closes the connection sooner if the client does, so ``then`` may be long.
    """

    def handler(connection: Any) -> None:
        connection.recv(65536)
        for part in parts:
            connection.sendall(part)
        if then:
            _wait_for_its_end(connection, then)

    return handler


def stays_silent(seconds: float) -> Handler:
    """A handler that says nothing for so long, or until the client goes away, and then closes the connection."""
    return lambda connection: _wait_for_its_end(connection, seconds)


def _wait_for_its_end(connection: Any, seconds: float) -> None:
    give_up_at = time.monotonic() + seconds
    with suppress(OSError):
        while (left := give_up_at - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return


def drips(head: bytes, part: bytes) -> Handler:
    """A handler that sends ``head`` and then repeats ``part`` until the client goes away."""

    def handler(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while True:
            connection.sendall(part)
            time.sleep(0.02)

    return handler


def resets(connection: Any) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def redirects(to: str, status: int = 302) -> Handler:
    return says(f"HTTP/1.1 {status} Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
