"""Update a store to the program's version: all missing migrations and their records in one transaction."""

import contextlib
import functools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from shared.store.engines.database import Database, StoreUnavailable, StoreUnsuitable, Transaction

_RECORD = "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TEXT)"

_COLUMNS = {"version", "name", "applied_at"}
_LAST = """
    SELECT max(version) AS version, min(CASE WHEN CAST(version AS TEXT) = '1' THEN name END) AS first
    FROM schema_migrations"""
# Many programs have a table of this name. One that we took for ours would go with the next reset.
_OF_ANOTHER = (
    "this schema belongs to another program, which has a table schema_migrations of its own: "
    "give Bonghwa a database or a schema of its own"
)

# Every table that the migrations create; a table comes after those that it refers to.
TABLES = (
    *("watches", "agents", "configuration", "cursors", "windows", "folded", "delivery_times", "replay_facts"),
    *("handled_updates", "leases", "incidents", "incident_updates", "drills", "drill_schedules"),
    "summary_schedules",
    *("monitors", "taken_checks", "monitor_locations", "state_changes", "rollups", "packs"),
    *("merged_days", "merged_monitors"),
    *(
        "results",
        "raw_events",
        "old_events",
        "judgements",
        "alerts",
        "notifications",
        "notification_logs",
        "alert_notes",
    ),
    *("sessions", "failed_sign_ins", "attempt_counts", "trials"),
    *("subscribers", "subscription_requests", "announcements", "subscriber_mails"),
)
# A view comes after those that it reads.
VIEWS = ("events_by_time", "events")
# Statements cannot make the changes of these migrations.
_BY_OUR_CODE = ("0028_longest_checks", "0030_heartbeats_anywhere", "0038_masked_passwords")


def migrate(database: Database, applied_at: str, migrations: Sequence[Path] | None = None) -> list[str]:
    """Apply the missing migrations, and return their names. Several processes may do so at once.

    All or nothing: if a migration fails, the store stays as the previous program knows it. ``migrations``: other files
    than the program's own, in their order.

    Raises:
        StoreUnavailable: the store is from a newer version of the program or another program's, a migration failed, or
            it cannot be used.
    """
    known = _migrations() if migrations is None else migrations
    with database.snapshot() as snapshot:
        if _version(database, snapshot, known) == len(known):
            return []
    applying = None
    try:
        with database.transaction() as transaction:
            version = _version(database, transaction, known)
            transaction.rows(_RECORD)
            for number, path in enumerate(known[version:], start=version + 1):
                applying = path.stem
                _apply(transaction, path, number, database.dialect(path.read_text(encoding="utf-8")), applied_at)
            # After the last one: our own code knows the newest tables alone. A new store has nothing to renew.
            if version and any(path.stem in _BY_OUR_CODE for path in known[version:]):
                _renew(transaction, applied_at)
    except Exception as error:
        if applying is None:
            raise
        is_transient = isinstance(error, StoreUnavailable) and error.is_transient
        raise StoreUnavailable(f"the migration {applying} failed: {error}", is_transient=is_transient) from error
    return [path.stem for path in known[version:]]


def version_of(database: Database, transaction: Transaction, known: Sequence[Path] | None = None) -> int:
    """The number of the last migration that was applied; 0 if there are no tables. ``known``: see ``migrate``.

    Raises:
        StoreUnavailable: the table that says so is another program's.
    """
    columns = {row["name"] for row in transaction.rows(database.COLUMNS, table="schema_migrations")}
    if not columns:
        return 0
    last = transaction.row(_LAST) if columns >= _COLUMNS else None
    if last is not None and last["version"] is None:
        return 0
    first = (known or _migrations())[0].stem
    if last is None or not isinstance(last["version"], int) or last["first"] != first:
        raise StoreUnsuitable(_OF_ANOTHER)
    return last["version"]


def created_at(transaction: Transaction) -> datetime | None:
    """When the store was made, if that is known."""
    return _applied_at(transaction, "min")


def updated_at(transaction: Transaction) -> datetime | None:
    """When the newest migration was applied, if that is known."""
    return _applied_at(transaction, "max")


def _applied_at(transaction: Transaction, which: str) -> datetime | None:
    row = transaction.row(f"SELECT {which}(applied_at) AS found FROM schema_migrations")  # noqa: S608  # our own text
    with contextlib.suppress(TypeError, ValueError):
        return datetime.fromisoformat(row["found"]) if row else None
    return None


def known_version() -> int:
    """The number of the last migration that the program has."""
    return len(_migrations())


def drop_everything(transaction: Transaction) -> None:
    """Remove all tables, but not the file: processes that have it open go on."""
    for view in reversed(VIEWS):
        transaction.rows(f"DROP VIEW IF EXISTS {view}")
    for table in reversed(TABLES):
        transaction.rows(f"DROP TABLE IF EXISTS {table}")
    transaction.rows("DROP TABLE IF EXISTS schema_migrations")


@functools.cache
def _migrations() -> tuple[Path, ...]:
    # No pattern: to compile one costs a cold start a millisecond.
    found = (Path(__file__).parent / "migrations").iterdir()
    return tuple(sorted(path for path in found if path.suffix == ".sql"))


def _version(database: Database, transaction: Transaction, known: Sequence[Path]) -> int:
    version = version_of(database, transaction, known)
    if version > len(known):
        reason = f"the database has version {version}, this program knows {len(known)}: use a newer program"
        raise StoreUnsuitable(reason)
    return version


def _apply(transaction: Transaction, path: Path, number: int, script: str, applied_at: str) -> None:
    for statement in _statements(script):
        transaction.rows(statement)
    transaction.rows(
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES (:version, :name, :applied_at)",
        version=number,
        name=path.stem,
        applied_at=applied_at,
    )


def _renew(transaction: Transaction, applied_at: str) -> None:
    # Imported here: few processes find a store to update, and the model of a policy costs a cold start.
    from shared.store.upkeep.renewing import renew

    renew(transaction, datetime.fromisoformat(applied_at))


def _statements(script: str) -> list[str]:
    # A statement ends with a semicolon at the end of a line; no text inside a statement does.
    lines = (line for line in script.splitlines() if not line.lstrip().startswith("--"))
    statements = (statement.strip() for statement in "\n".join(lines).split(";\n"))
    # A statement that is only for another engine still has its mark.
    return [statement for statement in statements if statement and not statement.startswith("{only_")]
