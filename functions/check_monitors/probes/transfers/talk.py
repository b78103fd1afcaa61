"""Talking over a connection that libcurl has made: send bytes, and read what the server says to them."""

import time
from collections.abc import Callable, Generator
from typing import Any

import pycurl

from functions.check_monitors.probes.causes import text_cause
from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.loop.readiness import READ, WRITE
from shared.models import Cause

_PART_BYTES = 16_384
HEARD_BYTES = 65_536  # of what a server says over anything but HTTP
_LISTEN_SECONDS = 0.5  # how long a server that may not say a keyword is heard after it has said all that is awaited
CLOSED = Cause.of("closed_without_response")
RESET = Cause.of("connection_reset")


class Heard:
    """All that the server has said so far. ``is_over``: it says no more, or the time is over.

    ``is_enough_at``: since then it has said all that is awaited, and is only heard for what it must not say.
    """

    def __init__(self, limit: int = HEARD_BYTES) -> None:
        self.data = bytearray()
        self.limit = limit
        self.is_over = self.is_closed = False
        self.is_enough_at: float | None = None

    def body(self) -> bytes:
        """As much of it as is judged."""
        return bytes(self.data[: self.limit])

    def is_cut(self) -> bool:
        """Whether it may have said more than is judged."""
        return len(self.data) > self.limit or (len(self.data) == self.limit and not self.is_over)

    def has_line(self) -> bool:
        """Whether there is a whole line."""
        return b"\n" in self.data

    def line(self) -> bytes:
        """The first line, or what there is of it."""
        return bytes(self.data).partition(b"\n")[0].rstrip(b"\r")


# A conversation yields bytes to send, or None to hear more; it returns why the server is not well, or None if it is.
Conversation = Generator[bytes | None, None, Cause | None]


def until(heard: Heard, is_enough: Callable[[], bool]) -> Generator[None, None, bool]:
    """Hear more until it is enough; whether it is."""
    while not is_enough():
        if heard.is_over or len(heard.data) >= heard.limit:
            return False
        yield None
    return True


class Talk(Exchange):
    """A conversation over the connection of ``curl``, until its end or until ``ends_at``.

    Afterwards ``finding`` is what the conversation returned. ``why`` says that the connection failed meanwhile.
    """

    def __init__(self, curl: Any, conversation: Conversation, heard: Heard, ends_at: float, seconds: float) -> None:
        self.curl = curl
        self.wake_at = self._ends_at = ends_at
        self._seconds = seconds
        self._conversation = conversation
        self.heard = heard
        self._to_send = b""
        self._is_begun = False
        self.why: Cause | None = None
        self.finding: Cause | None = None
        self.began_at = time.monotonic()
        self.first_byte_at: float | None = None
        self.ended_at = self.began_at

    def watched(self) -> tuple[int, int]:
        """The connection's descriptor."""
        return self.curl.getinfo(pycurl.ACTIVESOCKET), READ | (WRITE if self._to_send else 0)

    def proceed(self) -> bool:
        """Send and hear as much as there is."""
        is_over = self._go_on()
        self.ended_at = self.heard.is_enough_at or time.monotonic()
        self.wake_at = min(self.wake_at, self._hears_until())
        return is_over

    def write(self, data: bytes) -> int:
        """Send some of ``data``; how many bytes that were. Raises BlockingIOError if none can be sent now."""
        return int(self.curl.send(data))

    def read(self) -> bytes:
        """The server's bytes; empty if it has closed. Raises BlockingIOError if it has said nothing yet."""
        return bytes(self.curl.recv(_PART_BYTES))

    def _hears_until(self) -> float:
        since = self.heard.is_enough_at
        return self._ends_at if since is None else min(self._ends_at, since + _LISTEN_SECONDS)

    def _go_on(self) -> bool:
        try:
            if not self._is_begun:
                self._is_begun = True
                self._ask()
            while True:
                if self._to_send:
                    self._to_send = self._to_send[self.write(self._to_send) :]
                    if self._to_send:
                        continue
                    self._ask()
                else:
                    self._hear()
                    self._ask()
        except BlockingIOError:
            is_late = time.monotonic() >= self._hears_until()
            return is_late and self._end(None if self.heard.data else Cause.of("no_response", seconds=self._seconds))
        except StopIteration as end:
            self.finding = end.value
            return True
        except ConnectionAbortedError:
            return self._end(CLOSED)
        except (pycurl.error, OSError) as error:
            text = str(error.args[-1])
            is_end = "unexpected eof" in text or "SSL_ERROR" in text
            return self._end(CLOSED if is_end else text_cause(text) or RESET)

    def _ask(self) -> None:
        """Let the conversation go on. Raises StopIteration at its end."""
        self._to_send = next(self._conversation) or b""

    def _hear(self) -> None:
        part = self.read()
        if part:
            self.first_byte_at = self.first_byte_at or time.monotonic()
            self.heard.data += part
        elif self.heard.is_over or not self.heard.data:
            raise ConnectionAbortedError("closed, and the conversation is not at its end")
        else:
            self.heard.is_over = self.heard.is_closed = True

    def _end(self, why: Cause | None) -> bool:
        """End because nothing more comes: the conversation judges what there is, if there is anything."""
        self.heard.is_over = True
        try:
            if self.heard.data:
                next(self._conversation)
            self.why = why or CLOSED
        except StopIteration as end:
            self.finding = end.value
        return True


def awaited(subject: Subject, heard: Heard) -> Conversation | None:
    """Send the policy's body, and hear until what was heard is what it awaits; None if it has neither."""
    body = subject.policy.body
    if not subject.is_body_needed and body is None:
        return None
    return _awaited(subject, heard, subject.filled(body).encode() if body else b"")


def _awaited(subject: Subject, heard: Heard, body: bytes) -> Conversation:
    def is_satisfied() -> bool:
        # A server that has said what it has to say stays silent, and does not hang up.
        subject.seen.body = heard.body()
        return bool(heard.data) and subject.is_satisfied()

    if body:
        yield body
    if subject.is_body_needed:
        is_enough = yield from until(heard, is_satisfied)
        if is_enough and subject.policy.forbidden_keyword:
            heard.is_enough_at = time.monotonic()
            yield from until(heard, lambda: False)
    return None


def not_spoken(protocol: str, heard: Heard) -> Cause:
    """The cause of a server that says something else."""
    return Cause.of("protocol_not_spoken", protocol=protocol, reply=shown(heard.line()))


def shown(said: bytes) -> str:
    """A server's words, as a cause may show them."""
    return said[:200].decode("utf-8", "replace").strip()
