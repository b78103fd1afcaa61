"""The order of events in time, whatever the clocks say. Pure."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.models import Event

# Clock skew we tolerate. Anything larger means that a clock is wrong or was reset.
CLOCK_TOLERANCE = timedelta(seconds=5)
# No check is older. An earlier time is one that nobody set, such as the year 1 of some languages.
FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def effective_time(event: "Event", received_at: datetime, sent_at: datetime | None = None) -> datetime:
    """The time at which the event counts, by the clock that tells ``received_at``.

    ``sent_at`` is what the sender's clock said when it sent the event: if that clock is off, the event's time is off by
    as much. An event from the future, or from before FIRST_TIME, counts from its receipt: otherwise one wrong clock
    could freeze a monitor.
    """
    at = _on_our_clock(event, received_at, sent_at)
    return at if at >= FIRST_TIME else received_at


def clock_ahead(received_at: datetime, sent_at: datetime | None) -> timedelta:
    """By how much the sender's clock is ahead of ours, below 0 if it is behind. 0: it may be right, or is not known."""
    ahead = timedelta() if sent_at is None else sent_at - received_at
    return ahead if abs(ahead) > CLOCK_TOLERANCE else timedelta()


def _on_our_clock(event: "Event", received_at: datetime, sent_at: datetime | None) -> datetime:
    try:
        return min(event.timestamp - clock_ahead(received_at, sent_at), received_at)
    except OverflowError:  # the two claim times so far apart that their sum lies outside the calendar
        return min(event.timestamp, received_at)


def is_late(at: datetime, newest_at: datetime | None, received_at: datetime) -> bool:
    """Whether a newer event has counted already.

    A newest time that lies ahead of ``received_at`` dates from before the clock was set back. It says nothing about the
    order.
    """
    return newest_at is not None and at < newest_at <= received_at + CLOCK_TOLERANCE
