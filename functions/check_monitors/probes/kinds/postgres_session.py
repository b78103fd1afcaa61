"""One connection of libpq, its login and its query, in the loop's own selector. Only ``postgres_query`` needs it."""

import errno
import fcntl
import os
import sys
import termios
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from psycopg import Error, pq

from functions.check_monitors.probes.causes import errno_cause, text_cause
from functions.check_monitors.probes.loop.capacity import FILES, cannot_open
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.loop.readiness import READ, WRITE
from functions.check_monitors.probes.network.certificates import CA_NOT_USABLE, CLIENTS_NOT_USABLE
from functions.check_monitors.probes.transfers.talk import CLOSED, HEARD_BYTES
from shared.models import Cause

_CANCEL_SECONDS = 0.5  # the event waits for it
_MAX_ROW_BYTES = 16 * HEARD_BYTES
_COPIES = (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH)
_UNCONNECTED = (pq.ConnStatus.BAD, pq.ConnStatus.STARTED, pq.ConnStatus.NEEDED, pq.ConnStatus.ALLOCATED)
# libpq names the policy's own files so. That says nothing of the server.
_CLIENTS_FILES = ("certificate file", "private key file", "client certificate")
_CA_FILE = "root certificate file"
_OF_AN_ADDRESS = "connection to server at "
_OF_ANOTHER_PROTOCOL = ("invalid response to SSL negotiation", "expected authentication request", "unexpected message")


class Session(Exchange):
    """One connection and one query. ``why``: it did not connect; ``finding``: the query failed."""

    def __init__(
        self, options: dict[str, str], query: str, ends_at: float, seconds: float, files: Sequence[Any] = ()
    ) -> None:
        self.wake_at, self._seconds = ends_at, seconds
        self._files = files  # that libpq reads while it connects
        self._query = query
        self.why: Cause | None = None
        self.finding: Cause | None = None
        self.body: bytes | None = None
        self.is_cut = False
        self._unread_bytes = 0  # of a row that is not whole yet
        self._rows = bytearray()  # of the statement whose result comes in
        self.address: str | None = None
        self.connected_at: float | None = None  # when TCP was; libpq logs in afterwards
        self.is_logged_in = False
        self.cancellation: Cancellation | None = None
        self._wants = WRITE
        self._is_watched = False
        conninfo = " ".join(f"{name}={_quoted(value)}" for name, value in options.items())
        self._connection = pq.PGconn.connect_start(conninfo.encode())

    def watched(self) -> tuple[int, int]:
        """Libpq's socket, which changes with each address that it tries."""
        return self._connection.socket, self._wants

    def close(self) -> None:
        """Say goodbye, and remove the files, unless a cancellation does it later."""
        if not self.cancellation:
            self._end()

    def _end(self) -> None:
        self._connection.finish()
        for file in self._files:
            file.close()

    def proceed(self) -> bool:
        """Connect, send the query, and read its result."""
        if time.monotonic() >= self.wake_at:
            self.why = _too_late(self._seconds, is_connected=self.connected_at is not None)
            # A pooler refuses a statement_timeout, and would lend one that is set to others.
            if self.is_logged_in:
                self._cancel()
            return True
        try:
            return self._read_result() if self.is_logged_in else self._connect()
        except Error as error:
            self.finding = Cause.of("query_failed", reason=_reason(str(error)))
            return True

    def _connect(self) -> bool:
        is_watched, self._is_watched = self._is_watched, True
        if not is_watched and self._connection.status != pq.ConnStatus.BAD:
            return False  # Before its socket is ready, libpq would take it for connected.
        status = self._connection.connect_poll()
        if self.connected_at is None and self._connection.status not in _UNCONNECTED:
            self.connected_at, self.address = time.monotonic(), self._peer()
        if status == pq.PollingStatus.FAILED:
            text = self._connection.error_message.decode("utf-8", "replace")
            self.why = _connection_cause(text, is_connected=self.connected_at is not None)
            return True
        if status != pq.PollingStatus.OK:
            self._wants = READ if status == pq.PollingStatus.READING else WRITE
            return False
        self.is_logged_in = True
        self.address = self._peer()
        self._connection.nonblocking = 1
        self._connection.send_query(self._query.encode())
        self._connection.set_single_row_mode()  # otherwise libpq holds the whole result in memory
        return self._read_result()

    def _peer(self) -> str | None:
        return self._connection.hostaddr.decode("ascii", "replace") or None

    def _read_result(self) -> bool:
        connection = self._connection
        self._wants = READ | WRITE if connection.flush() else READ
        ready = fcntl.ioctl(connection.socket, termios.FIONREAD, bytes(4))
        self._unread_bytes += int.from_bytes(ready, sys.byteorder)
        connection.consume_input()
        while not connection.is_busy() and time.monotonic() < self.wake_at:
            result = connection.get_result()
            if result is None:
                return True
            self._take(result)
            self._unread_bytes = 0
            if len(self._rows) > HEARD_BYTES + 1:
                return self._cut()
            if result.status in _COPIES:
                return True  # libpq would return the same result for ever, until somebody copies the rows
        return self._unread_bytes > _MAX_ROW_BYTES and self._cut()

    def _cut(self) -> bool:
        """End the query: it returns more than is judged, and libpq would keep a single row of a gigabyte."""
        self.body, self.is_cut = bytes(self._rows[:HEARD_BYTES]), True
        self._cancel()
        return True

    def _cancel(self) -> None:
        with suppress(Error):  # a server that gave no key for it: closing the connection has to do
            self.cancellation = Cancellation(self._connection, self._end)

    def _take(self, result: Any) -> None:
        if result.status == pq.ExecStatus.SINGLE_TUPLE:
            # Rows are lines, and their values are separated by tabs.
            self._rows += b"\t".join(result.get_value(0, column) or b"" for column in range(result.nfields)) + b"\n"
        elif result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            self.body = bytes(self._rows).removesuffix(b"\n")
            self._rows.clear()
        elif result.status in _COPIES:
            self.finding = Cause.of("query_failed", reason="COPY cannot be a check's query")
        else:
            self.finding = Cause.of("query_failed", reason=_reason(result.error_message.decode("utf-8", "replace")))


class Cancellation(Exchange):
    """Asks the server to end the query of a connection, and closes that by ``end``.

    The query would go on after its connection is closed, and a pooler takes no cancellation any more.
    """

    def __init__(self, connection: Any, end: Callable[[], None]) -> None:
        self.wake_at = time.monotonic() + _CANCEL_SECONDS
        self._end = end
        self._wants = WRITE
        self._request = connection.cancel_conn()
        self._request.start()

    def watched(self) -> tuple[int, int]:
        """The socket of a connection of its own, as the protocol has it."""
        return self._request.socket, self._wants

    def close(self) -> None:
        """Close both connections."""
        self._request.finish()
        self._end()

    def proceed(self) -> bool:
        """Connect and ask. The check has ended, whatever comes of it."""
        status = self._request.poll()
        self._wants = READ if status == pq.PollingStatus.READING else WRITE
        is_over = status in (pq.PollingStatus.OK, pq.PollingStatus.FAILED)
        return is_over or time.monotonic() >= self.wake_at


def _connection_cause(text: str, *, is_connected: bool) -> Cause:
    """Why there is no session. ``is_connected``: TCP was; what libpq says is then of the server."""
    reason = _reason(text)
    if "authentication failed" in text or "no password supplied" in text:
        return Cause.of("login_refused", reply=reason)
    if "FATAL:" in text:
        return Cause.of("service_refused", reply=reason)
    if cannot_open():
        return FILES
    if _CA_FILE in text:
        return CA_NOT_USABLE
    if any(name in text for name in _CLIENTS_FILES):
        return CLIENTS_NOT_USABLE
    if not is_connected:
        number = next((each for each in errno.errorcode if os.strerror(each) in reason), 0)
        return errno_cause(OSError(number, reason))
    if any(words in reason for words in _OF_ANOTHER_PROTOCOL):
        return Cause.of("protocol_not_spoken", protocol="PostgreSQL", reply=reason)
    if "closed the connection" in reason:
        return CLOSED
    if "SSL error" in reason and "unexpected eof" in reason:
        return Cause.of("closed_in_handshake")
    if known := text_cause(reason):
        return known
    if "certificate" in reason or "SSL" in reason:
        return Cause.of("tls_failed", reason=reason)
    return Cause.of("service_refused", reply=reason)


def _reason(text: str) -> str:
    """Return the server's words, or libpq's of the last address, without the address before them."""
    for word in ("FATAL:", "ERROR:"):
        if word in text:
            return text.partition(word)[2].strip().partition("\n")[0]
    last = text.rpartition(_OF_AN_ADDRESS)[2].strip().partition("\n")[0]
    return last.partition(" failed: ")[2] if _OF_AN_ADDRESS in text else last


def _too_late(seconds: float, *, is_connected: bool) -> Cause:
    if is_connected:
        return Cause.of("no_response", seconds=seconds)
    return Cause.of("connect_too_slow", seconds=seconds)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
