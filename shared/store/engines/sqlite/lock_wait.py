"""How long to wait for a lock that another process holds."""

import threading
import time
from collections.abc import Iterator
from itertools import count

from shared.store.engines import crowd

# A lock that nobody found taken for this long was free meanwhile: the next wait is a new one.
FORGET_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 0.025


class LockWait:
    """Shared by all threads that want the same lock: late arrivals inherit the time already waited."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = self._seen_at = -FORGET_SECONDS
        self._waiters = 0

    def pauses(self, seconds: float) -> Iterator[float]:
        """The pauses between attempts, until the lock has been taken for ``seconds`` without a break."""
        with self._lock:
            self._waiters += 1
        try:
            for exponent in count():
                if self._is_over(seconds):
                    return
                yield min(0.001 * 2.0 ** min(exponent, 9), LONGEST_PAUSE_SECONDS)
        finally:
            with self._lock:
                self._waiters -= 1

    def end(self) -> None:
        """The lock was free: whoever finds it taken next begins a new wait."""
        self._seen_at = -FORGET_SECONDS

    def _is_over(self, seconds: float) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._seen_at >= FORGET_SECONDS:
                self._since = now
            self._seen_at = now
            waited = now - self._since
            return waited > seconds or crowd.is_too_crowded(self._waiters, waited)
