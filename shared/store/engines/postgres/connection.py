"""A connection to a PostgreSQL server, on which nothing is waited for without end."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from pydantic import SecretStr

# Beyond what the server itself allows a statement: for the way there and back, and a server that sleeps while idle.
ANSWER_SECONDS = 2.0
_CONNECT = {
    "connect_timeout": 5,
    "application_name": "bonghwa",
    "client_encoding": "utf8",
    # A server that vanished without a word is noticed within seconds, and not after the system's quarter of an hour.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 30,
}


class Connection(psycopg.Connection[dict[str, Any]]):
    """A connection whose every statement is answered within ``limit_seconds`` and ANSWER_SECONDS, or it is given up.

    The server's own limits do not count where none of it gets there: a pooler without a free connection, or without
    its server, lets a statement wait for two minutes.
    """

    limit_seconds = 0.0

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """See psycopg.Connection."""
        return super().wait(gen, interval, self.limit_seconds + ANSWER_SECONDS if timeout is None else timeout)


def connect(url: SecretStr) -> Connection:
    """Raises psycopg.Error, whose text can hold what the URL holds."""
    given = conninfo_to_dict(url.get_secret_value())
    return Connection.connect(
        **{**_CONNECT, **given},  # type: ignore[arg-type]
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
    )
