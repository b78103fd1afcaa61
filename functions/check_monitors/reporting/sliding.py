"""Whether this location is offline, judged while checks go on and on: a run that lasts has no end to judge by."""

import math
import threading
import time
from collections.abc import Callable

from functions.check_monitors.reporting.connectivity import MIN_MONITORS, ConnectivityVerdict, is_reachable
from shared.threads import started

# A reference that was tried longer ago says nothing of now.
TRY_SECONDS = 10.0
# For so long a failure waits for a success elsewhere, which shows that only the reference is offline.
HOLD_SECONDS = 5.0


def judge(
    *, watched: int, reached: bool | None, has_succeeded_since: bool, seconds_since: float
) -> ConnectivityVerdict:
    """Judge a failure.

    ``reached``: whether the reference can be reached; None: not known yet. ``has_succeeded_since``: whether a check has
    succeeded since the reference could not, which was found ``seconds_since`` ago.
    """
    if watched < MIN_MONITORS or reached or has_succeeded_since:
        return ConnectivityVerdict.CONCLUSIVE
    if reached is None or seconds_since < HOLD_SECONDS:
        return ConnectivityVerdict.UNDECIDED
    return ConnectivityVerdict.INCONCLUSIVE


class SlidingConnectivity:
    """Judges the failures of a run that lasts. The first failure tries the ``reference``, which is ``host:port``.

    If a check then succeeds although the reference could not be reached, the reference is tried again: either the
    location is online again, and the next failure may be that of another drop, or only the reference is offline.

    ``watched`` says how many monitors there are by now. ``when_known`` is called when a try has ended.
    """

    def __init__(
        self,
        reference: str | None,
        watched: Callable[[], int],
        when_known: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reference, self._watched, self._when_known, self._clock = reference, watched, when_known, clock
        self._lock = threading.Lock()
        self._tried_at = self._unreached_at = -math.inf
        self._reached: bool | None = True
        # When a check first succeeded after the failure that the reference was tried for.
        self._succeeded_at: float | None = None

    def saw(self, *, is_success: bool) -> None:
        """Take the outcome of one check."""
        if self._reference is None:
            return
        with self._lock:
            if is_success and self._succeeded_at is None:
                self._succeeded_at = self._clock()
            if not self._is_due(is_success=is_success):
                return
            self._tried_at = self._clock()
            if self._reached:
                self._reached, self._succeeded_at = None, None
        if not started(threading.Thread(target=self._try, args=(self._reference,), daemon=True)):
            self._found(reached=False)

    def _is_due(self, *, is_success: bool) -> bool:
        """Whether to try the reference after a check."""
        if is_success and self._reached is not False:
            return False  # the usual case
        return self._is_contradicted() or self._clock() - self._tried_at >= TRY_SECONDS

    def _is_contradicted(self) -> bool:
        """Whether a check succeeded since the try that did not reach the reference."""
        return self._reached is False and self._succeeded_at is not None and self._tried_at < self._succeeded_at

    @property
    def verdict(self) -> ConnectivityVerdict:
        """The verdict on what has failed so far."""
        if self._reference is None:
            return ConnectivityVerdict.CONCLUSIVE
        with self._lock:
            return judge(
                watched=self._watched(),
                reached=self._reached,
                has_succeeded_since=self._succeeded_at is not None,
                seconds_since=self._clock() - self._unreached_at,
            )

    def final_verdict(self) -> ConnectivityVerdict:
        """The verdict at the end of the run: what is undecided then says nothing."""
        verdict = self.verdict
        is_undecided = verdict is ConnectivityVerdict.UNDECIDED
        return ConnectivityVerdict.INCONCLUSIVE if is_undecided else verdict

    def _try(self, reference: str) -> None:
        is_due = True
        while is_due:
            is_due = self._found(reached=is_reachable(reference))

    def _found(self, *, reached: bool) -> bool:
        """Take what a try found, and return whether to try again."""
        with self._lock:
            if not reached and self._reached is not False:
                self._unreached_at = self._clock()
            if reached and self._reached is False:
                # Online again. The next failure tries the reference again, however soon it comes.
                self._tried_at = -math.inf
            self._reached = reached
            # A check may have succeeded during the try.
            is_due = self._is_contradicted()
            if is_due:
                self._tried_at = self._clock()
        self._when_known()
        return is_due
