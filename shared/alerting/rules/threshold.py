"""How many checks in a row open an outage, and how many end it. The last rule: it decides on whatever is left."""

from shared.alerting.situation import Decision, Reason, Situation
from shared.models import ChangeKind, Event, MonitorState


def threshold(situation: Situation, event: Event) -> Decision:
    """``failure_threshold`` failures in a row open an outage, ``success_threshold`` successes end it.

    A missed ping opens one at once: whatever waits for a second one waits for another period.
    """
    return _after_success(situation, event) if event.is_success else _after_failure(situation, event)


def _after_success(situation: Situation, event: Event) -> Decision:
    counted = situation.counted(event)
    if situation.active is None:
        return Decision(situation.monitor_after(event, state=MonitorState.UP, **counted), None, Reason.HEALTHY)
    if counted["consecutive_successes"] < situation.monitor.success_threshold:
        return Decision(situation.monitor_after(event, state=MonitorState.DOWN, **counted), None, Reason.RECOVERING)
    up = situation.monitor_after(event, state=MonitorState.UP, **counted)
    return Decision(up, ChangeKind.RESOLVED, Reason.RECOVERED)


def _after_failure(situation: Situation, event: Event) -> Decision:
    counted = situation.counted(event)
    is_enough = counted["consecutive_failures"] >= situation.monitor.failure_threshold
    if situation.active is None and not is_enough and not situation.is_ping_missed:
        return Decision(
            situation.monitor_after(event, state=MonitorState.PENDING, **counted), None, Reason.BELOW_THRESHOLD
        )
    down = situation.monitor_after(event, state=MonitorState.DOWN, **counted)
    if situation.active:
        return Decision(down, None, Reason.STILL_DOWN)
    return Decision(down, ChangeKind.OPENED, Reason.PING_MISSED if situation.is_ping_missed else Reason.THRESHOLD_MET)
