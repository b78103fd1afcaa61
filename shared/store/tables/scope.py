"""The monitors whose rows a question is about."""

from typing import Any, NamedTuple

from shared.models import AlertKind
from shared.models.monitor import SEVERAL
from shared.store.engines.database import Row, Transaction

# The monitors that one agent checks, and nobody from another location.
OF_ONE_AGENT = f"agent = :agent AND (location IS NULL OR location <> '{SEVERAL}')"
# The kinds of the alerts that are about a monitor, for what stands between the brackets of ``kind IN (…)``.
KINDS_OF_MONITORS = ", ".join(f"'{kind.value}'" for kind in AlertKind if kind.is_of_monitor)
_MONITORS = """
    SELECT monitors.id, monitors.name, group_name, state, since, is_watched, monitors.last_checked_at, timeout_seconds,
        COALESCE(monitors.interval_seconds, agents.interval_seconds) AS interval_seconds
    FROM monitors LEFT JOIN agents ON agents.name = monitors.agent WHERE removed_at IS NULL"""


class Scope(NamedTuple):
    """One monitor, those of a group, or all of them, but for those that were removed."""

    monitor_id: int | None = None
    group: str | None = None

    @property
    def condition(self) -> str:
        """The condition of a row with a ``monitor_id`` that is one of theirs."""
        if self.monitor_id is not None:
            return "monitor_id = :of_monitor"
        of_group = "" if self.group is None else " AND group_name = :of_group"
        return f"monitor_id IN (SELECT id FROM monitors WHERE removed_at IS NULL{of_group})"  # noqa: S608  # our text

    @property
    def parameters(self) -> dict[str, Any]:
        """The values that ``condition`` names."""
        named = {"of_monitor": self.monitor_id, "of_group": self.group}
        return {name: value for name, value in named.items() if value is not None}


def monitors_in(transaction: Transaction, scope: Scope) -> list[Row]:
    """The monitors: their groups and intervals, and how they are now. The agent's interval if they have none."""
    if scope.monitor_id is not None:
        return transaction.rows(f"{_MONITORS} AND monitors.id = :of_monitor", **scope.parameters)
    of_group = "" if scope.group is None else " AND group_name = :of_group"
    return transaction.rows(f"{_MONITORS}{of_group} ORDER BY monitors.id", **scope.parameters)
