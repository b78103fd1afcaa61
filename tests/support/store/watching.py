"""Steps of the watchers themselves over a real store: an agent checks, somebody reviews, channels deliver."""

from typing import Any

from shared.models import Alert, AlertKind, ChangeKind
from shared.store import Ingested, Store
from tests.support.builders import Channel, at
from tests.support.store.steps import CHANNELS, deliver, report, rows

SILENT, OFFLINE, REFUSED = AlertKind.AGENT_SILENT, AlertKind.LOCATION_OFFLINE, AlertKind.CHANNEL_REFUSED


def check(
    store: Store,
    seconds: float,
    *,
    ok: bool = True,
    agent: str | None = "seoul",
    received: float | None = None,
    **fields: Any,
) -> Ingested:
    """An agent of ours checks then; the backend receives it at once, or at ``received``."""
    return report(
        store,
        seconds,
        ok=ok,
        received=seconds if received is None else received,
        **{"agent": agent, "interval_seconds": 30 if agent else None} | fields,
    )


def review(store: Store, *moments: float) -> list[Alert]:
    """Reviews at these times; the alerts that they open."""
    return [change.alert for seconds in moments for change in store.agents.review(now=at(seconds), channels=CHANNELS)]


def about_agent(ingested: Ingested) -> list[tuple[ChangeKind | None, AlertKind]]:
    """The changes that an event made to the alerts about its agent."""
    return [
        (change.kind, change.alert.kind) for change in ingested.changes if change.alert.kind is not AlertKind.OUTAGE
    ]


def states(store: Store) -> dict[str, str]:
    """Each monitor's state."""
    return {str(name): str(state) for name, state in rows(store, "SELECT name, state FROM monitors")}


def owed(store: Store, alert_id: int) -> list[tuple[str, str]]:
    """The messages about an alert, oldest first: kind and channel."""
    return [(str(notification.kind), notification.channel) for notification in store.alerts.get(alert_id)[1]]


def history(store: Store) -> list[tuple[str, str, str]]:
    """Every alert, oldest first: kind, subject and status."""
    return [(alert.kind, alert.subject, alert.status) for alert in reversed(store.alerts.page(limit=100))]


def deliver_all(store: Store, seconds: float, **channels: Channel) -> dict[str, int]:
    """Runs of deliveries until one has nothing to do; how many attempts had each outcome."""
    outcomes: dict[str, int] = {}
    while counted := deliver(store, seconds, **channels):
        outcomes = {key: outcomes.get(key, 0) + counted.get(key, 0) for key in outcomes.keys() | counted.keys()}
    return outcomes
