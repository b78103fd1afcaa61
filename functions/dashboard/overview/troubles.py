"""Why people might not hear of an outage: what the second sentence says, and the settings' findings."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from markupsafe import Markup

from functions.dashboard.visit import Visit
from shared.alerting.health import (
    SCHEDULES,
    Gap,
    Health,
    HealthFacts,
    gaps,
    is_given_up,
    is_overdue,
    is_run_overdue,
    patience,
)
from shared.messages import one_line
from shared.models import Agent
from shared.pages.formatting import Named, duration
from shared.settings import is_in_cloud
from shared.store import Row

# A page that is open for a while must not say at once what GET / does not say yet.
_SLACK = timedelta(seconds=5)
MOST_NAMES = 3


class Trouble(NamedTuple):
    """Why people might not hear of an outage. ``kind``: the code of its words. ``href``: where one sees more of it.

    ``name``: the channel or the agent that it is about.
    """

    kind: str
    text: Markup
    href: str
    name: str = ""


def troubles(
    visit: Visit,
    channels: Collection[str],
    attempts: Sequence[Row],
    health: Health,
    known: HealthFacts,
    *,
    checked_by: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Trouble]:
    """Everything because of which people might not hear of an outage.

    ``attempts``: the last of each channel. ``checked_by``: the monitors that one agent alone checks, by agent.
    """
    if not channels:
        yield _trouble(visit, "no_channel", "/channels")
    for channel in known.refused:
        yield _trouble(visit, "channel_refuses", "/channels", channel)
    for row in attempts:
        if row["status"] != "SENT" and row["channel"] not in known.refused:
            yield _trouble(visit, "channel_failed", "/channels", row["channel"])
    for channel, count in known.overdue.items():
        yield _trouble(visit, "overdue", "/channels", channel, n=count)
    for agent in known.agents:
        if is_missed(visit, agent, known):
            yield _silent(visit, agent, (checked_by or {}).get(agent.name, ()))
        elif agent.is_offline:
            yield _trouble(visit, "agent_offline", "/agents", agent.name)
    for kind, schedule in _schedules(visit, known):
        yield _trouble(visit, kind, "/settings", schedule)
    if known.problem:
        yield _trouble(visit, "file_wrong", "/settings")
    for gap in gaps(known, visit.at, _patience(visit)):
        yield Trouble(f"gap_{gap.kind}", _gap(visit, gap), "/agents")
    if any(reason.endswith("has never reported") for reason in health.reasons):
        yield _trouble(visit, "agent_never", "/agents")


def _schedules(visit: Visit, known: HealthFacts) -> Iterator[tuple[str, str]]:
    for schedule in SCHEDULES:
        if is_run_overdue(schedule, known, visit.at):
            yield "schedule_silent", schedule
    for schedule in known.failing:
        yield "schedule_fails", schedule


def _trouble(visit: Visit, kind: str, href: str, name: str = "", **values: Any) -> Trouble:
    return Trouble(kind, visit.markup(kind, name=Named(name), **values), href, name)


def _silent(visit: Visit, agent: Agent, names: Sequence[str]) -> Trouble:
    """The trouble with a silent agent, with the monitors that only it checks."""
    ago = duration((visit.at - agent.last_seen_at).total_seconds(), visit.language)
    found = _trouble(visit, "agent_silent", "/agents", agent.name, ago=ago)
    if not names:
        return found
    only = visit.markup("only_it_checks", names=_some(visit, names))
    return found._replace(text=Markup("{} ({})").format(found.text, only))


def in_short(visit: Visit, found: Sequence[Trouble]) -> list[str]:
    """One text of each kind of trouble, so that many of one kind push out none of another."""
    return [
        _of_kind(visit, [trouble for trouble in found if trouble.kind == kind])
        for kind in dict.fromkeys(trouble.kind for trouble in found)
    ]


def _of_kind(visit: Visit, alike: Sequence[Trouble]) -> str:
    first, count = alike[0], len(alike)
    if count == 1:
        return first.text
    if not first.name:
        return visit.markup("more_like_it", text=first.text, n=count - 1)
    names = _some(visit, [trouble.name for trouble in alike])
    return visit.markup(f"several_{first.kind}", n=count, names=names)


def _some(visit: Visit, names: Sequence[str]) -> Markup:
    """The first names, and how many there are besides."""
    some = Markup(", ").join(Named(one_line(name)) for name in names[:MOST_NAMES])
    return visit.markup("and_more", names=some, n=len(names) - MOST_NAMES) if len(names) > MOST_NAMES else some


def is_missed(visit: Visit, agent: Agent, known: HealthFacts) -> bool:
    """Whether an agent has reported nothing for too long, and somebody still expects it."""
    return not is_given_up(agent, known) and is_overdue(agent, known, visit.at, _patience(visit))


def _patience(visit: Visit) -> timedelta:
    return patience(visit.settings.check_timeout_seconds, is_in_cloud=is_in_cloud(os.environ)) + _SLACK


def _gap(visit: Visit, gap: Gap) -> Markup:
    """The sentence about monitors that nobody checks, or a quorum that cannot be met."""
    name = Named(one_line(gap.name))
    names = name if gap.count == 1 else visit.markup("and_more", names=name, n=gap.count - 1)
    places = Named(one_line(", ".join(gap.locations)))
    return visit.markup(f"gap_{gap.kind}", names=names, places=places, n=gap.served, quorum=gap.quorum)
