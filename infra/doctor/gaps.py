"""Whether each monitor is checked, and from as many locations as it needs."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from infra.configuration.places import unserved
from infra.doctor.findings import Finding, warning
from shared.alerting.health import HealthFacts, gaps

_ELSEWHERE = "infra/local/README.md, An agent at another location"


def examine_gaps(facts: HealthFacts, slack: timedelta, at: datetime) -> Iterator[Finding]:
    """The findings about locations without an agent, and about monitors that nobody checks."""
    for text in unserved({place for watched in facts.placed for place in watched.locations or ()}, facts.served):
        expected = "an agent at each of the monitors' locations"
        yield warning("checks", text, expected=expected, fix=f"locations of the monitors, or {_ELSEWHERE}")
    for gap in gaps(facts, at, slack):
        if gap.kind == "quorum":
            expected = "at least as many locations as the quorum"
            yield warning("checks", gap.reason, expected=expected, fix=f"quorum of the monitor, or {_ELSEWHERE}")
        elif gap.kind == "never":
            expected = "a check within three intervals"
            yield warning("checks", gap.reason, expected=expected, fix="make run, or the schedule of check_monitors")
        elif gap.kind == "inconclusive":
            expected = "checks that say something of the monitor"
            yield warning("checks", gap.reason, expected=expected, fix="the monitor, or what the agent lacks for it")
