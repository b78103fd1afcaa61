"""How many threads may wait while the store makes no progress.

A store in trouble must not hold every thread of a server: a caller that would wait long is served better by a response
that says so.
"""

CROWDED_SECONDS = 1.0
MAX_WAITERS = 4


def is_too_crowded(waiters: int, stuck_seconds: float) -> bool:
    """Whether one of ``waiters`` gives up, since nothing has made progress for ``stuck_seconds``."""
    return waiters > MAX_WAITERS and stuck_seconds > CROWDED_SECONDS
