"""Steps of a test with a real store, in one line each: events arrive, a person moves an alert, a channel delivers.

Every time is given, in seconds after noon.
"""

from collections.abc import Sequence
from typing import Any

from shared import ROOT
from shared.delivery import deliver_owed
from shared.models import Alert, AlertStatus, Attempt, AttemptStatus, Change, Event
from shared.models.channel import Channels
from shared.notifiers import NotifierKind
from shared.settings import Settings
from shared.store import Ingested, Owed, Store
from tests.support.builders import at, event, routes

A_ALONE = routes("a")
CHANNELS = routes("a", "b")
TTL = 86_400.0
SETTINGS = Settings.from_env({"NOTIFICATION_TTL": str(TTL)})
MIGRATIONS = sorted((ROOT / "shared" / "store" / "migrations").glob("*.sql"))


def add(store: Store, *events: Event, received: float = 3600, channels: Channels = CHANNELS) -> list[Ingested]:
    """Events arrive in one request, by default an hour after noon."""
    return store.events.add(events, received_at=at(received), channels=channels)


def report(
    store: Store,
    seconds: float = 0,
    *,
    ok: bool,
    received: float = 3600,
    channels: Channels = CHANNELS,
    **fields: Any,
) -> Ingested:
    """One event arrives."""
    return add(store, event(seconds, ok=ok, **fields), received=received, channels=channels)[0]


def opened(store: Store, monitor: str = "shop") -> Alert:
    """The alert of a monitor that failed at noon."""
    alert = report(store, ok=False, monitor=monitor).alert
    assert alert is not None
    return alert


def move(store: Store, alert_id: int, to: str, seconds: float = 3600, *, by: str | None = "kim") -> Change:
    """A person moves an alert."""
    return store.alerts.move(alert_id, AlertStatus(to), by=by, at=at(seconds), channels=CHANNELS)


def claim(
    store: Store, seconds: float = 3600, channel: str = "a", *, lease: float = 30, among: Sequence[int] | None = None
) -> Owed | None:
    """A sender claims the channel's next notification."""
    return store.notifications.claim(channel, now=at(seconds), leased_until=at(seconds + lease), among=among)


def claimed(store: Store, seconds: float = 3600, channel: str = "a") -> Owed:
    """The channel's next notification, which there is."""
    owed = claim(store, seconds, channel)
    assert owed is not None
    return owed


def claimed_id(store: Store, seconds: float = 3600, channel: str = "a") -> int | None:
    """The id of the notification that a sender gets, if any."""
    owed = claim(store, seconds, channel)
    return owed.notification.id if owed else None


def settle(
    store: Store,
    status: str,
    seconds: float = 3600,
    channel: str = "a",
    due: float | None = None,
    took_ms: float = 1.0,
) -> int:
    """A sender claims the channel's next notification and records how its attempt went; the notification's id."""
    owed = claimed(store, seconds, channel)
    due_at = None if due is None else at(due)
    attempt = Attempt(owed.notification, AttemptStatus(status), at(seconds), took_ms, status.lower(), due_at=due_at)
    store.notifications.record(attempt, channels=CHANNELS)
    return owed.notification.id


def owe(
    store: Store, seconds: float = 0, *, ok: bool = False, channels: Channels = A_ALONE, monitor: str = "shop"
) -> list[int]:
    """An event arrives at once; the ids of the notifications that it owes."""
    return report(store, seconds, ok=ok, received=seconds, channels=channels, monitor=monitor).notification_ids


def deliver(store: Store, seconds: float = 0, **channels: NotifierKind) -> dict[str, int]:
    """One run of deliveries to these channels; how many attempts had each outcome."""
    outcomes = deliver_owed(store, channels, SETTINGS, clock=lambda: at(seconds))
    return {str(status): count for status, count in outcomes.items() if count}


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    """The rows that a statement finds in the store."""
    with store.database.snapshot() as snapshot:
        return [tuple(dict(row).values()) for row in snapshot.rows(sql)]


def statuses(store: Store) -> list[str]:
    """How each attempt went, oldest first."""
    return [log.status for log in reversed(store.notifications.logs(limit=9))]
