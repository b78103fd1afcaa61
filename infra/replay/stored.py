"""Judge again what a store holds. This only reads: it does not create or migrate the store."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

from shared.history.comparison import Comparison, compare
from shared.history.replay import Rules, replay
from shared.models import Monitor, value_of
from shared.settings import Settings
from shared.store import StoreUnavailable
from shared.store.asking.pasts import first_event, past_of
from shared.store.engines.database import Database, Row
from shared.store.migrate import known_version, version_of
from shared.store.tables import policies

_OF_LOCATIONS = ("locations", "quorum")


class NotReplayed(Exception):
    """There is nothing to judge again; the text says why."""


def compared(
    settings: Settings, rules: Rules, since: datetime, *, monitor: str | None = None, group: str | None = None
) -> Comparison:
    """The effect of the ``rules`` on the outages that opened from ``since`` on; of one monitor, of a group, or of all.

    Raises:
        NotReplayed: there is no such store, monitor or group.
        StoreUnavailable: it cannot be read.
    """
    with closing(_database(settings)) as database:
        found = Comparison()
        for row, after in _monitors(database, since, monitor, group):
            found = found.plus(_compared(database, _rules_for(row, rules), since, value_of(Monitor, row), after))
    return found


def _rules_for(row: Row, rules: Rules) -> Rules:
    """Those of the rules that the row's monitor can have: a ping comes from no location."""
    if row["policy"] is None or row["interval_seconds"] is not None:
        return rules
    return rules._replace(fields={name: rules.fields[name] for name in rules.fields if name not in _OF_LOCATIONS})


def _compared(database: Database, rules: Rules, since: datetime, monitor: Monitor, after: int) -> Comparison:
    # A snapshot for each monitor: one that lasts keeps SQLite's log from being emptied.
    with database.snapshot() as snapshot:
        past = past_of(snapshot, monitor, after)
        replayed = replay(past.start, past.steps, rules)
    return compare(past.start.happened, replayed, max(since, past.begins_at or since))


def _monitors(database: Database, since: datetime, name: str | None, group: str | None) -> Iterator[tuple[Row, int]]:
    with database.snapshot() as snapshot:
        version = version_of(database, snapshot)
        if version != known_version():
            reason = f"the database has version {version}, this program knows {known_version()}"
            raise StoreUnavailable(reason, is_transient=False)
        after = first_event(snapshot, since)
        rows = sorted(policies.every_by_name(snapshot).values(), key=lambda row: row["id"])
    wanted = [row for row in rows if name in (None, row["name"]) and group in (None, row["group_name"])]
    if not wanted and (name is not None or group is not None):
        what = f"monitor {name!r}" if name is not None else f"group {group!r}"
        raise NotReplayed(f"there is no {what}")
    for row in wanted:
        yield row, after


def _database(settings: Settings) -> Database:
    path = settings.database_path
    if path is not None:
        from shared.store.engines.sqlite.database import SqliteDatabase
        from shared.store.engines.sqlite.file import connect_to_read

        if not path.is_file():
            raise NotReplayed(f"there is no database at {path}")
        return SqliteDatabase(path, connects=connect_to_read)
    # Imported here, since it loads the driver.
    from shared.store.engines.postgres.database import PostgresDatabase

    return PostgresDatabase(settings.database_url)
