"""When a heartbeat's next ping is missed. Pure.

The package does not export it: few functions ask, and the others start without it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.alerting.ordering import CLOCK_TOLERANCE
from shared.models import Cause


class Ping(NamedTuple):
    """The content of a ping. ``is_start``: a run begins, which says nothing of its result yet.

    ``message``: what the sender wrote; ``error_message`` and ``cause``: why a run failed.
    ``response_time_ms``: how long the run took, if the sender says so.
    """

    is_success: bool = True
    is_start: bool = False
    message: str | None = None
    error_message: str | None = None
    cause: Cause | None = None
    response_time_ms: float | None = None


class Beat(NamedTuple):
    """When the last ping came, when the run began that has not ended yet, and when the next ping is missed.

    ``missed_at`` is None if no ping is expected: none ever came, nobody watches, or it was missed and noticed already.
    """

    pinged_at: datetime | None = None
    began_at: datetime | None = None
    missed_at: datetime | None = None


def after_ping(beat: Beat, now: datetime, within: timedelta, *, is_start: bool, is_watched: bool) -> Beat:
    """The beat once a ping came. ``within``: the period and its grace, in which the next one has to come."""
    missed_at = now + within
    if is_start and beat.began_at is not None and beat.missed_at is not None:
        # The run before did not end. A job that dies in each of its runs would otherwise never be missed.
        missed_at = min(missed_at, beat.missed_at)
    return Beat(now, now if is_start else None, missed_at if is_watched else None)


def run_ms(beat: Beat, now: datetime) -> float | None:
    """How long the run took that ends ``now``, in milliseconds; None if nobody said when it began."""
    # It began after its end if the clock was set back meanwhile.
    if beat.began_at is None or beat.began_at > now:
        return None
    return (now - beat.began_at) / timedelta(milliseconds=1)


def after_gap(beat: Beat, within: timedelta, watched_until: datetime | None, now: datetime) -> Beat:
    """The beat once somebody watches again: nobody did between ``watched_until`` (None: ever) and ``now``.

    Perhaps the ping came meanwhile, and nobody was there to take it: the next one may come ``within`` from now. That
    holds for the first gap after a ping. A further gap adds its own length: otherwise a machine that sleeps each night
    would never miss a daily ping.
    """
    if beat.pinged_at is None or beat.missed_at is None:
        return beat
    watched_until = max(watched_until or beat.pinged_at, beat.pinged_at)
    if now < watched_until:
        # The clock was set back, and the deadline was written by the former clock: the next ping is due by this one.
        return beat._replace(missed_at=min(beat.missed_at, now + within))
    if beat.missed_at <= watched_until:
        return beat  # missed while somebody watched
    if beat.missed_at == beat.pinged_at + within:
        return beat._replace(missed_at=now + within)
    return beat._replace(missed_at=min(beat.missed_at + (now - watched_until), now + within))


def after_change(
    beat: Beat,
    now: datetime,
    *,
    before: timedelta | None,
    within: timedelta | None,
    was_watched: bool,
    is_watched: bool,
) -> Beat:
    """The beat once the monitor's policy has changed. ``before`` and ``within``: None if it is no heartbeat."""
    if within is None:
        return Beat()
    if not is_watched:
        return Beat(beat.pinged_at)
    if not was_watched:
        # Otherwise nobody would notice a job that has died during the pause.
        return beat._replace(missed_at=now + within if beat.pinged_at else None)
    if beat.missed_at is None or before is None or before == within:
        return beat
    missed_at = beat.missed_at + (within - before)
    # By a shorter period it may be missed already, but the sender knows of it only now.
    return beat._replace(missed_at=missed_at if missed_at > now else min(beat.missed_at, now + within))


def after_resolution(beat: Beat, now: datetime, within: timedelta) -> Beat:
    """The beat once a person resolved the outage of a missed ping: the next one is expected, as after a pause."""
    is_noticed = beat.pinged_at is not None and beat.missed_at is None
    return beat._replace(missed_at=now + within) if is_noticed else beat


def in_order(at: datetime, newest_at: datetime | None, now: datetime) -> datetime:
    """``at``, or later: the time of a ping, or of its lack, so that it never counts as late.

    Pings carry no time of their own. If two processes handle them, the one that saves first was first.
    """
    return newest_at if newest_at is not None and at < newest_at <= now + CLOCK_TOLERANCE else at
