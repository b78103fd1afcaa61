"""A service that messages are posted to, and everything that may become of a request."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.stand_ins.server import Exchange, StandIn

Doing = Callable[[Exchange], None]


class Service(StandIn):
    """Does with one request after the other what the test queued, and then ``usual``; it keeps what it got."""

    def __init__(self, usual: Doing) -> None:
        super().__init__()
        self.usual = usual
        self.queue: list[Doing] = []
        self.requests: list[Exchange] = []

    def answer(self, exchange: Exchange) -> None:
        self.requests.append(exchange)
        (self.queue.pop(0) if self.queue else self.usual)(exchange)

    @property
    def bodies(self) -> list[Any]:
        """The posted bodies, read as JSON."""
        return [json.loads(request.body) for request in self.requests]


def says(status: int, body: str = "", headers: Mapping[str, str] | None = None, name: str = "") -> Doing:
    """Respond at once. The body is JSON if it looks like it."""
    content_type = "application/json" if body[:1] in ("{", "[") else "text/plain"
    content_type = "text/html" if body[:1] == "<" else content_type

    def doing(exchange: Exchange) -> None:
        exchange.answer(status, body, content_type, headers)

    doing.__name__ = name or f"says_{status}_{body[:20]}"
    return doing


def hangs(exchange: Exchange) -> None:
    """Take the request and stay silent."""
    exchange.hang()


def closes(exchange: Exchange) -> None:
    """Take the request and reset the connection."""
    exchange.reset()


def speaks_garbage(exchange: Exchange) -> None:
    """Respond with what is not HTTP."""
    exchange.write(b"\x00\xffSSH-2.0-OpenSSH_9.2\r\n")


def drips_body(exchange: Exchange) -> None:
    """Respond one byte at a time, for ever."""
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    exchange.drip_bytes(b"o" * 100_000)


def drips_headers(exchange: Exchange) -> None:
    """Send the response's headers one byte at a time, for ever."""
    exchange.write(b"HTTP/1.1 200 OK\r\nX: ")
    exchange.drip_bytes(b"o" * 100_000)


def answers_100_megabytes(exchange: Exchange) -> None:
    """Respond with more than anybody reads."""
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000000\r\n\r\n")
    for _ in range(1_600):
        if not exchange.write(b"o" * 62_500):
            return
