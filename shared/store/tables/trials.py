"""The table ``trials``: checks that somebody on the dashboard tries before a monitor is saved."""

import json
import secrets
from datetime import datetime, timedelta

from shared.models import as_text
from shared.store.engines.database import Row, Transaction

# For so long a trial can be seen. Its content may be secret.
LASTS = timedelta(hours=1)
# How often a trial is given out. One that ends the agent must not end it again and again.
MOST_GIVEN = 3
# How many are given out with one claim.
MOST_AT_ONCE = 5
# How much longer than the check an agent may take until it has reported.
GRACE = timedelta(seconds=15)

_ADD = """
    INSERT INTO trials (id, policy, monitor_id, timeout_seconds, created_at)
    VALUES (:id, :policy, :monitor_id, :timeout_seconds, :now)"""
_WAITING = """
    SELECT id, policy, timeout_seconds, leased_until, given FROM trials
    WHERE result IS NULL AND given < :most AND created_at > :since ORDER BY created_at, id"""
# Several claims may read the same row. Only the one that still finds its count gets it.
_LEASE = """
    UPDATE trials SET leased_until = :leased_until, given = given + 1
    WHERE id = :id AND given = :given AND result IS NULL RETURNING id"""
_CONCLUDE = "UPDATE trials SET result = :result WHERE id = :id AND result IS NULL"


def add(transaction: Transaction, policy: str, monitor_id: int | None, timeout_seconds: float, now: datetime) -> int:
    """A trial that waits for an agent; its id."""
    # SQLite gives the number of a deleted row out again, and a late result would be taken for that of another trial.
    trial_id = secrets.randbelow(10**15) + 1
    values = {"policy": policy, "monitor_id": monitor_id, "timeout_seconds": timeout_seconds, "now": as_text(now)}
    transaction.rows(_ADD, id=trial_id, **values)
    return trial_id


def get(transaction: Transaction, trial_id: int, now: datetime) -> Row | None:
    """A trial, unless it is too old to be seen."""
    sql = "SELECT * FROM trials WHERE id = :id AND created_at > :since"
    return transaction.row(sql, id=trial_id, since=as_text(now - LASTS))


def waiting(transaction: Transaction, location: str, now: datetime) -> list[Row]:
    """The trials that an agent at a location may be given: no other one has them at present."""
    rows = transaction.rows(_WAITING, most=MOST_GIVEN, since=as_text(now - LASTS))
    return [row for row in rows if not is_leased(row, now) and _is_for(location, row)][:MOST_AT_ONCE]


def lease(transaction: Transaction, row: Row, now: datetime) -> bool:
    """Give a trial to an agent; False if another one was faster."""
    until = as_text(_leased_until(row, now))
    return transaction.row(_LEASE, id=row["id"], given=row["given"], leased_until=until) is not None


def conclude(transaction: Transaction, trial_id: int, result: str) -> None:
    """Keep what a trial found. The first result stays."""
    transaction.rows(_CONCLUDE, id=trial_id, result=result)


def prune(transaction: Transaction, now: datetime) -> int:
    """Delete those that are too old to be seen; how many."""
    sql = "DELETE FROM trials WHERE created_at <= :since RETURNING id"
    return len(transaction.rows(sql, since=as_text(now - LASTS)))


def is_leased(row: Row, now: datetime) -> bool:
    """Whether an agent has a trial at present."""
    # One that lasts longer was leased before the clock was set back.
    leased_until = row["leased_until"]
    return leased_until is not None and as_text(now) < leased_until <= as_text(_leased_until(row, now))


def _leased_until(row: Row, now: datetime) -> datetime:
    return now + timedelta(seconds=row["timeout_seconds"]) + GRACE


def _is_for(location: str, row: Row) -> bool:
    locations = json.loads(row["policy"]).get("locations")
    return locations is None or location in locations
