"""How long to wait before a notification is tried again. Pure."""

import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.models import NotificationKind
from shared.models.notification import UPDATE_SECONDS, Pause
from shared.store import Owed

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 600.0
# However long a channel asks to wait, its message is tried once more this long before it expires.
LAST_CHANCE_SECONDS = 60.0


def retry_seconds(
    attempts: int, retry_after: float | None = None, jitter: float | None = None, *, left: float = math.inf
) -> float:
    """The pause after the ``attempts``-th failure: doubling from 1 s to 10 min, and never less than the channel asks.

    ``left``: the seconds until the message expires. A channel that asks to wait for longer is asked once more before
    that. If what it asks is no length of time (negative, not a number), it asks nothing.

    ``jitter`` in [0, 1], random by default, takes off up to a half, so that messages that failed together are not
    retried together.
    """
    longest = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 20))
    share = random.random() if jitter is None else jitter  # noqa: S311  # nobody gains by guessing it
    # NaN fails every comparison, so it counts as no wish.
    asked = min(retry_after, left - LAST_CHANCE_SECONDS) if retry_after is not None and retry_after > 0 else 0.0
    return max(longest * (1 - share / 2), asked)


def pause_after(now: datetime, ttl_seconds: float, retry_after: float | None) -> Pause | None:
    """For how long a channel that asks to wait gets no other message either."""
    if retry_after is None or not retry_after > 0:
        return None
    longest = ttl_seconds - LAST_CHANCE_SECONDS
    until = now + timedelta(seconds=min(retry_after, longest))
    longest_of_edits = min(ttl_seconds, UPDATE_SECONDS) - LAST_CHANCE_SECONDS
    return Pause(until, until - timedelta(seconds=longest), until - timedelta(seconds=longest_of_edits))


def retry_at(listed: Sequence[Owed], now: datetime, ttl_seconds: float, retry_after: float | None) -> datetime:
    """When to try again what failed ``now``. An edit is worth less time than a message."""
    notifications = [owed.notification for owed in listed]
    is_update = notifications[0].kind is NotificationKind.UPDATE
    ttl_seconds = min(ttl_seconds, UPDATE_SECONDS) if is_update else ttl_seconds
    oldest = min(notification.created_at for notification in notifications)
    left = ttl_seconds - max(0.0, (now - oldest).total_seconds())
    attempts = max(notification.attempts for notification in notifications)
    return now + timedelta(seconds=retry_seconds(attempts, retry_after, left=left))
