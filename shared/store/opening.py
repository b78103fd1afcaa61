"""From the settings to the store of this process."""

import functools
from pathlib import Path

from shared.models import as_text, now
from shared.settings import Settings
from shared.store.ledger import Store
from shared.store.migrate import migrate
from shared.store.sqlite import SqliteDatabase


def open_store(settings: Settings) -> Store:
    """The store that ``DATABASE_URL`` names, made or brought up to date where that is still to be done.

    Raises:
        StoreUnavailable: it cannot be opened, or is from a newer version of the program.
    """
    store = _opened(settings.database_path)
    # Where that fails it is tried again by the next request.
    store.database.open()
    return store


@functools.cache
def _opened(path: Path) -> Store:
    return Store(SqliteDatabase(path, prepare=lambda database: migrate(database, as_text(now()))))
