"""The threads that work on a request. The system's own requests have theirs, so others cannot hold them up."""

import hmac
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from shared.settings import SettingError, Settings


class Lane(StrEnum):
    """``own``: with our key. ``runs``: its scheduled runs, which may last, and themselves post to ``own``."""

    OWN = "own"
    RUNS = "runs"
    HEALTH = "health"
    OTHERS = "others"


# A thread begins with the first request that needs it. If this machine has none left, the request is turned away.
THREADS = {Lane.OWN: 16, Lane.RUNS: 32, Lane.HEALTH: 2, Lane.OTHERS: 16}
# Requests of others that may wait for a thread; a further one is turned away at once.
MAX_WAITING = {Lane.HEALTH: 64, Lane.OTHERS: 128}


def lane_of(path: str, headers: Iterable[tuple[str, str]], scheduled: Collection[str]) -> Lane:
    """The lane of a request. ``scheduled``: the paths of the functions that schedules call."""
    if _has_key(headers):
        return Lane.RUNS if path in scheduled else Lane.OWN
    return Lane.HEALTH if path == "/" else Lane.OTHERS


def _has_key(headers: Iterable[tuple[str, str]]) -> bool:
    given = next((value for name, value in headers if name == "X-API-KEY"), None)
    if given is None:
        return False
    try:
        keys = Settings.from_env().api_keys
    except SettingError:
        return False
    shown = given.encode("latin-1", "replace")
    # With every key, even after a match: otherwise the response time would tell which one it was.
    are_equal = [hmac.compare_digest(shown, key.get_secret_value().encode()) for key in keys]
    return any(are_equal)


class Threads:
    """The threads of every lane."""

    def __init__(self) -> None:
        self.pools = {lane: ThreadPoolExecutor(count, thread_name_prefix=lane) for lane, count in THREADS.items()}
        self._taken = dict.fromkeys(Lane, 0)

    def take(self, lane: Lane, work: Callable[[], None]) -> bool:
        """Whether a thread of the lane does, or will do, this ``work`` on one more request; it ends with ``end``."""
        if self.is_full(lane) or not self._submit(lane, work):
            return False
        self._taken[lane] += 1
        return True

    def is_full(self, lane: Lane) -> bool:
        """Whether no further request of the lane may wait."""
        return self._taken[lane] >= THREADS[lane] + MAX_WAITING.get(lane, 10_000)

    def _submit(self, lane: Lane, work: Callable[[], None]) -> bool:
        # Only one thread can pop it. A pool that cannot start a thread keeps what was submitted, and may do it later.
        waiting = [work]

        def taken() -> Callable[[], None] | None:
            try:
                return waiting.pop()
            except IndexError:
                return None

        def do() -> None:
            if (begun := taken()) is not None:
                begun()

        try:
            self.pools[lane].submit(do)
        except RuntimeError:  # no thread is left
            return taken() is None
        return True

    def end(self, lane: Lane) -> None:
        """One request of the lane has ended."""
        self._taken[lane] -= 1

    @property
    def taken(self) -> int:
        """How many requests are worked on, or wait for a thread."""
        return sum(self._taken.values())
