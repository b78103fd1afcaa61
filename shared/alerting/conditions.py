"""Judge a monitor that works: it may be slow, and its certificate may expire soon. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.models import Alert, ChangeKind, Event, Monitor

# A certificate is gone once so many checks in a row, over so long, have seen only newer ones. Servers behind one name
# are not renewed all at once, and a check that has seen a certificate far from its end looks again only minutes later.
GONE_AFTER_CHECKS, GONE_AFTER = 3, timedelta(hours=1)


class Speed(NamedTuple):
    """How many checks in a row were slow, or fast (negative), and how the monitor's DEGRADED alert changes."""

    slow_checks: int
    change: ChangeKind | None


class Notice(NamedTuple):
    """The certificate that people were notified of, and the smallest limit, in seconds, that it had reached.

    ``newer``: how many checks in a row have seen only newer certificates, the first of them at ``newer_since``.
    """

    expires_at: datetime
    limit: float
    newer: int = 0
    newer_since: datetime | None = None


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
    limits: Sequence[float], expires_at: datetime | None, at: datetime, noticed: Notice | None, active: Alert | None
) -> Expiry:
    """Judge a certificate that was seen ``at``; ``expires_at``: None if a check has seen none.

    ``limits``: how many seconds before its end people are notified.

    Each limit is a message of its own, unless a smaller one is reached at the same time. A newer certificate ends it
    once the noticed one is gone: several servers may have the monitor's name.
    """
    if not limits:
        return Expiry(None, ChangeKind.RESOLVED if active else None)  # the policy does not ask any more
    if expires_at is None:
        return Expiry(noticed, None)
    left = expires_at - at
    limit = min((limit for limit in limits if left <= timedelta(seconds=limit)), default=None)
    opens = None if active else ChangeKind.OPENED
    if limit is not None and (noticed is None or limit < noticed.limit):
        return Expiry(Notice(expires_at, limit), opens, is_repeated=active is not None)
    if noticed is not None and expires_at > noticed.expires_at:
        noticed = _besides_newer(noticed, at)
        if not _is_gone(noticed, at):
            return Expiry(noticed, None)
        if limit is not None:
            return Expiry(Notice(expires_at, limit), opens)  # an active alert goes on, and has said more than this
    if limit is None or noticed is None:
        return Expiry(None, ChangeKind.RESOLVED if active else None)
    return Expiry(Notice(expires_at, noticed.limit), None)


def _besides_newer(noticed: Notice, at: datetime) -> Notice:
    return noticed._replace(newer=noticed.newer + 1, newer_since=noticed.newer_since or at)


def _is_gone(noticed: Notice, at: datetime) -> bool:
    since = noticed.newer_since or at
    return noticed.newer >= GONE_AFTER_CHECKS and at - since >= GONE_AFTER
