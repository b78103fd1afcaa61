"""Judge an event: its meaning for the monitor and for the monitor's alert. Pure: no clock, no I/O."""

from shared.alerting.rules.elsewhere import elsewhere
from shared.alerting.rules.flapping import flapping
from shared.alerting.rules.inconclusive import inconclusive
from shared.alerting.rules.late import late
from shared.alerting.rules.maintenance import maintenance
from shared.alerting.rules.paused import paused
from shared.alerting.rules.threshold import threshold
from shared.alerting.situation import Decision, Rule, Situation
from shared.models import Event

# The first rule that decides wins. The last one decides on whatever the others leave.
RULES: tuple[Rule, ...] = (paused, elsewhere, late, maintenance, inconclusive, flapping, threshold)


def decide(situation: Situation, event: Event) -> Decision:
    """Judge one event of the situation's monitor."""
    for rule in RULES:
        if (decision := rule(situation, event)) is not None:
            return decision
    raise AssertionError("the last rule decides on everything")
