"""From the settings to the store of this process."""

import functools
from pathlib import Path

from pydantic import SecretStr

from shared.models import as_text, now
from shared.models.monitor import FlappingLimits
from shared.settings import Settings
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from shared.store.store import Store


def open_store(settings: Settings) -> Store:
    """The store that ``DATABASE_URL`` names, created or migrated if needed.

    Raises:
        StoreUnavailable: it cannot be opened, is from a newer program, or is a SQLite file in a place that loses it.
    """
    limits = FlappingLimits(settings.flapping_starts, settings.flapping_ends)
    store = _opened(settings.database_path or settings.database_url, limits)
    # If this fails, the next request tries again.
    store.database.open()
    return store


@functools.cache
def _opened(where: Path | SecretStr, limits: FlappingLimits) -> Store:
    return Store(_database(where), limits)


def _database(where: Path | SecretStr) -> Database:
    # Each engine is loaded only if it is used.
    if isinstance(where, Path):
        from shared.store.engines.sqlite.database import SqliteDatabase
        from shared.store.engines.sqlite.filesystem import refuse_wrong_place

        refuse_wrong_place(where)
        return SqliteDatabase(where, prepare=_prepare)
    from shared.store.engines.postgres.database import PostgresDatabase

    return PostgresDatabase(where, prepare=_prepare)


def _prepare(database: Database) -> None:
    migrate(database, as_text(now()))
