"""A mail server: it speaks SMTP with STARTTLS and a login, keeps what it got, and misbehaves at any stage."""

import contextlib
import socket
import ssl
import threading
from typing import Self

from tests.support.stand_ins.smtp.connection import PASSWORD, USER, Connection, Doing, Mail

__all__ = ["PASSWORD", "USER", "Connection", "Doing", "Mail", "Smtp"]


class Smtp:
    """The server, on a free port of 127.0.0.1. ``replies``: what it does at a stage in place of its usual reply.

    ``refused``: replies to RCPT by address; ``most_recipients``: how many a mail may have. ``mails`` has what it
    accepted, ``offered`` also what it did not, and ``commands`` every line of every client.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        is_tls_at_once: bool = False,
        has_login: bool = False,
        mechanisms: str = "PLAIN LOGIN",
        has_pipelining: bool = True,
    ) -> None:
        self.tls, self.is_tls_at_once, self.has_login = tls, is_tls_at_once, has_login
        self.mechanisms, self.has_pipelining = mechanisms, has_pipelining
        self.replies: dict[str, bytes | Doing] = {}
        self.refused: dict[str, bytes] = {}
        self.most_recipients = 100
        self.mails: list[Mail] = []
        self.offered: list[Mail] = []
        self.commands: list[str] = []
        self.released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"smtp{'s' if is_tls_at_once else ''}://localhost:{self.port}"
        if has_login:
            self.url = self.url.replace("://", f"://{USER.replace('@', '%40')}:{PASSWORD}@")

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = Connection(self, self._listener.accept()[0])
                threading.Thread(target=connection.serve, daemon=True).start()
