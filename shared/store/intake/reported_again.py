"""Whether an event brings back the monitor of its name that somebody had removed."""

import os
from datetime import datetime, timedelta

from shared.alerting.agents import TIMEOUT_SECONDS
from shared.alerting.ordering import CLOCK_TOLERANCE
from shared.models import Agent, AlertKind, Event, Monitor
from shared.monitors.due import longest_claim
from shared.settings import is_in_cloud
from shared.store.engines.database import Transaction
from shared.store.tables import alerts, policies


def is_reported_again(
    transaction: Transaction, monitor: Monitor, event: Event, at: datetime, agent: Agent | None
) -> bool:
    """Whether somebody reports a removed monitor on purpose. ``agent``: the event's, if it has reported before.

    An agent of ours had claimed its check when the monitor was removed. If it was cut off from us, it went on by
    itself, and has not heard of the removal before its silence ended.
    """
    if event.agent is None or monitor.removed_at is None:
        return True
    if policies.source(transaction, monitor.id) == "report":
        return at > monitor.removed_at  # no agent of ours was ever told to check it
    if agent is not None and agent.is_silent:
        return False
    silent_until = alerts.last_ended_at(transaction, AlertKind.AGENT_SILENT, event.agent)
    heard_at = monitor.removed_at if silent_until is None else max(monitor.removed_at, silent_until)
    return at > heard_at + _under_way(monitor)


def _under_way(monitor: Monitor) -> timedelta:
    """How long after an agent has heard of a removal a check of the monitor may still end."""
    claimed = longest_claim(is_in_cloud=is_in_cloud(os.environ))
    check = TIMEOUT_SECONDS if monitor.timeout_seconds is None else monitor.timeout_seconds
    return timedelta(seconds=claimed + check) + CLOCK_TOLERANCE
