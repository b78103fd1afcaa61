"""Under maintenance nothing opens. Checks go on and are counted, so that what outlives the window opens at its end."""

from datetime import datetime

from shared.alerting.situation import Decision, Reason, Situation
from shared.models import Alert, ChangeKind, Event, Monitor, MonitorState


def maintenance(situation: Situation, event: Event) -> Decision | None:
    """The monitor is in MAINTENANCE whatever the event says. Successes end an outage that was open before."""
    if not situation.is_in_maintenance:
        return None
    counted = situation.counted(event) if event.is_conclusive else {}
    monitor = situation.monitor_after(event, state=MonitorState.MAINTENANCE, **counted)
    is_over = event.is_success and monitor.consecutive_successes >= monitor.success_threshold
    return Decision(monitor, ChangeKind.RESOLVED if situation.active and is_over else None, Reason.MAINTENANCE)


def begin(monitor: Monitor, at: datetime) -> Monitor:
    """The monitor once its window has opened."""
    return monitor.model_copy(update={"state": MonitorState.MAINTENANCE, "since": at})


def end(monitor: Monitor, active: Alert | None, at: datetime, *, is_known: bool, is_ping_missed: bool) -> Decision:
    """The monitor once its window has closed. Its last checks decide; no other check is awaited.

    ``active``: its alert that is OPEN or ACK. ``is_known``: somebody checks it. ``is_ping_missed``: its last event is
    our note that a ping did not come.
    """
    failures = monitor.consecutive_failures
    opens = active is None and failures > 0 and (is_ping_missed or failures >= monitor.failure_threshold)
    if opens or active:
        state = MonitorState.DOWN
    elif failures:
        state = MonitorState.PENDING
    else:
        state = MonitorState.UP if is_known else MonitorState.UNKNOWN
    ended = monitor.model_copy(update={"state": state, "since": at})
    return Decision(ended, ChangeKind.OPENED if opens else None, Reason.MAINTENANCE)
