"""``python -m infra migrate-store``: from SQLite to PostgreSQL."""

import sys

from shared.models import as_text, now
from shared.settings import SettingError, Settings
from shared.store.admin.transfer import TransferFailed, transfer
from shared.store.engines.database import Database
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate


def migrate_store(settings: Settings, url: str) -> None:
    """Copy the store that ``settings`` name to ``url``, and say so once both are found the same.

    Exits with one line on standard error where that cannot be done; nothing was changed then.

    Raises:
        SettingError: ``url``, or the store that is to be copied, is not what it must be.
        StoreUnavailable: one of the two cannot be used.
    """
    path = settings.database_path
    if path is None or not path.is_file():
        raise SettingError("DATABASE_URL", settings.database, "the SQLite database that is to be copied")
    try:
        there = Settings.from_env({"DATABASE_URL": url})
    except SettingError:
        raise SettingError("--to", "(hidden)", "postgresql://user:password@host:port/database") from None
    if there.database_path is not None:
        raise SettingError("--to", there.database, "postgresql://user:password@host:port/database")
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


def _prepare(database: Database) -> None:
    migrate(database, as_text(now()))
