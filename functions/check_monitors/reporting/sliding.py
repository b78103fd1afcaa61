"""Whether this location is offline, judged while checks go on and on: a run that lasts has no end to judge by."""

import threading
import time
from collections.abc import Callable

from functions.check_monitors.reporting.connectivity import MIN_MONITORS, ConnectivityVerdict, is_reachable

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

    ``watched`` says how many monitors there are by now. ``when_known`` is called when a try has ended.
    """

    def __init__(self, reference: str | None, watched: Callable[[], int], when_known: Callable[[], None]) -> None:
        self._reference, self._watched, self._when_known = reference, watched, when_known
        self._lock = threading.Lock()
        self._tried_at = self._unreached_at = float("-inf")
        self._reached: bool | None = True
        self._has_succeeded = False

    def saw(self, *, is_success: bool) -> None:
        """Take the outcome of one check."""
        with self._lock:
            if is_success:
                self._has_succeeded = True
                return
            if self._reference is None or time.monotonic() - self._tried_at < TRY_SECONDS:
                return
            self._tried_at, was_reached = time.monotonic(), self._reached
            if was_reached:
                self._reached, self._has_succeeded = None, False
        threading.Thread(target=self._try, args=(self._reference,), daemon=True).start()

    @property
    def verdict(self) -> ConnectivityVerdict:
        """The verdict on what has failed so far."""
        if self._reference is None:
            return ConnectivityVerdict.CONCLUSIVE
        with self._lock:
            return judge(
                watched=self._watched(),
                reached=self._reached,
                has_succeeded_since=self._has_succeeded,
                seconds_since=time.monotonic() - self._unreached_at,
            )

    def final_verdict(self) -> ConnectivityVerdict:
        """The verdict at the end of the run: what is undecided then says nothing."""
        verdict = self.verdict
        is_undecided = verdict is ConnectivityVerdict.UNDECIDED
        return ConnectivityVerdict.INCONCLUSIVE if is_undecided else verdict

    def _try(self, reference: str) -> None:
        reached = is_reachable(reference)
        with self._lock:
            if not reached and self._reached is not False:
                self._unreached_at = time.monotonic()
            self._reached = reached
        self._when_known()
