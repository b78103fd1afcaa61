"""The table ``state_changes``: each time a monitor went from one state to another, and why."""

from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Transaction

_ADD = """
    INSERT INTO state_changes (monitor_id, location, from_state, to_state, at, reason, event_id, alert_id)
    VALUES (:monitor_id, :location, :before, :after, :at, :reason, :event_id, :alert_id)"""
_ADD_OF_AGENT = """
    INSERT INTO state_changes (monitor_id, from_state, to_state, at, reason)
    SELECT id, state, :state, :at, :reason FROM monitors
    WHERE agent = :agent AND is_watched = 1 AND state <> :state ORDER BY id"""


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
) -> None:
    """The row of a change at ``at``; nothing if the state is the same."""
    if before != after:
        transaction.rows(
            _ADD,
            monitor_id=monitor_id,
            location=location,
            before=before,
            after=after,
            at=as_text(at),
            reason=reason,
            event_id=event_id,
            alert_id=alert_id,
        )


def add_of_agent(transaction: Transaction, agent: str, state: str, at: datetime, reason: str) -> None:
    """A row for each monitor that the agent checks and that is in another state; to be called before the change."""
    transaction.rows(_ADD_OF_AGENT, agent=agent, state=state, at=as_text(at), reason=reason)
