"""Whether the clock can be believed by those who delete what is old, or give it up: that cannot be undone.

After a leap of more than a day nobody knows whether the system was stopped for so long, or the clock is wrong. The
store keeps the last time, so that all processes and functions notice it.
"""

import logging
from datetime import datetime, timedelta

from shared.alerting import FIRST_TIME, WatchPeriod
from shared.logs import step
from shared.models import as_text
from shared.store.engines.database import Database
from shared.store.tables import watches

LEAP = timedelta(days=1)
# A new time that has held for so long is believed.
HOLDS_AFTER = timedelta(hours=1)
_SAVE_AFTER = timedelta(minutes=30)


def uncertain_until(database: Database, now: datetime) -> datetime | None:
    """When a leap of the clock is believed; None if it has not leapt within HOLDS_AFTER.

    To be asked before anything is deleted or given up.
    """
    with database.snapshot() as snapshot:
        saved = watches.get(snapshot, watches.CLOCK)
    followed = _followed(saved, now)
    has_leapt = saved is not None and followed.started_at != saved.started_at
    if saved is None or has_leapt or abs(now - saved.seen_at) >= _SAVE_AFTER:
        with database.transaction() as transaction:
            followed = _followed(watches.get(transaction, watches.CLOCK), now)
            watches.save(transaction, watches.CLOCK, followed)
    if saved is not None and has_leapt:
        step("server", "clock_leapt", level=logging.WARNING, former=as_text(saved.seen_at), now=as_text(now))
    holds_from = _holds_from(followed)
    return holds_from if now < holds_from else None


def _followed(watch: WatchPeriod | None, now: datetime) -> WatchPeriod:
    """Since when the clock has gone without a leap. A store that knows no time believes the first."""
    if watch is None:
        return WatchPeriod(FIRST_TIME, now)
    # Before the start: a leap was undone.
    if abs(now - watch.seen_at) > LEAP or now < watch.started_at:
        return WatchPeriod(now, now)
    return WatchPeriod(watch.started_at, now)


def _holds_from(watch: WatchPeriod) -> datetime:
    return FIRST_TIME if watch.started_at == FIRST_TIME else watch.started_at + HOLDS_AFTER
