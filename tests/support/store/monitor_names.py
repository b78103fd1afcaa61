"""Monitors by their names: the least that a test can write to a database and read from it."""

from pathlib import Path

from shared.models import as_text, now
from shared.store.engines.database import Database
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate


def opened(path: Path) -> SqliteDatabase:
    return SqliteDatabase(path, prepare=lambda database: migrate(database, as_text(now())))


def add(database: Database, *names: str) -> None:
    for name in names:
        with database.transaction() as transaction:
            transaction.rows("INSERT INTO monitors (name, target_url) VALUES (:name, '')", name=name)


def names(database: Database) -> list[str]:
    with database.snapshot() as snapshot:
        return [row["name"] for row in snapshot.rows("SELECT name FROM monitors ORDER BY id")]
