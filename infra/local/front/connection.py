"""One client's connection: its phase, and until when the phase may last."""

import contextlib
import socket
import time
from enum import StrEnum
from typing import Any

from infra.local.front.incoming import Incoming

RECEIVE_BYTES = 64 * 1024


class Phase(StrEnum):
    """The states of a connection. While a thread works on its request, nobody reads from it."""

    IDLE = "waits for a request"
    HEAD = "receives a head"
    BODY = "receives a body"
    WORKING = "a thread works on its request"
    SENDING = "receives the response"
    ENDING = "is read to its end, so that the client can read the whole response"


# How many seconds each phase may last in all, however steadily bytes come or go.
SECONDS = {Phase.IDLE: 5.0, Phase.HEAD: 10.0, Phase.BODY: 30.0, Phase.SENDING: 30.0, Phase.ENDING: 2.0}
# The bytes that a client may still send after a response that ends its connection.
MAX_UNREAD_BYTES = 8 * 1024 * 1024


class Connection:
    """A connection. ``is_own``: it has shown our key. ``server``: the address that the client reached."""

    def __init__(self, sock: socket.socket, client: Any, server: Any, cfg: Any) -> None:
        sock.setblocking(False)
        self.sock, self.client, self.server = sock, client, server
        self.incoming = Incoming(cfg, client)
        self.is_own = self.is_broken = False
        self.unread = MAX_UNREAD_BYTES
        self._to_send = b""
        # A client that connects has something to say.
        self.enter(Phase.IDLE)
        self.ends_at = time.monotonic() + SECONDS[Phase.HEAD]

    @property
    def address(self) -> str:
        """The client's IP address."""
        return str(self.client[0]) if isinstance(self.client, tuple) else ""

    @property
    def has_to_send(self) -> bool:
        """Whether a part of the response waits for the client."""
        return bool(self._to_send) and not self.is_broken

    def enter(self, phase: Phase) -> None:
        """Begin a phase, and the time that it may last."""
        self.phase = phase
        self.ends_at = time.monotonic() + SECONDS.get(phase, float("inf"))

    def receive(self) -> bool:
        """Take what has arrived; whether there was anything, be it the end."""
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            self.is_broken = True
            return True
        if self.phase is Phase.ENDING:
            self.unread -= len(data)
            self.is_broken = not data or self.unread < 0
        elif data:
            self.incoming.take(data)
        else:
            self.incoming.is_over = True
        return True

    def send(self, data: bytes = b"") -> None:
        """Send ``data``, or what of it the client takes now; the rest waits."""
        self._to_send += data
        try:
            self._to_send = self._to_send[self.sock.send(self._to_send) :]
        except BlockingIOError:
            pass
        except OSError:
            self.is_broken = True

    def end_sending(self) -> None:
        """Tell the client that nothing more comes."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_broken = True

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self.sock.close()
