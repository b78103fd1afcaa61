"""Stores that have all their tables and are empty: to migrate a new one takes longer than most tests of the store."""

import itertools
from collections import deque
from contextlib import closing

import psycopg
from pydantic import SecretStr

from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import migrate
from tests.support.postgres import Server
from tests.support.store.new_file import LONG_AGO, MADE_AT

# The size that tests may leave of a reused database; a larger one is made again.
_MOST_BYTES_MORE = 4 * 2**20
# Every change of the tables themselves changes one of these.
_SHAPE = """SELECT
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_class),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_attribute),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_constraint),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_trigger),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_proc),
    (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_rewrite),
    (SELECT (count(*), max(version))::text FROM schema_migrations),
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"


class _Database:
    """A database of a server, with an empty store in it."""

    def __init__(self, server: Server, name: str) -> None:
        self.name, self.url = name, f"{server.url.rpartition('/')[0]}/{name}"
        self._connection = psycopg.connect(self.url, autocommit=True)
        tables = [f"DELETE FROM {row[0]}" for row in self._connection.execute(_TABLES)]
        sequences = [f"SELECT setval('{row[0]}', 1, false)" for row in self._connection.execute(_SEQUENCES)]
        # No trigger and no foreign key has a say, so the order does not matter.
        self._connection.execute("SET session_replication_role = replica; SET lock_timeout = 1000")
        self._empty = ";".join([*tables, *sequences])
        self._shape, self._bytes = self._look(), self._size()

    def is_as_made(self) -> bool:
        """Whether it can be used again: nobody is connected, and no test has changed its tables or filled it."""
        try:
            return self._look() == self._shape and self._size() <= self._bytes + _MOST_BYTES_MORE
        except psycopg.Error:
            return False  # a test has ended the server meanwhile, or dropped everything

    def begin(self, made_at: str) -> None:
        self._connection.execute(f"{self._empty};{MADE_AT.format(made_at)}".encode())

    def close(self) -> None:
        self._connection.close()

    def _look(self) -> object:
        return self._connection.execute(_SHAPE.encode()).fetchone()

    def _size(self) -> int:
        row = self._connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row
        return int(row[0])


class MigratedStores:
    """Empty stores on a server. Each is a database that is emptied and given to another test after this one."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._free: deque[_Database] = deque()
        self._used: dict[str, _Database] = {}
        self._uses = itertools.count(1)
        self._count = 0

    def take(self, made_at: str) -> str:
        """The URL of an empty store, as if it had been migrated at ``made_at``."""
        # The one that waits longest: whoever still held it has let it go.
        database = self._free.popleft() if self._free else self._new()
        while not database.is_as_made():
            self._drop(database)
            database = self._free.popleft() if self._free else self._new()
        database.begin(made_at)
        # Another URL each time: this process keeps what it knows of a store by its URL.
        url = f"{database.url}?fallback_application_name=use_{next(self._uses)}"
        self._used[url] = database
        return url

    def give_back(self, url: str) -> None:
        """The test is over."""
        self._free.append(self._used.pop(url))

    def close(self) -> None:
        """Let go of the server."""
        for each in (*self._free, *self._used.values()):
            each.close()

    def _new(self) -> _Database:
        self._count += 1
        name = f"migrated_{self._count}"
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            if self._count == 1:
                connection.execute("CREATE DATABASE template_store")
                url = SecretStr(f"{self._server.url.rpartition('/')[0]}/template_store")
                with closing(PostgresDatabase(url)) as database:
                    migrate(database, LONG_AGO)
            # The server has no log that the copy could be written to, and the files are small.
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_store STRATEGY file_copy".encode())
        return _Database(self._server, name)

    def _drop(self, database: _Database) -> None:
        database.close()
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())
