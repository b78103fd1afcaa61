"""How many checks in a row open an outage, and how many end it. The last rule: it decides on whatever is left."""

from shared.alerting.situation import Decision, Reason, Situation
from shared.alerting.votes import Tally, tally
from shared.models import ChangeKind, Event, MonitorState


def threshold(situation: Situation, event: Event) -> Decision:
    """``failure_threshold`` failures in a row open an outage, ``success_threshold`` successes end it.

    If several locations report the monitor, these count at each of them, and ``quorum`` of them decide. A missed ping
    opens an outage at once: whatever waits for a second one waits for another period.
    """
    found = tally(situation, event)
    return _of_open(situation, event, found) if situation.active else _of_healthy(situation, event, found)


def _of_healthy(situation: Situation, event: Event, found: Tally) -> Decision:
    if found.is_enough:
        reason = Reason.QUORUM_MET if situation.place else Reason.THRESHOLD_MET
        down = situation.monitor_after(event, state=MonitorState.DOWN, **found.counters)
        return found.decide(down, ChangeKind.OPENED, Reason.PING_MISSED if situation.is_ping_missed else reason)
    reason = Reason.HEALTHY
    if found.is_failing:
        is_any_down = any(voter.state is MonitorState.DOWN for voter in found.voters)
        reason = Reason.BELOW_QUORUM if is_any_down else Reason.BELOW_THRESHOLD
    return found.decide(situation.monitor_after(event, state=found.state, **found.counters), None, reason)


def _of_open(situation: Situation, event: Event, found: Tally) -> Decision:
    if event.is_success and found.is_over:
        up = situation.monitor_after(event, state=found.state, **found.counters)
        return found.decide(up, ChangeKind.RESOLVED, Reason.RECOVERED)
    down = situation.monitor_after(event, state=MonitorState.DOWN, **found.counters)
    return found.decide(down, None, Reason.RECOVERING if event.is_success else Reason.STILL_DOWN)
