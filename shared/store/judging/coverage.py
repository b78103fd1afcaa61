"""The windows that cover a monitor. Read once in a transaction."""

import functools
import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from shared.models import Monitor, as_text
from shared.models.channel import Channels
from shared.store.engines.database import Transaction

if TYPE_CHECKING:
    from shared.monitors.windows.planned import Planned

# Reviews come once a minute, and that late at most.
NOTICED_WITHIN = timedelta(minutes=2)
# Every window that recurs, or that ends after some time. The plus keeps SQLite from reading all windows by their ids.
_NOT_OVER = "SELECT * FROM windows WHERE ends_at IS NULL OR ends_at > :since ORDER BY +id"


class Hold(StrEnum):
    """The rule that holds a message back, or away."""

    MAINTENANCE = "maintenance"
    SILENCE = "silence"
    DEPENDENCY = "dependency"


class Coverage:
    """The windows that are open at ``since`` or later."""

    def __init__(self, transaction: Transaction, since: datetime) -> None:
        self._asked = transaction.ask(_NOT_OVER, since=as_text(since))

    @functools.cached_property
    def _by_kind(self) -> dict[str, list["Planned"]]:
        by_kind: dict[str, list[Planned]] = {"maintenance": [], "silence": []}
        if rows := self._asked():
            # Imported here: most events come while there is no window.
            from shared.store.tables.windows import planned

            for window in map(planned, rows):
                by_kind[window.kind].append(window)
        return by_kind

    def is_any_open(self, at: datetime) -> bool:
        """Whether a window of maintenance is open."""
        return any(window.span_at(at) for window in self._by_kind["maintenance"])

    def is_in_maintenance(self, monitor: Monitor, at: datetime) -> bool:
        """Whether a window of maintenance covers the monitor."""
        planned = self._by_kind["maintenance"]
        return bool(planned) and _is_covered(planned, monitor, at)

    def began_at(self, monitor: Monitor, at: datetime) -> datetime:
        """When the maintenance began that covers ``at``, but not before the monitor came into its present state."""
        spans = [span for window in self._about(monitor) if (span := window.span_at(at))]
        began_at = min((span.starts_at for span in spans), default=at)
        return max(began_at, monitor.since or began_at)

    def ended_at(self, monitor: Monitor, now: datetime) -> datetime:
        """When the maintenance ended that covers ``now`` no more; to be asked of what was open at that time.

        It is ``now`` if no window is about the monitor any more, or if nobody has looked for long.
        """
        ends = [
            span.ends_at
            for window in self._about(monitor)
            for span in itertools.takewhile(lambda span: span.starts_at < now, window.spans(now - NOTICED_WITHIN))
            if span.ends_at <= now and (monitor.since is None or span.ends_at > monitor.since)
        ]
        return max(ends, default=now)

    def _about(self, monitor: Monitor) -> list["Planned"]:
        """The windows of maintenance that are about the monitor."""
        tags = monitor.tags or ()
        return [each for each in self._by_kind["maintenance"] if each.is_about(monitor.name, monitor.group_name, tags)]

    def hold(self, monitor: Monitor | None, at: datetime) -> Hold | None:
        """The rule that holds messages about the monitor back; None if none does, or they are about something else."""
        return Hold.SILENCE if monitor and _is_covered(self._by_kind["silence"], monitor, at) else None

    def keeps_back(self, monitor: Monitor, at: datetime) -> Hold | None:
        """The rule that keeps a reminder of the monitor's outage back: a later one will do."""
        return Hold.MAINTENANCE if self.is_in_maintenance(monitor, at) else self.hold(monitor, at)


class Occasion(NamedTuple):
    """The transaction in which alerts change, with what it goes by.

    ``channels``: those that are configured. ``known``: monitors as the transaction will save them.
    """

    transaction: Transaction
    coverage: Coverage
    channels: Channels
    now: datetime
    known: Mapping[str, Monitor] = {}


def _is_covered(planned: Iterable["Planned"], monitor: Monitor, at: datetime) -> bool:
    return any(
        window.is_about(monitor.name, monitor.group_name, monitor.tags or ()) and window.span_at(at)
        for window in planned
    )
