"""A store on PostgreSQL: its databases and its sessions."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from pydantic import SecretStr

from shared.models import as_text
from shared.store.engines.database import Database
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import migrate
from tests.support.builders import NOON
from tests.support.running import rows_of

# The sessions of the program, without the one that asks.
SESSIONS = "FROM pg_stat_activity WHERE application_name = 'bonghwa' AND pid <> pg_backend_pid()"
# The state that a session of PostgreSQL could keep after a transaction.
LEFT = """
    (SELECT count(*) FROM pg_prepared_statements) AS prepared,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
    current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock"""


def prepare(database: Database) -> None:
    migrate(database, as_text(NOON))


@contextmanager
def databases_at(url: str) -> Iterator[Callable[[], PostgresDatabase]]:
    """Makes databases of one store, each as one process has it, and closes them at the end."""
    with ExitStack() as made:

        def new() -> PostgresDatabase:
            database = PostgresDatabase(SecretStr(url), prepare=prepare)
            made.callback(database.close)
            return database

        yield new


def hang_up(url: str) -> None:
    """End the only session of the store, as a server does that restarts."""
    assert rows_of(url, f"SELECT pg_terminate_backend(pid, 5000) AS is_done {SESSIONS}") == [{"is_done": True}]
