"""Post events to the backend in their order. The backlog has those that it does not take."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.backlog import Backlog
from shared.logs import step
from shared.models import MAX_EVENTS_PER_REQUEST, Event
from shared.settings import Settings

# Only these statuses are about the events themselves. Any other is about the caller, the URL or the moment, for example
# 421 if the host in BACKEND_URL is none of the backend's names: the backend may take the events later.
_REFUSALS = {400, 413, 422}


@dataclass(frozen=True)
class Reported:
    """How many events the backend took, how many it refused for good, and how many wait in the backlog.

    ``is_reached``: whether the backend responded, whatever it said, to the last request; None if there was no request.
    """

    posted: int = 0
    refused: int = 0
    spooled: int = 0
    is_reached: bool | None = field(default=None, compare=False)

    def and_then(self, later: "Reported") -> "Reported":
        """Return the sum of this and a ``later`` report."""
        is_reached = backend.latest(self.is_reached, later.is_reached)
        return Reported(self.posted + later.posted, self.refused + later.refused, later.spooled, is_reached)

    def has_all(self, events: int) -> bool:
        """Whether the backend took all of so many events, refused none, and none waits in the backlog."""
        return self.posted >= events and not self.refused and not self.spooled


def report(events: Sequence[Event], settings: Settings, *, is_tried: bool = True) -> Reported:
    """Post the backlog and then ``events``, oldest first. A fault of the backend or of a disk raises nothing.

    Without ``is_tried``, only add ``events`` to the backlog.
    """
    backlog = Backlog(settings)
    if is_tried:
        try:
            with backlog.turn():
                reported, remaining = _post_in_order(list(events), backlog, settings)
                # Still in this turn. Otherwise the run that has the next one would post newer events first.
                return _keep(remaining, backlog, reported)
        except TimeoutError as trouble:
            step("agent", "report_put_off", level=logging.WARNING, events=len(events), reason=str(trouble))
    return _keep(events, backlog, Reported())


def _post_in_order(events: list[Event], backlog: Backlog, settings: Settings) -> tuple[Reported, list[Event]]:
    """Post the backlog and ``events``, oldest first. Return what the backend took and which of ``events`` remain."""
    reported = Reported()
    # Invariant: at the top of the loop, the backend has settled everything that was older than the oldest event that is
    # left in the backlog and in ``events``. The backlog may have newer ones, and some of ``events`` too: all may be
    # added while their report waits or hangs. Settled events leave the backlog before the next batch is read.
    while True:
        older = backlog.oldest(MAX_EVENTS_PER_REQUEST)
        is_rest = len(older) < MAX_EVENTS_PER_REQUEST
        batch = _merged(older, events) if is_rest else _merged(older, events)[:MAX_EVENTS_PER_REQUEST]
        done, remaining = _post_all(batch, settings)
        reported = reported.and_then(done)
        settled = batch[: len(batch) - len(remaining)]
        if settled:
            backlog.remove(settled)
            events = _without(events, settled)
        if remaining or is_rest:
            return reported, events


def _merged(older: list[Event], events: list[Event]) -> list[Event]:
    # The usual case: nothing waits in the backlog.
    return sorted([*older, *_without(events, older)], key=lambda event: event.timestamp) if older else events


def _without(events: list[Event], others: Sequence[Event]) -> list[Event]:
    known = {event.event_id for event in others}
    return [event for event in events if event.event_id not in known]


def _keep(events: Sequence[Event], backlog: Backlog, reported: Reported) -> Reported:
    if dropped := backlog.add(events):
        step("agent", "events_dropped", level=logging.ERROR, count=dropped, reason="there are too many to be kept")
    return replace(reported, spooled=backlog.count())


def _post_all(events: list[Event], settings: Settings) -> tuple[Reported, list[Event]]:
    """Post in order until the backend fails. Return what it settled, and the last of ``events``, which remain."""
    reported = Reported()
    while events:
        batch, rest = events[:MAX_EVENTS_PER_REQUEST], events[MAX_EVENTS_PER_REQUEST:]
        status = backend.post(batch, settings)
        reported = replace(reported, is_reached=status > 0)
        if 200 <= status < 300:
            reported = replace(reported, posted=reported.posted + len(batch))
        elif status not in _REFUSALS:
            return reported, events
        elif len(batch) == 1:
            # The backend would refuse it for ever, and everything behind it would wait for ever.
            step("agent", "event_refused", level=logging.ERROR, event_id=batch[0].event_id, status=status)
            reported = replace(reported, refused=reported.refused + 1)
        else:
            # One of them is at fault, or together they are too long: post each half to find out which.
            first, trouble = _post_all(batch[: len(batch) // 2], settings)
            reported = reported.and_then(first)
            if trouble:
                return reported, [*trouble, *events[len(batch) // 2 :]]
            rest = [*batch[len(batch) // 2 :], *rest]
        events = rest
    return reported, []
