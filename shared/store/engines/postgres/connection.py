"""A connection to a PostgreSQL server, on which no wait is endless."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from pydantic import SecretStr

# Added to the server's own limit: for the network, and for a server that sleeps while it is idle.
ANSWER_SECONDS = 2.0
_CONNECT = {
    "connect_timeout": 5,
    "application_name": "bonghwa",
    "client_encoding": "utf8",
    # Otherwise we would notice only after the system's quarter of an hour that a server has vanished.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 30,
}


class Connection(psycopg.Connection[dict[str, Any]]):
    """A connection that waits for a statement's response for ``limit_seconds`` + ANSWER_SECONDS, and then gives up.

    The server's own limits do not help if the statement does not reach it: a pooler without a free connection, or
    without its server, lets a statement wait for two minutes.
    """

    limit_seconds = 0.0

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """See psycopg.Connection."""
        return super().wait(gen, interval, self.limit_seconds + ANSWER_SECONDS if timeout is None else timeout)


def connect(url: SecretStr) -> Connection:
    """Connect. Raises psycopg.Error, whose text can contain parts of the URL."""
    given = conninfo_to_dict(url.get_secret_value())
    return Connection.connect(
        **{**_CONNECT, **given},  # type: ignore[arg-type]
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
    )
