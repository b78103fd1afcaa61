"""The table ``agents``."""

from collections.abc import Callable, Iterable
from datetime import datetime

from shared.models import Agent, as_json, as_text
from shared.store.engines.database import Transaction

_ADD = """
    INSERT INTO agents (name, interval_seconds, last_seen_at, last_checked_at)
    VALUES (:name, :interval_seconds, :last_seen_at, :last_checked_at) RETURNING *"""

_SAVE = """
    UPDATE agents SET interval_seconds = :interval_seconds, last_seen_at = :last_seen_at,
        last_checked_at = :last_checked_at, is_silent = :is_silent, is_offline = :is_offline,
        clock_ahead_seconds = :clock_ahead_seconds
    WHERE id = :id"""


def add(
    transaction: Transaction, name: str, interval_seconds: float, *, last_seen_at: datetime, last_checked_at: datetime
) -> Agent:
    """A new agent."""
    return transaction.added(
        Agent,
        _ADD,
        name=name,
        interval_seconds=interval_seconds,
        last_seen_at=as_text(last_seen_at),
        last_checked_at=as_text(last_checked_at),
    )


def save(transaction: Transaction, agent: Agent) -> None:
    """Write what can change of an agent."""
    transaction.run(_SAVE, **as_json(agent))


def named(transaction: Transaction, name: str) -> Agent | None:
    """The agent with this name."""
    return transaction.value(Agent, "SELECT * FROM agents WHERE name = :name", name=name)


def ask_named(transaction: Transaction, names: Iterable[str]) -> Callable[[], list[Agent]]:
    """The agents with these names; see ``Transaction.ask``."""
    return transaction.ask_values_in(Agent, "SELECT * FROM agents WHERE name IN", names)


def every(transaction: Transaction) -> list[Agent]:
    """All agents, by name."""
    # PostgreSQL would sort them by the collation of its database.
    return sorted(transaction.values(Agent, "SELECT * FROM agents"), key=lambda agent: agent.name)


def not_silent(transaction: Transaction) -> list[Agent]:
    """The agents whose silence has not been noticed."""
    return transaction.values(Agent, "SELECT * FROM agents WHERE is_silent = 0")
