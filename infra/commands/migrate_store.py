"""``python -m infra migrate-store``: from SQLite to PostgreSQL."""

import argparse
import sys
from typing import TYPE_CHECKING

from shared.settings import SettingError, Settings

if TYPE_CHECKING:
    from shared.store.engines.database import Database

HELP = "copy the SQLite database into a PostgreSQL one, and compare them"
READS_DOTENV = True
_POSTGRESQL = "postgresql://user:password@host:port/database"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--to", required=True, metavar="URL", help=_POSTGRESQL)


def run(arguments: argparse.Namespace) -> None:
    """Copy the store, and say so after both were found to be the same.

    If that is not possible, nothing is changed, and the command exits with one line on standard error.

    Raises:
        SettingError: the URL, or the store that is to be copied, is not what it must be.
        StoreUnavailable: one of the two cannot be used.
    """
    from shared.store.admin.transfer import TransferFailed, transfer
    from shared.store.engines.postgres.database import PostgresDatabase
    from shared.store.engines.sqlite.database import SqliteDatabase

    settings = Settings.from_env()
    path = settings.database_path
    if path is None or not path.is_file():
        raise SettingError("DATABASE_URL", settings.database, "the SQLite database that is to be copied")
    there = _target(arguments.to)
    source = SqliteDatabase(path, prepare=_prepare)
    target = PostgresDatabase(there.database_url, prepare=_prepare)
    try:
        is_new, sums = transfer(source, target)
    except TransferFailed as trouble:
        sys.exit(f"bonghwa: {path} cannot be copied to {there.database}: {trouble}")
    finally:
        source.close()
        target.close()
    for table, found in sums.items():
        print(f"{table:20}{found.rows:>12,} rows  sha256 {found.checksum[:16]}  the same in both")
    print(f"{path} {'is copied to' if is_new else 'was copied before to'} {there.database}, checked")


def _target(url: str) -> Settings:
    """The settings of a program that uses the copy."""
    if not url.strip():
        raise SettingError("--to", "", _POSTGRESQL)  # as a setting it would have its default
    try:
        there = Settings.from_env({"DATABASE_URL": url})
    except SettingError:
        raise SettingError("--to", "(hidden)", _POSTGRESQL) from None
    if there.database_path is not None:
        raise SettingError("--to", there.database, _POSTGRESQL)
    return there


def _prepare(database: "Database") -> None:
    from shared.models import as_text, now
    from shared.store.migrate import migrate

    migrate(database, as_text(now()))
