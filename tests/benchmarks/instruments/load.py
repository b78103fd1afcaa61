"""Load that costs little: one process, kept connections, bytes that are ready. It measures the server, not itself."""

import re
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.running import API_KEY

SETTLE_SECONDS = 0.25
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass
class Load:
    """The request that all connections send to a port. ``rate`` fails if a response is not 2xx."""

    port: int
    request: Callable[[], bytes]
    connections: int
    answered: int = 0

    def rate(self, seconds: float) -> float:
        """Answers a second, once the connections have got going."""
        with selectors.DefaultSelector() as selector:
            for _ in range(self.connections):
                connection = _Connection(self)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            self._answer_for(SETTLE_SECONDS, selector)
            before, began = self.answered, time.perf_counter()
            self._answer_for(seconds, selector)
            rate = (self.answered - before) / (time.perf_counter() - began)
            for key in list(selector.get_map().values()):
                key.data.socket.close()
        # Otherwise the last responses would run into the next measurement.
        time.sleep(SETTLE_SECONDS)
        return rate

    def _answer_for(self, seconds: float, selector: selectors.BaseSelector) -> None:
        ends_at = time.perf_counter() + seconds
        while (remaining := ends_at - time.perf_counter()) > 0:
            for key, _ in selector.select(remaining):
                key.data.read()


class _Connection:
    """Asks again as soon as it is answered."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = b""
        self.socket = socket.create_connection(("127.0.0.1", load.port))
        self.socket.sendall(load.request())

    def read(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the server closed a connection"
        self._received += data
        if _is_whole(self._received):
            self._received = b""
            self._load.answered += 1
            self.socket.sendall(self._load.request())


def _is_whole(answer: bytes) -> bool:
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not gap:
        return False
    length = _LENGTH.search(head)
    assert head.startswith(b"HTTP/1.1 2"), answer.decode("utf-8", "replace")
    assert length, head
    return len(body) >= int(length[1])


def get(path: str) -> bytes:
    """A request without a key."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A request with the key, and JSON."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {API_KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
