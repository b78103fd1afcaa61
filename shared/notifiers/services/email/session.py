"""One dialogue with a mail server, within one deadline: its name, the connection, TLS, the login, and the mail.

libcurl connects and logs in. The rest of the dialogue is ours, because libcurl waits for the answer to its QUIT as long
as the server likes, when the mail is long accepted.
"""

import contextlib
import functools
import os
import re
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Self

from shared.notifiers.exchange import MAX_RESPONSE_BYTES, QUICK_EXIT, reason_of
from shared.notifiers.outcomes import PerhapsAccepted, SendFailed
from shared.notifiers.services.email.addresses import Server, StartTls
from shared.notifiers.services.email.replies import Reply, not_offered, refused, without_words
from shared.settings import proxies
from shared.settings.secrets import masked

# libcurl's numbers for errors that the server explained by its last reply, and for TLS that it does not offer.
_REFUSALS = frozenset({8, 9, 67})
_LOGIN_DENIED = 67
_NO_STARTTLS = 64
_WRITE_FAILED = 23
_AGAIN = 81
_NOT_SMTP = "the mail server does not speak SMTP"
_TOO_MUCH = "the mail server says too much"
# The reply to DATA.
_GO_ON = 354
# To hide a shorter password would garble every word, and say what it is.
_SHORTEST_HIDDEN = 4


class Session:
    """A connection on which the server greeted and let us in. Closed at the end of the ``with``."""

    def __init__(self, server: Server, starttls: StartTls, *, seconds: float, attempts: int = 1) -> None:
        self._gives_up_at = time.monotonic() + seconds
        import pycurl

        self._seconds = seconds
        self._received = bytearray()
        self._taken = 0
        self._lines: list[bytes] = []
        # Whether replies keep their codes alone. Servers quote whom a mail is to.
        self.is_discreet = False
        self._hidden = (server.password,) if len(server.password) >= _SHORTEST_HIDDEN else ()
        self._curl = pycurl.Curl()
        try:
            self._set_up(server, starttls)
            self._connect(server, attempts)
        except BaseException:
            self._curl.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The answer is of no use, and a server that hangs here must not hold us up.
        with contextlib.suppress(Exception):
            self._curl.send(b"QUIT\r\n")
        self._curl.close()

    def renew(self, seconds: float) -> None:
        """Let so many seconds pass from now on before giving up."""
        self._gives_up_at, self._seconds = time.monotonic() + seconds, seconds

    def ask(self, *commands: bytes) -> list[Reply]:
        """The reply to each command. They go together if the server can take that.

        Raises:
            SendFailed: the connection broke, the deadline passed, or the server does not speak SMTP.
        """
        lines = [command + b"\r\n" for command in commands]
        groups = [lines] if self._offers("PIPELINING") else [[line] for line in lines]
        replies = []
        for group in groups:
            self._write(b"".join(group))
            replies += [self._read_reply() for _ in group]
        return replies

    def hand_over(self, mail: bytes, *, answers_until: float) -> Reply:
        """Send the mail, whose lines end as on the wire, and return the words with which the server accepted it.

        Many servers examine a mail before they say that. If we gave up as early as otherwise, each attempt would be a
        copy. ``answers_until``: by ``time.monotonic()``.

        Raises:
            PerhapsAccepted: the server has the mail, and said nothing until then.
            SendFailed: as for ``ask``, or the server refused the mail.
        """
        [started] = self.ask(b"DATA")
        if started.code != _GO_ON:
            raise refused("the mail", [started])
        # A line that is a dot alone ends the mail.
        self._write(mail.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        self.renew(answers_until - time.monotonic())
        try:
            taken = self._read_reply()
        except SendFailed:
            if time.monotonic() < answers_until:
                raise
            said = f"the mail server has the mail, and said nothing of it for {self._seconds:.3g} s"
            raise PerhapsAccepted(said) from None
        if not taken.is_success:
            raise refused("the mail", [taken])
        return taken

    def _offers(self, extension: str) -> bool:
        return any(line[4:].strip().upper() == extension.encode() for line in self._lines)

    def _set_up(self, server: Server, starttls: StartTls) -> None:
        import certifi
        import pycurl

        curl, is_demanded = self._curl, server.demands_tls(starttls)
        url = f"{server.scheme}://{server.host}:{server.port}"
        curl.setopt(pycurl.URL, f"{url}/{_own_name()}")
        proxies.set_proxy(curl, url)
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_SMTP | pycurl.PROTO_SMTPS)
        usual = pycurl.USESSL_NONE if starttls == "off" else pycurl.USESSL_TRY
        curl.setopt(pycurl.USE_SSL, pycurl.USESSL_ALL if is_demanded else usual)
        if server.user:
            curl.setopt(pycurl.USERNAME, server.user.encode())
            curl.setopt(pycurl.PASSWORD, server.password.encode())
        curl.setopt(pycurl.TIMEOUT_MS, max(1, round((self._gives_up_at - time.monotonic()) * 1000)))
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(QUICK_EXIT, 1)
        if not server.is_verified(starttls):
            curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.CAINFO, os.environ.get("SSL_CERT_FILE") or certifi.where())
        curl.setopt(pycurl.HEADERFUNCTION, functools.partial(_note, self._lines))

    def _connect(self, server: Server, attempts: int) -> None:
        import pycurl

        try:
            self._curl.perform()
        except pycurl.error as error:
            code = error.args[0]
        else:
            if server.user and not self._is_said(b"235"):
                raise not_offered("a login", attempts)
            return
        last = self._reply_of(self._lines[-1].rstrip()) if self._lines else None
        if code in _REFUSALS and last and last.code >= 400:
            # Servers quote a command that they do not know, and the login's holds the password.
            is_login = code == _LOGIN_DENIED or (server.password and self._is_said(b"250"))
            said = f"the login: {without_words(last)}" if is_login else f"the connection: {last}"
            raise SendFailed(f"the mail server refused {said}", is_permanent=last.code >= 500)
        if code == _NO_STARTTLS:
            raise not_offered("STARTTLS", attempts)
        if code == _LOGIN_DENIED:
            raise not_offered("a login that we know", attempts)
        if code in _REFUSALS:
            raise SendFailed(_NOT_SMTP)
        raise SendFailed(_TOO_MUCH if code == _WRITE_FAILED else reason_of(code, self._seconds))

    def _is_said(self, code: bytes) -> bool:
        return any(line.startswith(code) for line in self._lines)

    def _reply_of(self, line: bytes) -> Reply | None:
        found = re.fullmatch(rb"([2-5][0-9]{2})(?:[ -](.*))?", line, re.DOTALL)
        if found is None:
            return None
        return Reply(int(found[1]), masked((found[2] or b"").decode("utf-8", "replace"), self._hidden))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._try(select.POLLOUT, functools.partial(self._curl.send, bytes(rest[:16_384]))) :]

    def _read_reply(self) -> Reply:
        """The next reply. A reply of several lines counts by the last one's code, and has the words of all."""
        words = []
        while True:
            line = self._read_line()
            reply = self._reply_of(line)
            if reply is None:
                raise SendFailed(_NOT_SMTP)
            words.append(reply.words)
            if line[3:4] != b"-":
                whole = Reply(reply.code, " ".join(words))
                return without_words(whole) if self.is_discreet else whole

    def _read_line(self) -> bytes:
        while b"\n" not in self._received:
            part = self._try(select.POLLIN, functools.partial(self._curl.recv, 4_096))
            if not part:
                raise SendFailed("the mail server closed the connection")
            self._taken += len(part)
            if self._taken > MAX_RESPONSE_BYTES:
                raise SendFailed(_TOO_MUCH)
            self._received += part
        line, _, rest = bytes(self._received).partition(b"\n")
        self._received = bytearray(rest)
        return line.rstrip(b"\r")

    def _try(self, event: int, attempt: Callable[[], Any]) -> Any:
        """The result of an attempt to read or write, as soon as the socket can do it."""
        import pycurl

        poll = select.poll()
        poll.register(self._curl.getinfo(pycurl.ACTIVESOCKET), event)
        while (left := self._gives_up_at - time.monotonic()) > 0:
            try:
                return attempt()
            except BlockingIOError:
                pass
            except pycurl.error as error:
                if error.args[0] != _AGAIN:
                    raise SendFailed(reason_of(error.args[0], self._seconds)) from None
            poll.poll(left * 1000)
        raise SendFailed(f"no answer within {self._seconds:.3g} s")


def _note(lines: list[bytes], line: bytes) -> int | None:
    # A return value other than the line's length ends the transfer.
    lines.append(line)
    return None if sum(map(len, lines)) <= MAX_RESPONSE_BYTES else 0


def _own_name() -> str:
    """Our name in EHLO. Servers refuse a name without a dot, and take an address in its place."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", name) else "%5B127.0.0.1%5D"
