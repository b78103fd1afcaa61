"""Report events to the backend as they come; what it does not take now is kept for a later time."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.connectivity import Connectivity, Verdict
from functions.check_monitors.reporting.keeping import Kept
from shared.logs import step
from shared.models import MAX_EVENTS_PER_REQUEST, Event
from shared.settings import Settings

# Successes wait so long, or until there are so many, to share one request and one commit.
LINGER_SECONDS = 0.25
ENOUGH_EVENTS = 100
# Within a run, the pause after the backend did not take something; and what counts as its hanging.
PAUSE_SECONDS = 1.0
# Not about the events but about the caller or the moment: the same events are taken later.
_NOT_NOW = {401, 403, 404, 405, 408, 425, 429}

# By monitor, what this process saw last.
_outcomes: dict[str, bool] = {}


@dataclass(frozen=True)
class Reported:
    """How many events the backend took, refused for good, and how many are kept for later.

    ``is_reached``: whether it answered, whatever that was, when it was last asked; None where it was not.
    """

    posted: int = 0
    refused: int = 0
    spooled: int = 0
    is_reached: bool | None = field(default=None, compare=False)

    def and_then(self, later: "Reported") -> "Reported":
        """Both, one after the other."""
        is_reached = self.is_reached if later.is_reached is None else later.is_reached
        return Reported(self.posted + later.posted, self.refused + later.refused, later.spooled, is_reached)


class Reporter:
    """Takes a run's events one by one and reports them meanwhile, in a thread that ends with the run.

    A failure, and a monitor whose outcome is another than before, is reported at once; successes linger. Where all
    that was seen so far are failures, ``Connectivity`` may hold them back.
    """

    def __init__(self, settings: Settings, watched: int) -> None:
        self.reported = Reported()
        self._settings = settings
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._connectivity = Connectivity(settings.connectivity_check, watched, self._wake.set)
        self._waiting: list[Event] = []
        self._is_urgent = self._is_over = self._is_hanging = False
        self._paused_until = 0.0
        self._defect: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Report what is left; ``reported`` is then the whole run's."""
        self._is_over = True
        self._wake.set()
        self._thread.join()
        if self._defect and kind is None:
            raise self._defect

    def take(self, event: Event) -> None:
        """Take the event of a look that has just concluded."""
        is_other = _outcomes.get(event.monitor, event.is_success) != event.is_success
        _outcomes[event.monitor] = event.is_success
        with self._lock:
            self._connectivity.saw(is_success=event.is_success)
            self._waiting.append(event)
            self._is_urgent = self._is_urgent or is_other or not event.is_success
            is_due = self._is_urgent or len(self._waiting) >= ENOUGH_EVENTS
        # Not for every event: each time the thread wakes costs more than the event.
        if is_due:
            self._wake.set()

    def _run(self) -> None:
        is_over = False
        try:
            while not is_over:
                self._wake.wait(LINGER_SECONDS)
                self._wake.clear()
                is_over = self._is_over
                if events := self._due(is_over=is_over):
                    self._report(events, is_last=is_over)
        except Exception as defect:  # noqa: BLE001  # raised where the run ends, for whom it concerns
            self._defect = defect

    def _due(self, *, is_over: bool) -> list[Event]:
        """What is to be reported now."""
        verdict = self._connectivity.final_verdict() if is_over else self._connectivity.verdict
        with self._lock:
            is_later = verdict is Verdict.UNDECIDED or self._is_hanging or time.monotonic() < self._paused_until
            if is_later and not is_over:
                return []
            events, self._waiting, self._is_urgent = self._waiting, [], False
        if verdict is not Verdict.INCONCLUSIVE:
            return events
        step("agent", "checks_inconclusive", level=logging.WARNING, events=len(events), reason=verdict)
        return [event.model_copy(update={"is_inconclusive": True}) for event in events]

    def _report(self, events: list[Event], *, is_last: bool) -> None:
        began = time.monotonic()
        is_tried = not (is_last and self._is_hanging)
        reported = report(events, self._settings, is_tried=is_tried)
        self.reported = self.reported.and_then(reported)
        if reported.spooled:
            # It will hardly take the next ones, and each try costs the time of a run that may be a short one.
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            self._is_hanging = reported.is_reached is not True and time.monotonic() - began > PAUSE_SECONDS


def report(events: Sequence[Event], settings: Settings, *, is_tried: bool = True) -> Reported:
    """Post what is kept and then ``events``, oldest first. Never raises for the backend's or a disk's fault.

    Without ``is_tried`` they are only kept.
    """
    kept = Kept(settings)
    if is_tried:
        try:
            with kept.turn():
                reported, remaining = _post_in_order(list(events), kept, settings)
                # Still in this turn: whoever has the next one posts what is newer.
                return _keep(remaining, kept, reported)
        except TimeoutError as trouble:
            step("agent", "report_put_off", level=logging.WARNING, events=len(events), reason=str(trouble))
    return _keep(events, kept, Reported())


def _post_in_order(events: list[Event], kept: Kept, settings: Settings) -> tuple[Reported, list[Event]]:
    """Post what is kept and then ``events``; those of ``events`` that remain."""
    reported = Reported()
    while True:
        older = kept.oldest(MAX_EVENTS_PER_REQUEST)
        is_rest = len(older) < MAX_EVENTS_PER_REQUEST
        batch = [*older, *events] if is_rest else older
        done, remaining = _post_all(batch, settings)
        reported = reported.and_then(done)
        count = len(batch) - len(remaining)
        if older and count:
            kept.remove(older[:count])
        if remaining:
            return reported, events[max(0, count - len(older)) :]
        if is_rest:
            return reported, []


def _keep(events: Sequence[Event], kept: Kept, reported: Reported) -> Reported:
    if dropped := kept.add(events):
        step("agent", "events_dropped", level=logging.ERROR, count=dropped, reason="there are too many to be kept")
    return replace(reported, spooled=kept.count())


def _post_all(events: list[Event], settings: Settings) -> tuple[Reported, list[Event]]:
    """Post in order until the backend fails; the last of ``events``, which remain."""
    reported = Reported()
    while events:
        batch, rest = events[:MAX_EVENTS_PER_REQUEST], events[MAX_EVENTS_PER_REQUEST:]
        status = backend.post(batch, settings)
        reported = replace(reported, is_reached=status > 0)
        if 200 <= status < 300:
            reported = replace(reported, posted=reported.posted + len(batch))
        elif not 400 <= status < 500 or status in _NOT_NOW:
            return reported, events
        elif len(batch) == 1:
            # It would be refused for ever, and everything behind it would wait for ever.
            step("agent", "event_refused", level=logging.ERROR, event_id=batch[0].event_id, status=status)
            reported = replace(reported, refused=reported.refused + 1)
        else:
            # One of them is at fault, or they are too long together: halves find out which.
            first, trouble = _post_all(batch[: len(batch) // 2], settings)
            reported = reported.and_then(first)
            if trouble:
                return reported, [*trouble, *events[len(batch) // 2 :]]
            rest = [*batch[len(batch) // 2 :], *rest]
        events = rest
    return reported, []
