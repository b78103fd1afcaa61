"""A newer event has counted already."""

from shared.alerting.ordering import is_late
from shared.alerting.situation import Decision, Reason, Situation
from shared.models import Event


def late(situation: Situation, event: Event) -> Decision | None:  # noqa: ARG001  # every rule takes both
    """An event that is older than its location's newest one changes nothing.

    At equal times the later arrival is the newer.
    """
    if is_late(situation.at, situation.newest_at, situation.received_at):
        return Decision(situation.monitor, None, Reason.LATE)
    return None
