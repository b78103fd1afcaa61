"""How long to wait before a notification is tried again. Pure."""

import random

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 600.0


def retry_seconds(attempts: int, retry_after: float | None = None, jitter: float | None = None) -> float:
    """The pause after the ``attempts``-th failure: doubling from 1 s to 10 min, and never less than the channel asks.

    ``jitter`` in [0, 1], random by default, takes off up to a half, so that messages that failed together are not
    retried together.
    """
    longest = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 20))
    share = random.random() if jitter is None else jitter  # noqa: S311  # nobody gains by guessing it
    return max(longest * (1 - share / 2), retry_after or 0.0)
