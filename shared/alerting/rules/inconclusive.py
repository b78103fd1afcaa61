"""The check failed for a reason of the agent's own."""

from shared.alerting.situation import Decision, Reason, Situation
from shared.alerting.votes import tally
from shared.models import Event, MonitorState


def inconclusive(situation: Situation, event: Event) -> Decision | None:
    """An event that says nothing about the monitor leaves its alert alone. Its state is what other locations say."""
    if event.is_conclusive:
        return None
    found = tally(situation, event)
    state = MonitorState.DOWN if situation.active and found.is_known else found.state
    return found.decide(situation.monitor_after(event, state=state), None, Reason.INCONCLUSIVE)
