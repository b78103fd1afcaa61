"""Whether agents are where a configuration wants them and have the values that it needs, and pages show what is public.

All may come later, so nothing here is a mistake.
"""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from shared.alerting.health import Gap
from shared.monitors.placeholders import names_in
from shared.monitors.policy import Policy
from shared.settings.status_pages import is_shown


def warnings(policies: Iterable[Policy], served: Collection[str]) -> Iterator[str]:
    """The warnings about the locations and the quorums of ``policies``. ``served``: where agents are."""
    policies = _checked(policies)
    yield from unserved({location for policy in policies for location in policy.locations or ()}, served)
    unmet: dict[tuple[int, int], list[str]] = {}
    for policy in policies:
        there = len(set(served).intersection(policy.locations or served))
        if isinstance(policy.quorum, int) and policy.quorum > max(there, 1):
            unmet.setdefault((policy.quorum, there), []).append(policy.name)
    for (quorum, there), names in unmet.items():
        yield Gap("quorum", names[0], len(names), quorum=quorum, served=there).reason


def unset(policies: Iterable[Policy], environ: Mapping[str, str]) -> Iterator[str]:
    """The warning about each placeholder of ``policies`` that ``environ`` has no value for."""
    needed: dict[str, list[str]] = {}
    for policy in _checked(policies):
        for name in set(names_in(policy.model_dump_json(exclude_unset=True))):
            needed.setdefault(name, []).append(policy.name)
    for name in sorted(needed.keys() - environ.keys()):
        first, *others = needed[name]
        monitors = f"{first} and {len(others)} more" if others else first
        yield f"{name} is not set here: an agent without it cannot check {monitors}"


def unshown(policies: Iterable[Policy], pages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The warning about the public monitors that none of the ``pages`` shows."""
    lost = [
        policy.name
        for policy in policies
        if policy.public
        and not any(is_shown(True, policy.group, slug, page.get("groups")) for slug, page in pages.items())
    ]
    if lost:
        first, *others = lost
        monitors, verb = (f"{first} and {len(others)} more", "say") if others else (first, "says")
        yield f"{monitors} {verb} public: true, but no status page shows {'them' if others else 'it'}"


def _checked(policies: Iterable[Policy]) -> list[Policy]:
    return [policy for policy in policies if policy.enabled and not policy.heartbeat]


def unserved(locations: Iterable[str], served: Collection[str]) -> Iterator[str]:
    """The sentence about each location at which no agent is."""
    for location in sorted(set(locations).difference(served)):
        close = difflib.get_close_matches(location, served, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield f"no agent at {location!r} has ever reported{hint}"
