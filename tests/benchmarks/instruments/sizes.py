"""The bytes that an event, and an outage with two messages to one channel, add to the database, indexes included."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from shared.models import Attempt, AttemptStatus, Event, now
from shared.settings import Settings
from shared.store import Store, open_store
from tests.support.builders import routes
from tests.support.running import rows_of

MONITORS = 50
# The pages of the first ten thousands are not full yet.
ROUNDS = 400
OUTAGES = 1000
# Outages that are closer to each other would be listed in one message.
APART_SECONDS = 10

# As long as addresses of health checks are: the name of a monitor is its URL, too.
URL = "https://service-{:03}.example.com/health"


def of_sqlite(file: Path) -> dict[str, float]:
    """The file's growth."""

    def size(url: str) -> float:
        [page] = rows_of(url, "SELECT page_size AS size FROM pragma_page_size")
        [count] = rows_of(url, "SELECT page_count AS pages FROM pragma_page_count")
        return float(page["size"] * count["pages"])

    return _growth(f"sqlite:///{file}", size)


def of_postgresql(url: str) -> dict[str, float]:
    """The growth of the tables that grow, with what belongs to them: each monitor has one row, which changes."""
    tables = ("raw_events", "results", "state_changes", "alerts", "notifications", "notification_logs")
    sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
    return _growth(url, lambda url: float(rows_of(url, f"SELECT {sizes} AS size")[0]["size"]))


def _growth(url: str, size: Callable[[str], float]) -> dict[str, float]:
    # A monitor that fails as often as here would flap, and its messages would be held back.
    store = open_store(Settings.from_env({"DATABASE_URL": url, "FLAPPING_STARTS": "off"}))
    _check(store, 0)
    before = size(url)
    for number in range(1, ROUNDS + 1):
        _check(store, number)
    between = size(url)
    for number in range(OUTAGES):
        _fail_and_recover(store, number)
    after = size(url)
    store.database.close()
    event = (between - before) / (ROUNDS * MONITORS)
    return {"event_bytes": event, "outage_bytes": (after - between) / OUTAGES - 2 * event}


def _check(store: Store, number: int) -> None:
    at = now() + timedelta(seconds=number)
    events = [_event(monitor, at + timedelta(milliseconds=monitor)) for monitor in range(MONITORS)]
    store.events.add(events, received_at=at, channels=routes("telegram"))


def _event(monitor: int, at: object, *, is_success: bool = True) -> Event:
    return Event.model_validate(
        {
            "target_url": URL.format(monitor),
            "timestamp": at,
            "is_success": is_success,
            "status_code": 200 if is_success else 503,
            "response_time_ms": 84.211,
            "dns_ms": 4.01,
            "connect_ms": 11.32,
            "tls_ms": 25.48,
            "first_byte_ms": 43.4,
            "agent": "default",
            "interval_seconds": 30.0,
        }
    )


def _fail_and_recover(store: Store, number: int) -> None:
    for second, is_success in enumerate((False, True)):
        at = now() + timedelta(seconds=ROUNDS + APART_SECONDS * number + second)
        event = _event(number % MONITORS, at, is_success=is_success)
        store.events.add([event], received_at=at, channels=routes("telegram"))
        owed = store.notifications.claim("telegram", now=at, leased_until=at)
        assert owed is not None
        answer = "message 12345 in chat 123456789"
        store.notifications.record(Attempt(owed.notification, AttemptStatus.SENT, at, 212.5, answer), channels={})
