"""All connections, and which of them ends if there are too many."""

import resource
import time
from collections.abc import Iterator

from infra.local.front.connection import Connection, Phase

MAX_CONNECTIONS = 512
MAX_OF_AN_ADDRESS = 256
# Bytes that clients have sent and nobody works on yet.
MAX_WAITING_BYTES = 32 * 1024 * 1024


class Crowd:
    """The connections, oldest first.

    None is refused while another one can be ended that has not sent a whole request: a client that sends slowly loses
    its place to the next one. Connections that have shown our key end last.
    """

    def __init__(self) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        # The functions and the agent need descriptors too.
        self._limit = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, max(8, soft // 2))
        self._connections: dict[int, Connection] = {}

    def __len__(self) -> int:
        return len(self._connections)

    def __contains__(self, connection: Connection) -> bool:
        return id(connection) in self._connections

    def add(self, connection: Connection) -> None:
        """Take it in."""
        self._connections[id(connection)] = connection

    def remove(self, connection: Connection) -> bool:
        """Let it go; whether it was here."""
        return self._connections.pop(id(connection), None) is not None

    def late(self) -> list[Connection]:
        """Those whose phase has lasted too long."""
        now = time.monotonic()
        return [connection for connection in self._connections.values() if connection.ends_at <= now]

    def idle(self) -> list[Connection]:
        """Those that wait for a request."""
        return [connection for connection in self._connections.values() if connection.phase is Phase.IDLE]

    def in_the_way_of(self, address: str) -> Connection | None:
        """The connection that must end before one more of ``address`` is taken in; None if there is room.

        Raises:
            BlockingIOError: there is no room, and none can be ended.
        """
        of_address = [connection for connection in self._connections.values() if connection.address == address]
        if len(of_address) >= MAX_OF_AN_ADDRESS:
            return _oldest(iter(of_address))
        return self.oldest() if len(self) >= self._limit else None

    def oldest(self) -> Connection:
        """The connection that ends first. Raises BlockingIOError if none can be ended."""
        return _oldest(iter(self._connections.values()))

    def too_large(self) -> Connection | None:
        """The connection that holds the most, if all together hold too much."""
        waiting = [connection for connection in self._connections.values() if connection.phase is not Phase.WORKING]
        if sum(connection.incoming.size for connection in waiting) <= MAX_WAITING_BYTES:
            return None
        return max(waiting, key=lambda connection: (not connection.is_own, connection.incoming.size))


def _oldest(connections: Iterator[Connection]) -> Connection:
    own: Connection | None = None
    for connection in connections:
        if connection.phase is Phase.WORKING:
            continue
        if not connection.is_own:
            return connection
        own = own or connection
    if own is None:
        raise BlockingIOError
    return own
