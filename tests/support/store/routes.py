"""Steps of a test with channels that have rules: a monitor fails and recovers, a person moves its alert, and so on.

Every time is given, in seconds after noon.
"""

from typing import Any

from shared.models import AlertStatus
from shared.models.channel import Route
from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at
from tests.support.store.steps import report, rows


def channels(**routes: Route) -> dict[str, Route]:
    """These channels, and another one that has no rules and shows what happens without them."""
    return {**routes, "other": Route()}


def fail(store: Store, routes: dict[str, Route], seconds: float = 0) -> list[int]:
    """A check fails; the ids of what can be sent."""
    return report(store, seconds, ok=False, received=seconds, channels=routes).notification_ids


def recover(store: Store, routes: dict[str, Route], seconds: float) -> list[int]:
    """A check succeeds; the ids of what can be sent."""
    return report(store, seconds, ok=True, received=seconds, channels=routes).notification_ids


def review(store: Store, routes: dict[str, Route], seconds: float) -> None:
    """The work of one run of review_alerts."""
    store.follow_ups.review(now=at(seconds), channels=routes)
    store.maintenance.review(now=at(seconds), channels=routes)


def move(store: Store, routes: dict[str, Route], to: str, seconds: float) -> None:
    """A person moves the first alert."""
    store.alerts.move(1, AlertStatus(to), by="kim", at=at(seconds), channels=routes)


def owed(store: Store, channel: str = "ops") -> list[tuple[object, ...]]:
    """Kind and status of each message to a channel."""
    return rows(store, f"SELECT kind, status FROM notifications WHERE channel = '{channel}' ORDER BY id")


def logs(store: Store, channel: str = "ops") -> list[tuple[object, ...]]:
    """Every row of the channel's messages, each with the place of its message among them."""
    found = rows(
        store,
        f"SELECT notification_id, kind, status, reason FROM notification_logs WHERE channel = '{channel}' ORDER BY id",
    )
    ids = sorted({row[0] for row in found}, key=str)
    return [(ids.index(row[0]) + 1, *row[1:]) for row in found]


def watch(store: Store, routes: dict[str, Route], monitor: str = "shop", **fields: Any) -> None:
    """The file says this of a monitor, whose first failure opens. Its escalation may be ``night``."""
    policy = Policy.model_validate({"name": monitor, "url": f"http://{monitor}/", "failure_threshold": 1, **fields})
    known = [each.policy for each in store.monitors.page(limit=9) if each.policy and each.policy.name != monitor]
    steps = [{"after": "5m", "channels": ["mail", "kind:slack"]}]
    store.monitors.apply([*known, policy], {}, {"escalations": {"night": steps}}, now=at(-4000), channels=routes)
