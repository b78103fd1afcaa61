"""Whether agents are where a configuration wants them. They may come later, so nothing here is a mistake."""

import difflib
from collections.abc import Collection, Iterable, Iterator

from shared.alerting.health import Gap
from shared.monitors.policy import Policy


def warnings(policies: Iterable[Policy], served: Collection[str]) -> Iterator[str]:
    """The warnings about the locations and the quorums of ``policies``. ``served``: where agents are."""
    policies = [policy for policy in policies if policy.enabled and not policy.heartbeat]
    yield from unserved({location for policy in policies for location in policy.locations or ()}, served)
    unmet: dict[tuple[int, int], list[str]] = {}
    for policy in policies:
        there = len(set(served).intersection(policy.locations or served))
        if isinstance(policy.quorum, int) and policy.quorum > max(there, 1):
            unmet.setdefault((policy.quorum, there), []).append(policy.name)
    for (quorum, there), names in unmet.items():
        yield Gap("quorum", names[0], len(names), quorum=quorum, served=there).reason


def unserved(locations: Iterable[str], served: Collection[str]) -> Iterator[str]:
    """The sentence about each location at which no agent is."""
    for location in sorted(set(locations).difference(served)):
        close = difflib.get_close_matches(location, served, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield f"no agent at {location!r} has ever reported{hint}"
