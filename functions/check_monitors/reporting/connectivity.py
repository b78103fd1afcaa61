"""Whether failures may be taken for what they seem, or are this location's own: it may be offline itself."""

import socket
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import urlsplit

# Fewer that fail together are no sign of it.
AT_LEAST_MONITORS = 3
REFERENCE_SECONDS = 3.0


class Verdict(StrEnum):
    """What a run's failures so far are worth."""

    CONCLUSIVE = "failures are what they seem"
    UNDECIDED = "everything failed so far, and the reference is not reached or not yet"
    INCONCLUSIVE = "everything failed, and the reference cannot be reached"


def judge(*, watched: int, succeeded: int, failed: int, is_reachable: bool | None) -> Verdict:
    """Judge a run that looks at ``watched`` monitors, of which so many succeeded and failed so far.

    ``is_reachable``: the reference is; None while nobody knows.
    """
    if watched < AT_LEAST_MONITORS or succeeded or is_reachable:
        return Verdict.CONCLUSIVE
    if is_reachable is False and failed == watched:
        return Verdict.INCONCLUSIVE
    return Verdict.UNDECIDED


class Connectivity:
    """What one run of ``watched`` looks says about it. The first failure asks the ``reference`` (``host:port``), once.

    ``when_answered`` is called, in another thread, once the reference is known to be reachable or not.
    """

    def __init__(self, reference: str | None, watched: int, when_answered: Callable[[], None]) -> None:
        self._reference, self._watched, self._when_answered = reference, watched, when_answered
        self._succeeded = self._failed = 0
        self._is_reachable: bool | None = None
        self._answered = threading.Event()
        self._give_up_at: float | None = None

    def saw(self, *, is_success: bool) -> None:
        """Take the outcome of one look."""
        self._succeeded += is_success
        self._failed += not is_success
        if self._reference and self._give_up_at is None and self.verdict is Verdict.UNDECIDED:
            self._give_up_at = time.monotonic() + REFERENCE_SECONDS
            # A name may take longer to be looked up than anybody waits; nobody waits for the thread then.
            threading.Thread(target=self._ask, daemon=True).start()

    @property
    def verdict(self) -> Verdict:
        """The verdict as it stands."""
        if self._reference is None:
            return Verdict.CONCLUSIVE
        return judge(
            watched=self._watched, succeeded=self._succeeded, failed=self._failed, is_reachable=self._reached()
        )

    def final_verdict(self) -> Verdict:
        """The verdict of a run that is over; waits for the reference where that decides."""
        is_asked_for = self._give_up_at is not None and self.verdict is Verdict.UNDECIDED
        if is_asked_for and not self._answered.wait(REFERENCE_SECONDS):
            self._is_reachable = False
        return self.verdict

    def _reached(self) -> bool | None:
        if self._is_reachable is None and self._give_up_at is not None and time.monotonic() >= self._give_up_at:
            return False
        return self._is_reachable

    def _ask(self) -> None:
        parts = urlsplit(f"//{self._reference}")
        try:
            socket.create_connection((parts.hostname or "", parts.port or 0), REFERENCE_SECONDS).close()
            self._is_reachable = True
        except (OSError, UnicodeError):  # the latter from a name that is none
            self._is_reachable = False
        self._answered.set()
        self._when_answered()
