"""DNS: a name server, or the system's own one, responds to a question with an answer."""

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.kinds.dns_exchange import DnsExchange, answers, rcode
from functions.check_monitors.probes.loop.exchange import Exchange
from functions.check_monitors.probes.network.lookups import AddressLookup, name_servers
from functions.check_monitors.probes.transfers.policy_transfer import parts_of
from functions.check_monitors.probes.transfers.socket_check import SocketCheck
from shared.models import Cause

_PORT = 53


class DnsCheck(SocketCheck):
    """The check of ``dns://resolver`` with what is asked, or of that alone."""

    def first(self) -> Exchange | None:
        """Find the name server, and ask it."""
        policy = self.subject.policy
        self._name = self.subject.filled(policy.dns.query_name) if policy.dns else ""
        self._kind: str = policy.dns.query_type if policy.dns else "A"
        if not policy.url:
            # Nobody could choose these, so the filter has nothing to say: Google's own one is its metadata server.
            return self._question([(server.partition("%")[0], _PORT) for server in name_servers()])
        parts = parts_of(self.subject.filled(policy.url))
        self._port = parts.port or _PORT
        server = self.looked_up(parts.hostname or "")
        return self._question([(server, self._port)]) if isinstance(server, str) else server

    def next(self, exchange: Exchange) -> Exchange | None:
        """Ask the server that was looked up, or take its response."""
        if isinstance(exchange, AddressLookup):
            server = self.chosen(exchange)
            return self._question([(server, self._port)]) if server else None
        if isinstance(exchange, DnsExchange):
            self._take(exchange)
        return None

    def _question(self, servers: list[tuple[str, int]]) -> DnsExchange:
        return DnsExchange(servers, self._name, self._kind, self.ends_at, self.timeout_seconds)

    def _take(self, exchange: DnsExchange) -> None:
        seen = self.subject.seen
        seen.ip = exchange.server[0]
        self.fail(exchange.why)
        self.note_time()
        if exchange.response is None:
            return
        seen.is_connected = seen.has_response = True
        found = answers(exchange.response, self._kind)
        seen.dns_rcode = rcode(exchange.response)
        seen.body = "\n".join(found).encode()
        if seen.dns_rcode != "NOERROR":
            seen.finding = Cause.of("dns_rcode", name=self._name, rcode=seen.dns_rcode)
        elif not found:
            seen.finding = Cause.of("dns_no_answer", name=self._name, type=self._kind)


def check_of(subject: Subject) -> DnsCheck:
    """The check of a policy that asks a name server."""
    return DnsCheck(subject)
