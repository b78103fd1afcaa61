"""The event comes from a location that the monitor does not name."""

from shared.alerting.situation import Decision, Reason, Situation, location_of
from shared.models import Event


def elsewhere(situation: Situation, event: Event) -> Decision | None:
    """Only the locations of a monitor have a vote, if it names any."""
    locations = situation.monitor.locations
    if locations is None or location_of(event) in locations:
        return None
    return Decision(situation.monitor, None, Reason.DOES_NOT_VOTE)
