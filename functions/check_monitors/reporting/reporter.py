"""Report events to the backend while a run checks; what the backend does not take waits in the backlog."""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from functions.check_monitors.reporting.backlog import Backlog
from functions.check_monitors.reporting.connectivity import Connectivity, ConnectivityVerdict
from functions.check_monitors.reporting.posting import Reported, report
from functions.check_monitors.reporting.sliding import SlidingConnectivity
from shared.logs import step
from shared.models import MAX_EVENTS_PER_REQUEST, Event
from shared.settings import Settings, is_in_cloud
from shared.threads import started

# Successes wait this long, or until there are this many, to share one request and one commit.
LINGER_SECONDS = 0.25
MAX_BATCH_EVENTS = 100
# A cloud bills each request: there they wait for the end of the run, unless a check hangs.
LINGER_SECONDS_IN_CLOUD = 10.0
# The pause within a run after the backend did not take something. A try that takes longer than this means it hangs.
PAUSE_SECONDS = 1.0
# After a backend hung, a run that lasts pauses for as long as that try took, up to this.
MAX_PAUSE_SECONDS = 10.0
# The last outcome that this process saw, by monitor.
_outcomes: dict[str, bool] = {}


class Reporter:
    """Takes a run's events one by one and reports them meanwhile, in a thread that ends with the run.

    It reports a failure, or a monitor whose outcome has changed, at once; successes linger. If everything failed so
    far, ``Connectivity`` may hold the failures back. Other runs check ``elsewhere`` of the ``watched`` monitors. A run
    that goes on and on has a function instead, which says how many are watched by now. ``on_settled`` takes the
    monitors whose events the backend or the backlog has, in a thread of the reporter's. While the backend hangs, and in
    the pause after that, the backlog takes all events: their monitors' next checks wait for no response.
    """

    def __init__(
        self,
        settings: Settings,
        watched: int | Callable[[], int],
        *,
        elsewhere: int = 0,
        on_settled: Callable[[Iterable[str]], None] = lambda _: None,
    ) -> None:
        self.reported = Reported()
        self._on_settled = on_settled
        self._settings = settings
        self._wake = threading.Event()
        self._lock = threading.Lock()
        reference = settings.connectivity_check
        self._connectivity: Connectivity | SlidingConnectivity = (
            SlidingConnectivity(reference, watched, self._wake.set)
            if callable(watched)
            else Connectivity(reference, watched, self._wake.set, elsewhere)
        )
        self._waiting: list[Event] = []
        self._in_hand: list[Event] = []
        self._is_urgent = self._is_over = self._is_hanging = self._is_kept = False
        self._is_lasting = callable(watched)
        self._paused_until = 0.0
        # When to try again what waits in the backlog, if no event asks for it. A run before this one may have left it.
        self._again_at = 0.0 if self._is_lasting and Backlog(settings).count() else math.inf
        self._defect: Exception | None = None
        is_cloud = is_in_cloud(os.environ)
        self._linger_seconds = LINGER_SECONDS_IN_CLOUD if is_cloud else LINGER_SECONDS
        self._max_batch = MAX_EVENTS_PER_REQUEST if is_cloud else MAX_BATCH_EVENTS
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        # Without it, the end reports everything.
        started(self._thread)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Report what is left; ``reported`` then covers the whole run."""
        self._is_over = True
        self._wake.set()
        if self._thread.ident is None:
            self._run()
        else:
            self._thread.join()
        if self._defect:
            # The backend may have some of these: it takes an event once.
            try:
                self._keep([*self._in_hand, *self._waiting])
            except Exception as trouble:  # noqa: BLE001  # it must hide neither the defect nor what ended the run
                step("agent", "events_not_kept", level=logging.ERROR, failure=True, reason=type(trouble).__name__)
            if kind is None:
                raise self._defect

    def take(self, event: Event) -> None:
        """Take the event of a check that has just ended."""
        has_changed = _outcomes.get(event.monitor, event.is_success) != event.is_success
        _outcomes[event.monitor] = event.is_success
        with self._lock:
            self._connectivity.saw(is_success=event.is_success)
            self._waiting.append(event)
            self._is_urgent = self._is_urgent or has_changed or not event.is_success
            is_due = self._is_urgent or len(self._waiting) >= self._max_batch
        # Do not wake the thread for every event: each time costs more than the event does. In a pause none is urgent.
        if is_due and time.monotonic() >= self._paused_until:
            self._wake.set()

    def _run(self) -> None:
        is_over = False
        try:
            while not is_over:
                self._wake.wait(self._linger_seconds)
                self._wake.clear()
                is_over = self._is_over
                at, self._in_hand = time.monotonic(), self._due(is_over=is_over)
                if at < self._paused_until and not is_over:
                    self._keep(self._in_hand)
                elif self._in_hand or at >= self._again_at:
                    self._report(self._in_hand, is_last=is_over)
        except Exception as defect:  # noqa: BLE001  # __exit__ raises it in the run's own thread
            self._defect = defect

    def _due(self, *, is_over: bool) -> list[Event]:
        """The events to report now."""
        verdict = self._connectivity.final_verdict() if is_over else self._connectivity.verdict
        with self._lock:
            if verdict is ConnectivityVerdict.UNDECIDED and not is_over:
                return []
            events, self._waiting, self._is_urgent = self._waiting, [], False
        if not events or verdict is not ConnectivityVerdict.INCONCLUSIVE:
            return events
        step("agent", "checks_inconclusive", level=logging.WARNING, events=len(events), reason=verdict)
        return [event.model_copy(update={"is_inconclusive": True}) for event in events]

    def _report(self, events: list[Event], *, is_last: bool) -> None:
        began = time.monotonic()
        is_tried = not (is_last and self._is_hanging)
        with self._kept_if_it_hangs(events):
            reported = report(events, self._settings, is_tried=is_tried)
        if self._is_kept:
            # More may have been kept after that was counted.
            reported = reported.and_then(report((), self._settings, is_tried=False))
        else:
            # Only once: if the keeper has released them, their next checks may be under way.
            self._on_settled(event.monitor for event in events)
        self.reported = self.reported.and_then(reported)
        ended = time.monotonic()
        self._is_hanging = bool(reported.spooled) and reported.is_reached is not True and ended - began > PAUSE_SECONDS
        self._again_at = math.inf
        if reported.spooled:
            self._paused_until = ended + self._pause_seconds(ended - began)
            self._again_at = self._paused_until if self._is_kept else max(self._paused_until, ended + MAX_PAUSE_SECONDS)

    @contextmanager
    def _kept_if_it_hangs(self, events: list[Event]) -> Iterator[None]:
        """If the report of ``events`` takes long, keep them in the backlog meanwhile, and those that follow.

        This needs a thread. If there is none left, they wait in memory until the report ends.
        """
        self._is_kept, is_reported = False, threading.Event()
        keeper = threading.Timer(PAUSE_SECONDS, self._keep_until, (is_reported, events))
        keeper.daemon = True
        is_started = started(keeper)
        try:
            yield
        finally:
            is_reported.set()
            if is_started:
                keeper.cancel()
                keeper.join()

    def _keep_until(self, is_reported: threading.Event, events: list[Event]) -> None:
        while not is_reported.is_set():
            self._keep(events)
            if is_reported.wait(LINGER_SECONDS):
                return
            events = self._due(is_over=False)

    def _keep(self, events: list[Event]) -> None:
        """Add ``events`` to the backlog, where they have their place in the order, and let go of their monitors."""
        if events:
            self.reported = self.reported.and_then(report(events, self._settings, is_tried=False))
            self._is_kept, self._again_at = True, self._paused_until
            self._on_settled(event.monitor for event in events)

    def _pause_seconds(self, tried_seconds: float) -> float:
        """The pause after a try that took ``tried_seconds`` and failed. The next one would probably fail too."""
        if not self._is_hanging:
            return PAUSE_SECONDS
        # A short run spends no second try on a backend that hangs. One that lasts would report nothing until its end.
        return min(tried_seconds, MAX_PAUSE_SECONDS) if self._is_lasting else math.inf
