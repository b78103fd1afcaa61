"""Whether agents are where a configuration wants them and have the values that it needs, and pages show what is public.

All may come later, so nothing here is a mistake.
"""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from shared.alerting.health import Gap
from shared.monitors.placeholders import names_in
from shared.monitors.policy import Policy
from shared.settings.status_pages import MAIN, is_shown, pages_of

if TYPE_CHECKING:
    from infra.configuration.file import Configuration

# This many monitors that are on no page with groups are named.
_MOST_NAMED = 3


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


def unshown(configuration: "Configuration", is_on: bool | None, page: str = "status page") -> Iterator[str]:
    """The warnings about public monitors that no status page shows, or none that names groups, as a customer's does.

    ``is_on``: the setting STATUS_PAGE. A person who turns all pages off wants none. ``page``: the word for one.
    """
    if is_on is False:
        return
    parts = {"status_page": configuration.status_page, "status_pages": configuration.status_pages}
    pages = {slug: said.get("groups") for slug, said in pages_of(is_on, parts).items()}
    named = {group for groups in pages.values() for group in groups or ()}
    lost, apart = [], []
    for policy in configuration.monitors:
        if not policy.public:
            continue
        if not any(is_shown(policy.public, policy.group, slug, groups) for slug, groups in pages.items()):
            lost.append(policy.name)
        elif policy.group not in named:
            apart.append(policy.name)
    if lost:
        first, *others = lost
        monitors, verb = (f"{first} and {len(others)} more", "say") if others else (first, "says")
        yield f"{monitors} {verb} public: true, but no {page} shows {'them' if others else 'it'}"
    if apart and any(groups is not None for slug, groups in pages.items() if slug != MAIN):
        more = f" and {len(apart) - _MOST_NAMED} more" if len(apart) > _MOST_NAMED else ""
        say = "1 monitor says" if len(apart) == 1 else f"{len(apart)} monitors say"
        names = ", ".join(apart[:_MOST_NAMED])
        yield f"{say} public: true, but no page at /status/<slug> that names groups shows {names}{more}"


def _checked(policies: Iterable[Policy]) -> list[Policy]:
    return [policy for policy in policies if policy.enabled and not policy.heartbeat]


def unserved(locations: Iterable[str], served: Collection[str]) -> Iterator[str]:
    """The sentence about each location at which no agent is."""
    for location in sorted(set(locations).difference(served)):
        close = difflib.get_close_matches(location, served, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        yield f"no agent at {location!r} has ever reported{hint}"
