"""Monitors that get another name, with their alerts."""

from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Transaction
from shared.store.tables import monitors, replay_facts
from shared.store.tables.scope import KINDS_OF_MONITORS

_ALERTS = f"""
    UPDATE alerts SET subject = :name
    WHERE kind IN ({KINDS_OF_MONITORS}) AND subject = :former"""  # noqa: S608  # our own names
_LEAVE = """
    INSERT INTO monitors (name, target_url, source, is_watched, removed_at, version)
    SELECT :former, target_url, source, 0, :removed_at, :version FROM monitors WHERE id = :id RETURNING id"""


def give_name(transaction: Transaction, monitor_id: int, former: str, name: str, *, version: int, at: datetime) -> None:
    """Let a monitor be called ``name`` from now on, with its alerts. A removed one of that name makes way.

    A row with the ``former`` name stays. By it agents forget that name, and an event that is under way changes nothing.
    """
    gone = monitors.named(transaction, name)
    if gone is not None and gone.id != monitor_id:
        rename(transaction, gone.id, name, f"{name} ({gone.id})")
        replay_facts.add_policy(transaction, gone.id, at)
    rename(transaction, monitor_id, former, name)
    [left] = transaction.rows(_LEAVE, former=former, id=monitor_id, removed_at=as_text(at), version=version)
    replay_facts.add_policy(transaction, left["id"], at)


def rename(transaction: Transaction, monitor_id: int, former: str, name: str) -> None:
    """Change the name of a monitor, and of its alerts."""
    transaction.rows("UPDATE monitors SET name = :name WHERE id = :id", id=monitor_id, name=name)
    transaction.rows(_ALERTS, name=name, former=former)
