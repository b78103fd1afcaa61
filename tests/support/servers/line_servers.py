"""Servers of protocols that consist of lines: SMTP, IMAP, POP3 and FTP, with STARTTLS and a login."""

import ssl
from collections.abc import Mapping
from typing import Any

from tests.support.servers.raw_servers import Handler

CAPABILITIES: Mapping[str, tuple[bytes, Mapping[bytes, bytes]]] = {
    "smtp": (
        b"220 mail.example ESMTP\r\n",
        {
            b"EHLO": b"250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n",
            b"STARTTLS": b"220 go ahead\r\n",
            b"AUTH PLAIN": b"334 \r\n",
            b"AG1lAHNlY3JldA==": b"235 welcome\r\n",
            b"AG1l": b"535 no\r\n",
            b"QUIT": b"221 bye\r\n",
        },
    ),
    "imap": (
        b"* OK IMAP4rev1 ready\r\n",
        {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR\r\n%s OK done\r\n",
            b"STARTTLS": b"%s OK go ahead\r\n",
            b"AUTHENTICATE PLAIN AG1lAHNlY3JldA==": b"%s OK welcome\r\n",
            b"AUTHENTICATE PLAIN": b"%s NO no\r\n",
            b"LOGOUT": b"* BYE\r\n%s OK bye\r\n",
        },
    ),
    "pop3": (
        b"+OK POP3 ready\r\n",
        {
            b"CAPA": b"+OK\r\nSTLS\r\nUSER\r\nSASL PLAIN\r\n.\r\n",
            b"STLS": b"+OK go ahead\r\n",
            b"AUTH PLAIN": b"+ \r\n",
            b"AG1lAHNlY3JldA==": b"+OK welcome\r\n",
            b"AG1l": b"-ERR no\r\n",
            b"QUIT": b"+OK bye\r\n",
        },
    ),
    "ftp": (
        b"220 FTP ready\r\n",
        {
            b"AUTH SSL": b"234 go ahead\r\n",
            b"AUTH TLS": b"234 go ahead\r\n",
            b"PBSZ": b"200 ok\r\n",
            b"PROT": b"200 ok\r\n",
            b"USER me": b"331 password?\r\n",
            b"USER": b"530 nobody is let in\r\n",
            b"PASS secret": b"230 welcome\r\n",
            b"PASS": b"530 no\r\n",
            b"PWD": b'257 "/"\r\n',
            b"QUIT": b"221 bye\r\n",
        },
    ),
}
_STARTS_TLS = (b"STARTTLS", b"STLS", b"AUTH SSL", b"AUTH TLS")


def _without_starttls(reply: bytes) -> bytes:
    return reply.replace(b"250-STARTTLS\r\n", b"").replace(b" STARTTLS", b"").replace(b"STLS\r\n", b"")


def speaks(
    protocol: str,
    tls: ssl.SSLContext | None = None,
    *,
    greeting: bytes | None = None,
    asked: list[bytes] | None = None,
    **replies: bytes,
) -> Handler:
    """A handler that speaks a protocol; ``replies`` are other ones than usual. ``asked`` gets each line."""
    usual, said = CAPABILITIES[protocol]
    if tls is None:
        said = {name: _without_starttls(reply) for name, reply in said.items() if name not in _STARTS_TLS}
    known = {**said, **{name.encode(): reply for name, reply in replies.items()}}

    def handler(connection: Any) -> None:
        connection.sendall(usual if greeting is None else greeting)
        rest = b""
        while True:
            while b"\r\n" not in rest:
                part = connection.recv(4096)
                if not part:
                    return
                rest += part
            line, _, rest = rest.partition(b"\r\n")
            if asked is not None:
                asked.append(line)
            tag, command = line.split(b" ", 1) if protocol == "imap" and b" " in line else (b"", line)
            known_by = [name for name in known if command.upper().startswith(name.upper())]
            reply = known[max(known_by, key=len)] if known_by else b"500 what?\r\n"
            connection.sendall(reply.replace(b"%s", tag))
            is_going = reply.startswith((b"2", b"+OK", b"%s OK"))
            if command.upper().startswith(_STARTS_TLS) and is_going and tls:
                connection = tls.wrap_socket(connection, server_side=True)

    return handler
