"""PostgreSQL with a user: a query, through psycopg's libpq in the loop's own selector.

psycopg costs a cold start 52 ms: import this module only if a monitor runs a query.
"""

import time
from typing import Any
from urllib.parse import parse_qs, unquote

from functions.check_monitors.probes.kinds.postgres_session import Session
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.network.certificates import NOT_USABLE, ca_file_of, client_files
from functions.check_monitors.probes.network.lookups import AddressLookup
from functions.check_monitors.probes.transfers.policy_transfer import parts_of
from functions.check_monitors.probes.transfers.socket_check import SocketCheck

_DEFAULT_QUERY = "SELECT 1"
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

    def _session(self, addresses: list[str]) -> Session:
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

    def _take(self, session: Session) -> None:
        seen = self.subject.seen
        seen.ip, seen.is_connected = session.address, session.connected_at is not None
        self.fail(session.why, is_inconclusive=session.why in NOT_USABLE)
        seen.finding, seen.body = session.finding, session.body
        seen.cut_at = len(session.body or b"") if session.is_cut else None
        seen.has_response = session.is_logged_in
        self.note_time()
        if times := seen.times:
            dns = self._looked_up_us
            at = session.connected_at
            connected = 0 if at is None else max(dns, round(1e6 * (at - self.began_at)))
            seen.times = times._replace(dns=dns, connected=connected, ready=connected)
