"""The tables ``cursors`` and ``taken_checks``: until when the checks of each location have been claimed.

A check that is due at once, whatever the cursor says, has a row of its own: otherwise each claim would give it out
until its event has come.
"""

from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Transaction

_SAVE = """
    INSERT INTO cursors (location, claimed_until) VALUES (:location, :claimed_until)
    ON CONFLICT (location) DO UPDATE SET claimed_until = excluded.claimed_until"""

_TAKE = """
    INSERT INTO taken_checks (location, monitor_id, taken_at) VALUES (:location, :monitor_id, :taken_at)
    ON CONFLICT (location, monitor_id) DO UPDATE SET taken_at = excluded.taken_at"""


def get(transaction: Transaction, location: str) -> datetime | None:
    """Until when the checks of this location have been claimed; None if none ever was."""
    row = transaction.row("SELECT claimed_until FROM cursors WHERE location = :location", location=location)
    return datetime.fromisoformat(row["claimed_until"]) if row else None


def locations(transaction: Transaction) -> list[str]:
    """The locations whose checks have ever been claimed."""
    return [row["location"] for row in transaction.rows("SELECT location FROM cursors ORDER BY id")]


def save(transaction: Transaction, location: str, claimed_until: datetime) -> None:
    """Write until when they have been claimed."""
    transaction.run(_SAVE, location=location, claimed_until=as_text(claimed_until))


def take(transaction: Transaction, location: str, monitor_id: int, at: datetime) -> None:
    """Note that a check which is due at once has been claimed."""
    transaction.run(_TAKE, location=location, monitor_id=monitor_id, taken_at=as_text(at))


def taken(transaction: Transaction, location: str) -> dict[int, str]:
    """When the checks that were due at once have been claimed, as text, by the monitor's id."""
    sql = "SELECT monitor_id, taken_at FROM taken_checks WHERE location = :location"
    return {row["monitor_id"]: row["taken_at"] for row in transaction.rows(sql, location=location)}
