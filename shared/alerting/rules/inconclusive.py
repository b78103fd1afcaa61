"""The check failed for a reason of the agent's own."""

from shared.alerting.situation import Decision, Reason, Situation
from shared.models import Event, MonitorState


def inconclusive(situation: Situation, event: Event) -> Decision | None:
    """An event that says nothing about the monitor makes its state UNKNOWN and leaves its alert alone."""
    if event.is_conclusive:
        return None
    return Decision(situation.monitor_after(event, state=MonitorState.UNKNOWN), None, Reason.INCONCLUSIVE)
