"""One client of the mail server, and the dialogue with it."""

import base64
import contextlib
import socket
import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.support.stand_ins.smtp import Smtp

Doing = Callable[["Connection"], None]

USER, PASSWORD = "kim@example.com", "s3cr3t-of-mail"
# Its usual replies, by the first word of the command. GREETING comes first, and ACCEPTED after the mail's last line.
USUAL: Mapping[str, bytes] = {
    "GREETING": b"220 mail.example ESMTP\r\n",
    "STARTTLS": b"220 go ahead\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 end with a dot\r\n",
    "ACCEPTED": b"250 2.0.0 queued as 4F1B\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}


class Mail(NamedTuple):
    """A mail that the server accepted, its lines without the wire's dots."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    is_encrypted: bool
    user: str | None


class Connection:
    """One client."""

    def __init__(self, server: "Smtp", connection: socket.socket) -> None:
        self._server, self._socket = server, connection
        self._rest = b""
        self._sender: str = ""
        self._recipients: list[str] = []
        self._user: str | None = None
        self._is_encrypted = False

    def serve(self) -> None:
        """Speak until the client goes away."""
        with contextlib.suppress(OSError, EOFError):
            if self._server.is_tls_at_once:
                self._encrypt()
            self._say("GREETING")
            while self._obey(self._line()):
                pass
        with contextlib.suppress(OSError):
            self._socket.close()

    def is_over(self, seconds: float) -> bool:
        """Whether the test ends within so many seconds."""
        return self._server.released.wait(seconds)

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        self._socket.sendall(data)

    def hang(self) -> None:
        """Stay silent until the test ends."""
        self._server.released.wait()

    def drip(self, data: bytes) -> None:
        """Send one byte at a time, for as long as the client takes them."""
        for byte in data:
            self.write(bytes([byte]))
            if self.is_over(0.05):
                return

    def quote(self, text: str) -> None:
        """Ask for the password, and then quote it in a reply as some servers do with what they do not expect."""
        self.write(b"334 \r\n")
        self.write(text.format(self._line()).encode() + b"\r\n")

    def close(self) -> None:
        """End the connection."""
        self._socket.shutdown(socket.SHUT_RDWR)
        raise EOFError

    def reset(self) -> None:
        """Reset the connection."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
        raise EOFError

    def _obey(self, line: str) -> bool:
        """Do what a command says. Whether the client may say more."""
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        if verb in ("EHLO", "HELO"):
            self._say(verb, self._capabilities() if verb == "EHLO" else b"250 mail.example\r\n")
        elif verb == "AUTH":
            self._log_in(argument)
        elif verb == "STARTTLS" and self._server.tls:
            if self._say(verb):
                self._encrypt()
        elif verb == "MAIL" and self._server.has_login and self._user is None:
            self._say(verb, b"530 5.7.0 authentication required\r\n")
        elif verb == "MAIL":
            self._sender, self._recipients = _address(argument), []
            self._say(verb)
        elif verb == "RCPT":
            refusal = self._server.refused.get(_address(argument))
            if len(self._recipients) >= self._server.most_recipients:
                refusal = b"452 4.5.3 too many recipients\r\n"
            if self._say(verb, refusal) and refusal is None:
                self._recipients.append(_address(argument))
        elif verb == "DATA":
            self._take_mail()
        elif verb in USUAL:
            self._say(verb)
        else:
            self.write(b"500 5.5.1 what?\r\n")
        return verb != "QUIT"

    def _say(self, stage: str, reply: bytes | None = None) -> bool:
        """Reply as the test says, or as usual. Whether it was a success."""
        planned = self._server.replies.get(stage)
        if callable(planned):
            planned(self)
            return False
        said = planned or reply or USUAL[stage]
        self.write(said)
        return said[:1] in (b"2", b"3")

    def _capabilities(self) -> bytes:
        names = ["mail.example", "8BITMIME"]
        names += ["PIPELINING"] if self._server.has_pipelining else []
        names += ["STARTTLS"] if self._server.tls and not self._is_encrypted else []
        names += [f"AUTH {self._server.mechanisms}"] if self._server.has_login else []
        lines = [f"250-{name}" for name in names[:-1]] + [f"250 {names[-1]}"]
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _log_in(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if "AUTH" in self._server.replies:
            self._say("AUTH")
            return
        if mechanism == "LOGIN":
            user = _decoded(initial) if initial else self._ask(b"Username:")
            given = (user, self._ask(b"Password:"))
        else:
            _, *parts = (_decoded(initial) if initial else self._ask(b"")).split("\0")
            given = (parts[0], parts[-1])
        self._user = given[0] if given == (USER, PASSWORD) else None
        self.write(b"235 2.7.0 welcome\r\n" if self._user else b"535 5.7.8 wrong password\r\n")

    def _ask(self, challenge: bytes) -> str:
        self.write(b"334 " + base64.b64encode(challenge) + b"\r\n")
        return _decoded(self._line())

    def _take_mail(self) -> None:
        if not self._recipients:
            self.write(b"554 5.5.1 no recipients\r\n")
            return
        if not self._say("DATA"):
            return
        lines = []
        while (line := self._bytes_line()) != b".":
            lines.append(line.removeprefix(b"."))
        data = b"".join(line + b"\r\n" for line in lines)
        mail = Mail(self._sender, tuple(self._recipients), data, self._is_encrypted, self._user)
        self._server.offered.append(mail)
        # Before the reply: the client returns to the test as soon as it has that.
        if "ACCEPTED" not in self._server.replies:
            self._server.mails.append(mail)
        self._say("ACCEPTED")

    def _encrypt(self) -> None:
        assert self._server.tls
        # Commands in the clear count no more.
        self._rest = b""
        self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)
        self._is_encrypted = True

    def _line(self) -> str:
        line = self._bytes_line().decode()
        self._server.commands.append(line)
        return line

    def _bytes_line(self) -> bytes:
        while b"\r\n" not in self._rest:
            part: bytes = self._socket.recv(65536)
            if not part:
                raise EOFError
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\r\n")
        # A bare line end would let one mail hold another, as servers that are lenient read it.
        assert b"\n" not in line
        assert b"\r" not in line
        return line


def _address(argument: str) -> str:
    return argument.partition("<")[2].partition(">")[0]


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
