"""Reports, and their events in the order in which they count."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from shared.alerting.ordering import CLOCK_TOLERANCE, clock_ahead, effective_time
from shared.models.channel import Channels

if TYPE_CHECKING:
    from shared.models import Event

_LAST_TIME = datetime(9999, 12, 30, tzinfo=UTC)
# Reports of more events are judged apart, so that the others who wait see that it goes on.
MOST_TOGETHER = 1_000


class Report(NamedTuple):
    """Events that came in one request. ``sent_at``: see ``effective_time``. ``channels``: those that are configured."""

    events: "Sequence[Event]"
    received_at: datetime
    channels: Channels
    sent_at: datetime | None = None


class Arrival(NamedTuple):
    """An event that came at ``received_at``, and counts from its effective time, ``at``.

    ``position``: the report's number, and the event's in the report. ``clock_ahead_seconds``: see Agent.
    """

    event: "Event"
    at: datetime
    received_at: datetime
    position: tuple[int, int]
    clock_ahead_seconds: float


def arrivals(reports: Sequence[Report]) -> list[Arrival]:
    """The events of reports, one report after the other, those of each in the order of their effective times."""
    found = []
    for number, report in enumerate(reports):
        times = [effective_time(event, report.received_at, report.sent_at) for event in report.events]
        ahead = clock_ahead(report.received_at, report.sent_at).total_seconds()
        for index in sorted(range(len(times)), key=times.__getitem__):
            event = _dated(report.events[index], times[index], is_clock_wrong=ahead != 0)
            found.append(Arrival(event, times[index], report.received_at, (number, index), ahead))
    return found


def together(reports: Sequence[Report]) -> Iterator[list[Report]]:
    """Reports in their order, in groups that one intake takes: with the same channels, and not too long."""
    group: list[Report] = []
    for report in reports:
        if group and (report.channels != group[0].channels or _length(group) + len(report.events) > MOST_TOGETHER):
            yield group
            group = []
        group.append(report)
    if group:
        yield group


def _length(reports: Sequence[Report]) -> int:
    return sum(len(report.events) for report in reports)


def _dated(event: "Event", at: datetime, *, is_clock_wrong: bool) -> "Event":
    """The event, and its tries, by our clock. By another one, history would misplace it, or show it much later.

    One from the future stays as it was reported, if it has a date in every time zone: the sender's clock says nothing.
    """
    off = at - event.timestamp
    if not off or (-off > CLOCK_TOLERANCE and not is_clock_wrong and event.timestamp <= _LAST_TIME):
        return event
    try:
        attempts = tuple(each.model_copy(update={"timestamp": each.timestamp + off}) for each in event.attempts)
    except OverflowError:  # a try that lies thousands of years from its event
        attempts = ()
    return event.model_copy(update={"timestamp": at, "attempts": attempts})
