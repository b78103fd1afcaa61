"""The monitors of one intake as each of several locations sees them."""

import functools
from collections.abc import Iterable

from shared.alerting.votes import keep, seen_from
from shared.models import Monitor
from shared.models.monitor import MonitorLocation
from shared.store.engines.database import Transaction
from shared.store.tables import monitor_locations


class Places:
    """Locations by monitor: read once, and what changed is written once.

    A monitor that a single location reports has none: its own counters say the same, and cost no further row.
    """

    def __init__(self, transaction: Transaction, monitors: Iterable[str]) -> None:
        """``monitors``: their names."""
        self._transaction = transaction
        self._changed: dict[tuple[int, str], MonitorLocation] = {}
        self._asked = monitor_locations.ask_of_several(transaction, monitors)

    @functools.cached_property
    def _known(self) -> dict[int, dict[str, MonitorLocation]]:
        known: dict[int, dict[str, MonitorLocation]] = {}
        for place in self._asked():
            known.setdefault(place.monitor_id, {})[place.location] = place
        return known

    def of(
        self, monitor: Monitor, location: str, *, has_outage: bool
    ) -> tuple[MonitorLocation | None, tuple[MonitorLocation, ...]]:
        """The monitor as ``location`` sees it, and as the others do; nothing if only this one reports it."""
        return seen_from(monitor, self._known.get(monitor.id) or {}, location, has_outage=has_outage)

    def save(self, before: Monitor, place: MonitorLocation, *, has_outage: bool) -> None:
        """Keep how the event's location sees the monitor now. ``before``: the monitor before the event."""
        for seen in keep(self._known.setdefault(before.id, {}), before, place, has_outage=has_outage):
            self._changed[before.id, seen.location] = seen

    def write(self) -> None:
        """Write what changed."""
        monitor_locations.save(self._transaction, self._changed.values())
