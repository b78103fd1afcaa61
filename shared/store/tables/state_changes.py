"""The table ``state_changes``: each time a monitor went from one state to another, and why."""

from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Row, Transaction
from shared.store.tables.scope import OF_ONE_AGENT, Scope

_ADD = """
    INSERT INTO state_changes (monitor_id, location, from_state, to_state, at, reason, event_id, alert_id, counts_from)
    VALUES (:monitor_id, :location, :before, :after, :at, :reason, :event_id, :alert_id, :counts_from)"""
_ADD_OF_AGENT = f"""
    INSERT INTO state_changes (monitor_id, from_state, to_state, at, reason)
    SELECT id, state, :state, :at, :reason FROM monitors
    WHERE {OF_ONE_AGENT} AND is_watched = 1 AND state <> :state ORDER BY id"""  # noqa: S608  # our own text


_AFTER = """
    SELECT * FROM state_changes
    WHERE monitor_id = :monitor_id AND at >= :at AND at < :until AND (at > :at OR id > :after)
    ORDER BY at, id LIMIT :most"""
# The newest change of each monitor stays: it says how the monitor is from then on.
_OLD = """
    SELECT id FROM state_changes AS old WHERE at < :before AND EXISTS (
        SELECT 1 FROM state_changes WHERE monitor_id = old.monitor_id AND at < :before AND id > old.id)
    ORDER BY at, id LIMIT :most"""
_PRUNE = f"DELETE FROM state_changes WHERE id IN ({_OLD}) RETURNING id"  # noqa: S608  # our own text
_SAVE_SINCE = """
    INSERT INTO folded (id, event_id, changes_since) VALUES (1, 0, :at)
    ON CONFLICT (id) DO UPDATE SET changes_since = excluded.changes_since"""


def add(
    transaction: Transaction,
    monitor_id: int,
    before: str,
    after: str,
    at: datetime,
    reason: str,
    *,
    location: str | None = None,
    event_id: int | None = None,
    alert_id: int | None = None,
    counts_from: datetime | None = None,
) -> None:
    """The row of a change at ``at``; nothing if the state is the same. ``counts_from``: see ``history.uptime``."""
    if before != after:
        transaction.run(
            _ADD,
            monitor_id=monitor_id,
            location=location,
            before=before,
            after=after,
            at=as_text(at),
            reason=reason,
            event_id=event_id,
            alert_id=alert_id,
            counts_from=as_text(counts_from) if counts_from else None,
        )


def add_of_agent(transaction: Transaction, agent: str, state: str, at: datetime, reason: str) -> None:
    """A row for each monitor that the agent alone checks, if its state is another; to be called before the change."""
    transaction.rows(_ADD_OF_AGENT, agent=agent, state=state, at=as_text(at), reason=reason)


def last_before(transaction: Transaction, scope: Scope, at: str) -> dict[int, Row]:
    """The change that said how each monitor was just before a time, by its id; those without one are left out."""
    sql = f"""SELECT id, monitor_id, to_state FROM state_changes WHERE id IN (
        SELECT max(id) FROM state_changes WHERE at < :at AND {scope.condition} GROUP BY monitor_id)"""  # noqa: S608
    return {row["monitor_id"]: row for row in transaction.rows(sql, at=at, **scope.parameters)}


def between(transaction: Transaction, scope: Scope, since: str, until: str) -> list[Row]:
    """The changes from ``since`` on that say something of the time before ``until``, as they were noticed."""
    sql = f"""SELECT id, monitor_id, to_state, at, counts_from FROM state_changes
        WHERE at >= :since AND (at < :until OR counts_from < :until) AND {scope.condition}
        ORDER BY id"""  # noqa: S608  # our own text
    return transaction.rows(sql, since=since, until=until, **scope.parameters)


def kept_since(transaction: Transaction) -> str | None:
    """From when on all changes are kept, as text; None: nobody has pruned any. Before then, no state is known."""
    row = transaction.row("SELECT changes_since FROM folded WHERE id = 1")
    return row["changes_since"] if row else None


def recorded_since(transaction: Transaction, monitor: Row) -> str | None:
    """From when on something may be known of a monitor, as text; None if nothing ever was."""
    first = transaction.row("SELECT min(at) AS at FROM state_changes WHERE monitor_id = :id", id=monitor["id"])
    since = (first["at"] if first else None) or came_into_state(monitor)
    return max(since, kept_since(transaction) or "") if since else None


def came_into_state(monitor: Row) -> str | None:
    """Since when a monitor without a change is in its state, as text: former versions pruned all that were old."""
    return (monitor["since"] or monitor["last_checked_at"]) if monitor["is_watched"] else None


def prunable(transaction: Transaction, before: str, now: str) -> bool:
    """Whether ``prune`` would write anything."""
    is_noted = _is_kept_since(kept_since(transaction), before, now)
    return not is_noted or transaction.row(_OLD, before=before, most=1) is not None


def prune(transaction: Transaction, before: str, now: str, most: int) -> int:
    """Delete the oldest changes before then, at most so many, but not the newest of a monitor; how many there were."""
    since = kept_since(transaction)
    if not _is_kept_since(since, before, now):
        # If the clock was ahead and is right again, changes are kept from now on.
        transaction.run(_SAVE_SINCE, at=max(before, min(since or before, now)))
    return len(transaction.rows(_PRUNE, before=before, most=most))


def _is_kept_since(since: str | None, before: str, now: str) -> bool:
    return since is not None and before <= since <= now


def after(transaction: Transaction, monitor_id: int, place: tuple[str, int], until: str, most: int) -> list[Row]:
    """The changes of a monitor, oldest first, behind a time and an id and before ``until``, at most so many."""
    return transaction.rows(_AFTER, monitor_id=monitor_id, at=place[0], after=place[1], until=until, most=most)


def noticed_before(transaction: Transaction, monitor_id: int, place: tuple[str, int]) -> Row | None:
    """The last change of a monitor that was noticed, of those up to a time and an id: it says how it was then."""
    sql = """SELECT * FROM state_changes WHERE id = (SELECT max(id) FROM state_changes
        WHERE monitor_id = :monitor_id AND at <= :at AND (at < :at OR id <= :after))"""
    return transaction.row(sql, monitor_id=monitor_id, at=place[0], after=place[1])


def state_before(transaction: Transaction, monitor_id: int, event_id: int, at: str) -> str | None:
    """The state of a monitor before an event that came at that time; None if it had had no event yet."""
    sql = """SELECT to_state FROM state_changes WHERE monitor_id = :monitor_id
        AND (event_id < :event_id OR (event_id IS NULL AND at < :at)) ORDER BY id DESC LIMIT 1"""
    row = transaction.row(sql, monitor_id=monitor_id, event_id=event_id, at=at)
    return row["to_state"] if row and _is_begun(transaction, monitor_id, event_id) else None


def _is_begun(transaction: Transaction, monitor_id: int, event_id: int) -> bool:
    sql = "SELECT 1 FROM state_changes WHERE monitor_id = :monitor_id AND event_id < :event_id LIMIT 1"
    return transaction.row(sql, monitor_id=monitor_id, event_id=event_id) is not None


def at_time(transaction: Transaction, monitor_id: int, at: str) -> list[Row]:
    """The changes of a monitor at exactly this time."""
    sql = "SELECT * FROM state_changes WHERE monitor_id = :monitor_id AND at = :at ORDER BY id"
    return transaction.rows(sql, monitor_id=monitor_id, at=at)
