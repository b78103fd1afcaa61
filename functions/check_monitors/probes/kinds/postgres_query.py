"""PostgreSQL with a user: a query, through psycopg's libpq in the loop's own selector.

psycopg costs a cold start 52 ms: import this module only if a monitor runs a query.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

from psycopg import Error, pq

from functions.check_monitors.probes.loop.capacity import FILES, cannot_open
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.loop.readiness import READ, WRITE
from functions.check_monitors.probes.network.certificates import (
    CA_NOT_USABLE,
    CLIENTS_NOT_USABLE,
    NOT_USABLE,
    ca_file_of,
    client_files,
)
from functions.check_monitors.probes.network.lookups import AddressLookup
from functions.check_monitors.probes.transfers.policy_transfer import parts_of
from functions.check_monitors.probes.transfers.socket_check import SocketCheck
from functions.check_monitors.probes.transfers.talk import HEARD_BYTES
from shared.models import Cause

_DEFAULT_QUERY = "SELECT 1"
_CANCEL_SECONDS = 0.5  # the event waits for it
# libpq names the policy's own files so. That says nothing of the server.
_CLIENTS_FILES = ("certificate file", "private key file", "client certificate")
_CA_FILE = "root certificate file"
_COPIES = (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH)
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


class PostgresQuery(SocketCheck):
    """The check of ``postgres://user:password@host/database`` with a ``query``."""

    def first(self) -> Exchange | None:
        """Find the addresses, which the filter must allow, and connect."""
        self._parts = parts_of(self.subject.filled(self.subject.policy.url or ""))
        self._looked_up_us = 0
        found = self.looked_up(self._parts.hostname or "")
        return self._session([found]) if isinstance(found, str) else found

    def next(self, exchange: Exchange) -> Exchange | None:
        """Connect to what was looked up, or take the query's result, and end a query that goes on."""
        if isinstance(exchange, AddressLookup):
            self._looked_up_us = round(1e6 * (time.monotonic() - self.began_at))
            first = self.chosen(exchange)
            allowed = [address for address in dict.fromkeys(exchange.addresses) if first and self.is_allowed(address)]
            self.fail(self.subject.seen.why if not allowed else None)
            return self._session(allowed) if allowed else None
        if isinstance(exchange, Session):
            self._take(exchange)
            return exchange.cancellation
        return None

    def _session(self, addresses: list[str]) -> "Session":
        query = self.subject.filled(self.subject.policy.query or _DEFAULT_QUERY)
        options, files = self._options(addresses), list[Any]()
        filled = self.subject.client_certificate()
        if filled and self.subject.policy.client_certificate:
            paths, files = client_files(self.subject.policy.client_certificate, filled)
            options |= dict(zip(("sslcert", "sslkey"), paths, strict=True))
        return Session(options, query, self.ends_at, self.timeout_seconds, files)

    def _options(self, addresses: list[str]) -> dict[str, str]:
        """Libpq's options. From the URL's own it takes ``sslmode`` alone: others name files, or other hosts."""
        parts = self._parts
        return {
            "hostaddr": ",".join(addresses),
            "host": ",".join([parts.hostname or ""] * len(addresses)),
            "port": str(parts.port or 5432),
            "user": unquote(parts.username or "postgres"),
            "password": unquote(parts.password or ""),
            "dbname": unquote(parts.path.strip("/")) or unquote(parts.username or "postgres"),
            "application_name": "bonghwa",
            "passfile": "/dev/null",
            "gssencmode": "disable",  # it would ask the address twice
            **self._tls_options(),
        }

    def _tls_options(self) -> dict[str, str]:
        policy = self.subject.policy
        mode = parse_qs(self._parts.query).get("sslmode", [""])[0]
        own = policy.ca_certificate if policy.verify_tls else None
        if mode not in _SSL_MODES:
            mode = "verify-full" if own else "require" if policy.client_certificate else "prefer"
        if not policy.verify_tls and mode.startswith("verify-"):
            mode = "require"
        if own:
            return {"sslmode": mode, "sslrootcert": ca_file_of(own, self.subject.filled(own))}
        # Without it libpq looks for a file of its own in the agent's home.
        return {"sslmode": mode, **({"sslrootcert": self.subject.ca_file} if mode.startswith("verify-") else {})}

    def _take(self, session: "Session") -> None:
        seen = self.subject.seen
        seen.ip, seen.is_connected = session.address, session.is_connected
        self.fail(session.why, is_inconclusive=session.why in NOT_USABLE)
        seen.finding, seen.body = session.finding, session.body and session.body[:HEARD_BYTES]
        seen.cut_at = HEARD_BYTES if len(session.body or b"") > HEARD_BYTES else None
        seen.has_response = session.is_connected
        self.note_time()
        if times := seen.times:
            dns = self._looked_up_us
            connected = max(dns, round(1e6 * (session.connected_at - self.began_at))) if session.is_connected else 0
            seen.times = times._replace(dns=dns, connected=connected, ready=connected)


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
        self.address: str | None = None
        self.is_connected = False
        self.connected_at = 0.0
        self.cancellation: Cancellation | None = None
        self._wants = WRITE
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
            too_late = "no_response" if self.is_connected else "connect_too_slow"
            self.why = _too_late(too_late, self._seconds)
            # A pooler refuses a statement_timeout, and would lend one that is set to others.
            self.cancellation = Cancellation(self._connection, self._end) if self.is_connected else None
            return True
        try:
            return self._read_result() if self.is_connected else self._connect()
        except Error as error:
            self.finding = Cause.of("query_failed", reason=_reason(str(error)))
            return True

    def _connect(self) -> bool:
        status = self._connection.connect_poll()
        if status == pq.PollingStatus.FAILED:
            self.why = _connection_cause(self._connection.error_message.decode("utf-8", "replace"))
            return True
        if status != pq.PollingStatus.OK:
            self._wants = READ if status == pq.PollingStatus.READING else WRITE
            return False
        self.is_connected, self.connected_at = True, time.monotonic()
        self.address = self._connection.hostaddr.decode("ascii", "replace") or None
        self._connection.nonblocking = 1
        self._connection.send_query(self._query.encode())
        return self._read_result()

    def _read_result(self) -> bool:
        connection = self._connection
        self._wants = READ | WRITE if connection.flush() else READ
        connection.consume_input()
        while not connection.is_busy() and time.monotonic() < self.wake_at:
            result = connection.get_result()
            if result is None:
                return True
            self._take(result)
            if result.status in _COPIES:
                return True  # libpq would return the same result for ever, until somebody copies the rows
        return False

    def _take(self, result: Any) -> None:
        if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            self.body = _text(result)
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
        """Connect and ask. Whatever comes of it, the check has ended."""
        status = self._request.poll()
        self._wants = READ if status == pq.PollingStatus.READING else WRITE
        is_over = status in (pq.PollingStatus.OK, pq.PollingStatus.FAILED)
        return is_over or time.monotonic() >= self.wake_at


def _text(result: Any) -> bytes:
    """The rows as lines, their values separated by tabs, until there is more than is judged."""
    lines: list[bytes] = []
    size = 0
    for row in range(result.ntuples):
        line = b"\t".join(result.get_value(row, column) or b"" for column in range(result.nfields))
        lines.append(line)
        size += len(line) + 1
        if size > HEARD_BYTES + 1:
            break
    return b"\n".join(lines)


def _connection_cause(text: str) -> Cause:
    reason = _reason(text)
    if "FATAL:" not in text and cannot_open():
        return FILES
    if _CA_FILE in text:
        return CA_NOT_USABLE
    if any(name in text for name in _CLIENTS_FILES) and "FATAL:" not in text:
        return CLIENTS_NOT_USABLE
    if "Connection refused" in text:
        return Cause.of("connection_refused")
    if "authentication failed" in text or "no password supplied" in text:
        return Cause.of("login_refused", reply=reason)
    if "certificate" in text:
        return Cause.of("tls_failed", reason=reason)
    return Cause.of("service_refused", reply=reason)


def _reason(text: str) -> str:
    """Return the server's words, without the address before them and the lines after them."""
    for word in ("FATAL:", "ERROR:"):
        if word in text:
            return text.partition(word)[2].strip().partition("\n")[0]
    return text.strip().partition("\n")[0]


def _too_late(code: str, seconds: float) -> Cause:
    if code == "no_response":
        return Cause.of("no_response", seconds=seconds)
    return Cause.of("connect_too_slow", seconds=seconds)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
