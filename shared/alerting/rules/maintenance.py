"""Under maintenance nothing opens. Checks go on and are counted, so that what outlives the window opens at its end."""

from collections.abc import Sequence
from datetime import datetime

from shared.alerting.situation import Decision, Reason, Situation
from shared.alerting.votes import is_quorum, tally, voters_of, wants_several
from shared.models import Alert, ChangeKind, Event, Monitor, MonitorState
from shared.models.monitor import MonitorLocation


def maintenance(situation: Situation, event: Event) -> Decision | None:
    """The monitor is in MAINTENANCE whatever the event says. Successes end an outage that was open before."""
    if not situation.is_in_maintenance:
        return None
    found = tally(situation, event)
    # Work on a monitor makes it go up and down. That is no flapping.
    kept = {"outcomes": situation.monitor.outcomes, "is_flapping": situation.monitor.is_flapping}
    is_over = situation.active is not None and event.is_success and found.is_over
    if is_over:
        kept["is_flapping"] = False
    monitor = situation.monitor_after(event, **found.counters | {"state": MonitorState.MAINTENANCE, **kept})
    return found.decide(monitor, ChangeKind.RESOLVED if is_over else None, Reason.MAINTENANCE)


def begin(monitor: Monitor, at: datetime) -> Monitor:
    """The monitor once its window has opened."""
    return monitor._replace(state=MonitorState.MAINTENANCE, since=at)


def end(
    monitor: Monitor,
    active: Alert | None,
    at: datetime,
    *,
    is_known: bool,
    is_ping_missed: bool,
    places: Sequence[MonitorLocation] = (),
) -> Decision:
    """The monitor once its window has closed. Its last checks decide; no other check is awaited.

    ``active``: its alert that is OPEN or ACK. ``is_known``: its last checks say how it is. ``is_ping_missed``: its last
    event is our note that a ping did not come. ``places``: the monitor as each location sees it, if several report it.
    """
    failures = monitor.consecutive_failures
    voters = voters_of(monitor, places, at, None)
    is_one_enough = failures >= monitor.failure_threshold and not wants_several(monitor)
    is_enough = is_quorum(monitor, voters) if places else is_one_enough
    opens = active is None and failures > 0 and (is_ping_missed or is_enough)
    if opens or active:
        state = MonitorState.DOWN
    elif not is_known:
        state = MonitorState.UNKNOWN
    else:
        # If a person ended its outage, its failures count from zero, and so do its successes.
        state = MonitorState.UP if not failures and monitor.consecutive_successes else MonitorState.PENDING
    ended = monitor._replace(state=state, since=at)
    return Decision(ended, ChangeKind.OPENED if opens else None, Reason.MAINTENANCE, voters=voters)
