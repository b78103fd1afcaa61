"""Judge a monitor that works: it may be slow, and its certificate may expire soon. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.models import Alert, ChangeKind, Event, Monitor


class Speed(NamedTuple):
    """How many checks in a row were slow, or fast (negative), and how the monitor's DEGRADED alert changes."""

    slow_checks: int
    change: ChangeKind | None


class Notice(NamedTuple):
    """The certificate that people were notified of, and the smallest limit, in seconds, that it had reached."""

    expires_at: datetime
    limit: float


class Expiry(NamedTuple):
    """How the monitor's CERTIFICATE_EXPIRING alert changes. ``is_repeated``: it goes on, and says more."""

    notice: Notice | None
    change: ChangeKind | None
    is_repeated: bool = False


def judge_speed(monitor: Monitor, event: Event, active: Alert | None) -> Speed:
    """Judge a success by how long it took. The thresholds are those of failures and successes."""
    before, milliseconds = monitor.slow_checks, event.response_time_ms
    if monitor.max_response_ms is None:
        return Speed(0, ChangeKind.RESOLVED if active else None)  # the policy does not ask any more
    if milliseconds is None or not event.is_success:
        return Speed(before, None)
    if milliseconds > monitor.max_response_ms:
        slow = max(before, 0) + 1
        return Speed(slow, ChangeKind.OPENED if active is None and slow >= monitor.failure_threshold else None)
    fast = min(before, 0) - 1
    return Speed(fast, ChangeKind.RESOLVED if active and -fast >= monitor.success_threshold else None)


def judge_certificate(
    limits: Sequence[float], expires_at: datetime, at: datetime, noticed: Notice | None, active: Alert | None
) -> Expiry:
    """Judge a certificate that was seen ``at``. ``limits``: how many seconds before its end people are notified.

    Each limit is a message of its own, unless a smaller one is reached at the same time. A newer certificate ends it.
    """
    left = expires_at - at
    reached = [limit for limit in limits if left <= timedelta(seconds=limit)]
    if not reached:
        return Expiry(None, ChangeKind.RESOLVED if active else None)
    notice = Notice(expires_at, min(reached))
    if noticed is not None and noticed.expires_at == expires_at and noticed.limit <= notice.limit:
        return Expiry(noticed, None)
    return Expiry(notice, None if active else ChangeKind.OPENED, is_repeated=active is not None)
