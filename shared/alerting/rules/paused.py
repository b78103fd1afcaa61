"""Nobody watches the monitor any more."""

from shared.alerting.situation import Decision, Reason, Situation
from shared.models import Event


def paused(situation: Situation, event: Event) -> Decision | None:  # noqa: ARG001  # every rule takes both
    """An event that was under way when its monitor was paused or removed changes nothing."""
    return None if situation.monitor.is_watched else Decision(situation.monitor, None, Reason.NOT_WATCHED)
