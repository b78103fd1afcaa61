"""Bring a store to the program's version: every migration in one transaction together with the record of it."""

import functools
from pathlib import Path

from shared.store.sqlite import SqliteDatabase, StoreUnavailable, Transaction

_RECORD = "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT)"


def migrate(database: SqliteDatabase, applied_at: str) -> list[str]:
    """Apply what is missing, safely when several processes do so at once. The names of what was applied.

    Raises:
        StoreUnavailable: the store is from a newer version of the program, or cannot be used.
    """
    migrations = _migrations()
    latest = len(migrations)
    with database.snapshot() as snapshot:
        if _version(snapshot) == latest:
            return []
    with database.transaction() as transaction:
        transaction.rows(_RECORD)
        version = _version(transaction)
        if version > latest:
            raise StoreUnavailable(
                f"the database is of version {version}, this program knows {latest}: use a newer program"
            )
        missing = migrations[version:]
        for number, path in enumerate(missing, start=version + 1):
            for statement in _statements(path.read_text(encoding="utf-8").replace("{identity}", database.identity)):
                transaction.rows(statement)
            transaction.rows(
                "INSERT INTO schema_migrations (version, name, applied_at) VALUES (:version, :name, :applied_at)",
                version=number,
                name=path.stem,
                applied_at=applied_at,
            )
        return [path.stem for path in missing]


def drop_everything(transaction: Transaction) -> None:
    """Remove all tables, for a fresh start inside the same file: processes that have it open go on."""
    for table in ("notification_logs", "notifications", "alerts", "events", "monitors", "schema_migrations"):
        transaction.rows(f"DROP TABLE IF EXISTS {table}")


@functools.cache
def _migrations() -> tuple[Path, ...]:
    return tuple(sorted((Path(__file__).parent / "migrations").glob("*.sql")))


def _version(transaction: Transaction) -> int:
    is_recorded = transaction.row("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'")
    row = is_recorded and transaction.row("SELECT max(version) AS version FROM schema_migrations")
    return (row and row["version"]) or 0


def _statements(script: str) -> list[str]:
    # A migration's statements end with a semicolon at the end of a line, and no text in them does.
    lines = (line for line in script.splitlines() if not line.lstrip().startswith("--"))
    return [statement for statement in "\n".join(lines).split(";\n") if statement.strip()]
