"""The worst delay from an outage to its message: that of the monitor whose outage takes the longest to open. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from infra.plan.load import AGENT, TARGETS, Load, named
from infra.plan.model import BACKEND, Calls, Term
from shared.delivery.run import AT_ONCE
from shared.monitors.durations import duration_text

if TYPE_CHECKING:
    from shared.monitors.policy import Policy


def delay(
    load: Load, made: Sequence[Calls], shares: Mapping[str, float], late: Term, runs_every: float | None
) -> list[Term]:
    """The terms of the worst delay: an outage begins just after a check, and everything takes its longest.

    ``shares``: each function's share of a processor; ``late``: how late the platform's schedule may be. ``runs_every``:
    the seconds between two runs that check what has fallen due meanwhile; None if each check starts when it is due.
    Without anything to check there are no terms.
    """
    if not load.watched:
        return []
    worst = max(load.watched, key=lambda policy: sum(term.seconds for term in _until_it_opens(policy, runs_every)))
    begins, *fails = _until_it_opens(worst, runs_every)
    by_name = {call.function: call for call in made}
    check, ingest = by_name[AGENT], by_name[BACKEND]
    starting = [call.start.seconds(shares[call.function]) if call.starts else 0.0 for call in (check, ingest)]
    return [
        begins,
        late,
        Term("check_monitors starts cold (measured)", starting[0]),
        *fails,
        Term(
            "ingest_event starts cold, and stores the previous report and this one (measured)",
            starting[1] + 2 * ingest.seconds(shares[BACKEND]),
        ),
        Term("the message is sent at once (the delivery's budget)", AT_ONCE.ends_at),
    ]


def _until_it_opens(policy: "Policy", runs_every: float | None) -> list[Term]:
    """The seconds from the last success to the failure that opens the outage, without the platform's part."""
    more = policy.failure_threshold - 1
    interval = _whole(policy.interval, runs_every or policy.interval)
    # A monitor's next check waits for the one that is under way.
    gap = _whole(policy.longest_check, interval)
    is_target = policy.name == TARGETS
    whose = "(CHECK_INTERVAL_SECONDS)" if is_target else f"of {named(policy)}, the last one to open"
    limits = "CHECK_TIMEOUT_SECONDS" if is_target else "timeout, retries and retry_interval"
    again = f"failure_threshold: {policy.failure_threshold} checks fail, {duration_text(gap)} apart"
    return [
        Term(f"the interval {whose}: it begins just after a check", interval),
        *([Term(again, more * gap)] if more else []),
        Term(f"the check hangs ({limits})", policy.longest_check),
    ]


def _whole(seconds: float, step: float) -> float:
    """The seconds, rounded up to whole steps."""
    return math.ceil(round(seconds / step, 6)) * step
