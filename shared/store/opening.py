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
    return _opened(settings.database_path)


# An exception is not cached: a store that cannot be opened now is tried again by the next request.
@functools.cache
def _opened(path: Path) -> Store:
    database = SqliteDatabase(path)
    migrate(database, as_text(now()))
    return Store(database)
