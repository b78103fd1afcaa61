"""How available monitors were, of their changes of state."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from shared.history.uptime import KNOWN, Availability, Change, Span, known_until, measure, spans
from shared.models import as_text
from shared.models.times import milliseconds
from shared.store.engines.database import Row, Transaction
from shared.store.tables import state_changes
from shared.store.tables.scope import Scope

PLANNED = "MAINTENANCE"


class Availabilities:
    """How available each of some monitors was between ``edges``."""

    def __init__(
        self, transaction: Transaction, scope: Scope, monitors: Sequence[Row], edges: Sequence[datetime], now: datetime
    ) -> None:
        self._marks = [milliseconds(edge) for edge in edges]
        # Nobody knows anything of the time whose changes are pruned.
        since = max(as_text(edges[0]), state_changes.kept_since(transaction) or "")
        starts_at, ends_at = max(self._marks[0], _of_text(since)), min(self._marks[-1], milliseconds(now))
        before = state_changes.last_before(transaction, scope, since)
        changes: dict[int, list[Row]] = defaultdict(list)
        for row in state_changes.between(transaction, scope, since, as_text(edges[-1])):
            first = before.get(row["monitor_id"])
            # One that was noticed earlier says nothing of the time behind it.
            if first is None or row["id"] > first["id"]:
                changes[row["monitor_id"]].append(row)
        self._known: dict[int, list[Span]] = {}
        self._outages: dict[int, set[int]] = {}
        self._planned: dict[int, list[Span]] = {}
        for monitor in monitors:
            monitor_id = monitor["id"]
            initial = before[monitor_id]["to_state"] if monitor_id in before else "UNKNOWN"
            said = [*_said(changes[monitor_id])]
            if monitor_id not in before and not said:
                said = [*_state_of(monitor)]
            said += _lapse(monitor, now)
            self._known[monitor_id] = spans(initial, said, since=starts_at, until=ends_at)
            if any(each.state == PLANNED for each in said) or initial == PLANNED:
                self._planned[monitor_id] = spans(initial, said, since=starts_at, until=ends_at, states=(PLANNED,))
            began = (each.counts_from for each in said if each.state == "DOWN")
            self._outages[monitor_id] = {each for each in began if each is not None and each >= starts_at}

    def of(self, monitor_ids: Iterable[int]) -> list[Availability]:
        """The availability of these monitors together, between each two neighbours of the edges."""
        known: list[Span] = []
        outages: list[int] = []
        for monitor_id in monitor_ids:
            known += self._known[monitor_id]
            outages += self._outages[monitor_id]
        return measure(known, outages, self._marks)

    def planned_of(self, monitor_id: int) -> list[Span]:
        """When a window of maintenance was open for a monitor."""
        return self._planned.get(monitor_id, [])


def _said(rows: Sequence[Row]) -> Iterator[Change]:
    for row in rows:
        earlier = row["counts_from"]
        yield Change(_of_text(row["at"]), row["to_state"], _of_text(earlier) if earlier else None)


def _state_of(monitor: Row) -> Iterator[Change]:
    """The state of a monitor without a change. If it has a later one, it came into its state then, or later."""
    since = state_changes.came_into_state(monitor)
    if since is not None:
        yield Change(_of_text(since), monitor["state"])


def _lapse(monitor: Row, now: datetime) -> Iterator[Change]:
    """That nobody knows any more how a monitor is, if nothing has noted it yet."""
    checked_at, interval = monitor["last_checked_at"], monitor["interval_seconds"]
    if not monitor["is_watched"] or monitor["state"] not in KNOWN or checked_at is None or interval is None:
        return
    until = known_until(datetime.fromisoformat(checked_at), interval, monitor["timeout_seconds"])
    if until < now:
        yield Change(max(milliseconds(until), _of_text(monitor["since"] or checked_at)), "UNKNOWN")


def _of_text(at: str) -> int:
    return milliseconds(datetime.fromisoformat(at))
