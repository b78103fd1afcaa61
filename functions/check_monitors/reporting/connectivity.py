"""Whether this location is offline itself, so that its failures say nothing about the monitors."""

import socket
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import urlsplit

from shared.threads import started

# Fewer monitors may well fail together while the location is online.
MIN_MONITORS = 3
REFERENCE_SECONDS = 3.0


class ConnectivityVerdict(StrEnum):
    """How far the failures of a run can be trusted so far."""

    CONCLUSIVE = "failures are what they seem"
    UNDECIDED = "everything failed so far, and the reference is not reached or not yet"
    INCONCLUSIVE = "everything failed, and the reference cannot be reached"


def judge(*, watched: int, succeeded: int, failed: int, is_reachable: bool | None) -> ConnectivityVerdict:
    """Judge a run that checks ``watched`` monitors, of which so many succeeded and failed so far.

    ``is_reachable``: whether the reference can be reached; None if that is not known yet.
    """
    if watched < MIN_MONITORS or succeeded or is_reachable:
        return ConnectivityVerdict.CONCLUSIVE
    if is_reachable is False and failed == watched:
        return ConnectivityVerdict.INCONCLUSIVE
    return ConnectivityVerdict.UNDECIDED


class _Successes:
    count = 0  # of all runs of this process


class Connectivity:
    """Judges this location by one run of ``watched`` checks. The first failure tries the ``reference``, once.

    The reference is ``host:port``. ``when_known`` is called, in another thread, when the try has ended. Other runs of
    this process check ``elsewhere`` of the monitors: if one of them succeeds meanwhile, this location is online.
    """

    def __init__(self, reference: str | None, watched: int, when_known: Callable[[], None], elsewhere: int = 0) -> None:
        self._reference, self._watched, self._when_known = reference, watched, when_known
        self._failed = elsewhere
        self._successes_before = _Successes.count
        self._is_reachable: bool | None = None
        self._is_known = threading.Event()
        self._give_up_at: float | None = None

    def saw(self, *, is_success: bool) -> None:
        """Take the outcome of one check."""
        _Successes.count += is_success
        self._failed += not is_success
        if self._reference and self._give_up_at is None and self.verdict is ConnectivityVerdict.UNDECIDED:
            self._give_up_at = time.monotonic() + REFERENCE_SECONDS
            # A daemon: the name's DNS lookup may take longer than the run waits.
            if not started(threading.Thread(target=self._try, daemon=True)):
                self._found(is_reachable=False)

    @property
    def verdict(self) -> ConnectivityVerdict:
        """The verdict so far."""
        if self._reference is None:
            return ConnectivityVerdict.CONCLUSIVE
        return judge(
            watched=self._watched,
            succeeded=_Successes.count - self._successes_before,
            failed=self._failed,
            is_reachable=self._reached(),
        )

    def final_verdict(self) -> ConnectivityVerdict:
        """Return the verdict of a run that is over; wait for the reference if that decides."""
        is_tried = self._give_up_at is not None and self.verdict is ConnectivityVerdict.UNDECIDED
        if is_tried and not self._is_known.wait(REFERENCE_SECONDS):
            self._is_reachable = False
        return self.verdict

    def _reached(self) -> bool | None:
        if self._is_reachable is None and self._give_up_at is not None and time.monotonic() >= self._give_up_at:
            return False
        return self._is_reachable

    def _try(self) -> None:
        self._found(is_reachable=is_reachable(self._reference or ""))

    def _found(self, *, is_reachable: bool) -> None:
        self._is_reachable = is_reachable
        self._is_known.set()
        self._when_known()


def is_reachable(reference: str) -> bool:
    """Whether ``host:port`` takes a connection within REFERENCE_SECONDS."""
    parts = urlsplit(f"//{reference}")
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), REFERENCE_SECONDS).close()
    except (OSError, UnicodeError):  # UnicodeError: the name cannot be one
        return False
    return True
