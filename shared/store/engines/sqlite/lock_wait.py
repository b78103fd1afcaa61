"""How long to wait for a lock that another process holds."""

import threading
import time
from collections.abc import Iterator
from itertools import count

# While the lock is held for longer than CROWDED_SECONDS, only so many go on waiting: the threads of a server must not
# all be stuck, and whoever has to wait longer is served better by an answer that says so.
CROWDED_SECONDS = 1.0
WAITING = 4
# Nobody found it taken for this long: it is another wait.
FORGET_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 0.025


class Patience:
    """Shared by all threads that want the same lock: one who comes when others waited already waits as much less."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = self._seen_at = -FORGET_SECONDS
        self._waiting = 0

    def pauses(self, seconds: float) -> Iterator[float]:
        """The pauses between attempts, until the lock was found taken for ``seconds`` on end."""
        with self._lock:
            self._waiting += 1
        try:
            for exponent in count():
                if self._is_over(seconds):
                    return
                yield min(0.001 * 2.0 ** min(exponent, 9), LONGEST_PAUSE_SECONDS)
        finally:
            with self._lock:
                self._waiting -= 1

    def renew(self) -> None:
        """The lock was free: who finds it taken next waits anew."""
        self._seen_at = -FORGET_SECONDS

    def _is_over(self, seconds: float) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - self._seen_at >= FORGET_SECONDS:
                self._since = now
            self._seen_at = now
            return now - self._since > (seconds if self._waiting <= WAITING else min(seconds, CROWDED_SECONDS))
