"""An empty SQLite store that has all its tables: to migrate a new one takes longer than most tests of the store."""

import functools
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from shared.logs.private import make_private
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate

LONG_AGO = "2000-01-01T00:00:00.000Z"
MADE_AT = "UPDATE schema_migrations SET applied_at = '{}'"


@functools.cache
def _template() -> bytes:
    """The file of an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "store.db")
        with closing(SqliteDatabase(file)) as database:
            migrate(database, LONG_AGO)
        return file.read_bytes()


def new_file(file: Path, made_at: str) -> None:
    """Make an empty SQLite store that only its user can read, as if it had been migrated at ``made_at``."""
    make_private(file)
    file.write_bytes(_template())
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(MADE_AT.format(made_at))
