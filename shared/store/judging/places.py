"""The monitors of one intake as each of several locations sees them."""

from collections.abc import Iterable

from shared.models import Monitor
from shared.models.monitor import SEVERAL
from shared.models.monitor_location import MonitorLocation
from shared.store.engines.database import Transaction
from shared.store.tables import monitor_locations


class Places:
    """Locations by monitor: read once, and what changed is written once.

    A monitor that a single location reports has none: its own counters say the same, and cost no further row.
    """

    def __init__(self, transaction: Transaction, monitors: Iterable[Monitor]) -> None:
        self._transaction = transaction
        self._changed: dict[tuple[int, str], MonitorLocation] = {}
        self._known: dict[int, dict[str, MonitorLocation]] = {}
        for place in monitor_locations.of_monitors(transaction, [m.id for m in monitors if m.location == SEVERAL]):
            self._known.setdefault(place.monitor_id, {})[place.location] = place

    def of(self, monitor: Monitor, location: str) -> tuple[MonitorLocation | None, tuple[MonitorLocation, ...]]:
        """The monitor as ``location`` sees it, and as the others do; nothing if only this one reports it."""
        if monitor.location in (None, location):
            return None, ()
        known = self._known.get(monitor.id) or {}
        if monitor.location != SEVERAL:
            known = {monitor.location or "": _first(monitor)}
        own = known.get(location) or MonitorLocation(monitor_id=monitor.id, location=location)
        return own, tuple(place for name, place in known.items() if name != location)

    def save(self, before: Monitor, place: MonitorLocation) -> None:
        """Keep how the event's location sees the monitor now. ``before``: the monitor before the event."""
        known = self._known.setdefault(before.id, {})
        if before.location != SEVERAL and not known:
            first = _first(before)
            known[first.location] = self._changed[before.id, first.location] = first
        known[place.location] = self._changed[before.id, place.location] = place

    def write(self) -> None:
        """Write what changed."""
        for place in self._changed.values():
            monitor_locations.save(self._transaction, place)


def _first(monitor: Monitor) -> MonitorLocation:
    """A monitor as the only location sees it that has reported it so far."""
    return MonitorLocation(
        monitor_id=monitor.id,
        location=monitor.location or "",
        state=monitor.state,
        since=monitor.since,
        consecutive_failures=monitor.consecutive_failures,
        consecutive_successes=monitor.consecutive_successes,
        failing_since=monitor.failing_since,
        last_checked_at=monitor.last_checked_at,
    )
