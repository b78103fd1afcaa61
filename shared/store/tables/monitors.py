"""The table ``monitors``."""

from collections.abc import Iterable

from shared.models import Monitor, MonitorState
from shared.store.engines.database import Transaction

_SAVE = """
    UPDATE monitors SET target_url = :target_url, agent = :agent, state = :state,
        consecutive_failures = :consecutive_failures, failing_since = :failing_since,
        last_checked_at = :last_checked_at
    WHERE id = :id"""


def add(transaction: Transaction, name: str, target_url: str) -> Monitor:
    """A new monitor."""
    sql = "INSERT INTO monitors (name, target_url) VALUES (:name, :target_url) RETURNING *"
    return transaction.added(Monitor, sql, name=name, target_url=target_url)


def save(transaction: Transaction, monitor: Monitor) -> None:
    """Write what an event, or a person, can change of a monitor."""
    transaction.rows(_SAVE, **monitor.model_dump(mode="json"))


def named(transaction: Transaction, name: str) -> Monitor | None:
    """The monitor with this name."""
    return transaction.value(Monitor, "SELECT * FROM monitors WHERE name = :name", name=name)


def all_named(transaction: Transaction, names: Iterable[str]) -> list[Monitor]:
    """The monitors with these names."""
    return transaction.values_in(Monitor, "SELECT * FROM monitors WHERE name IN", names)


def set_state_of_agent(transaction: Transaction, agent: str, state: MonitorState) -> None:
    """Give every monitor that this agent checks the same state."""
    transaction.rows("UPDATE monitors SET state = :state WHERE agent = :agent", state=state, agent=agent)


def newest_check(transaction: Transaction) -> str | None:
    """When the newest check counted, as text."""
    row = transaction.row("SELECT max(last_checked_at) AS newest FROM monitors")
    return row["newest"] if row else None
