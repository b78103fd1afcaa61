"""Why people might not hear of an outage: what the second sentence says, and the settings' findings."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

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


def troubles(
    visit: Visit,
    channels: Collection[str],
    attempts: Sequence[Row],
    health: Health,
    known: HealthFacts,
    *,
    checked_by: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[tuple[str, str]]:
    """Why people might not hear of an outage, and where one sees more of it.

    ``attempts``: the last of each channel. ``checked_by``: the monitors that one agent alone checks, by agent.
    """
    say = visit.markup
    if not channels:
        yield say("no_channel"), "/channels"
    for channel in known.refused:
        yield say("channel_refuses", name=Named(channel)), "/channels"
    for row in attempts:
        if row["status"] != "SENT" and row["channel"] not in known.refused:
            yield say("channel_failed", name=Named(row["channel"])), "/channels"
    for channel, count in known.overdue.items():
        yield say("overdue", name=Named(channel), n=count), "/channels"
    for agent in known.agents:
        if is_missed(visit, agent, known):
            ago = duration((visit.at - agent.last_seen_at).total_seconds(), visit.language)
            silent = say("agent_silent", name=Named(agent.name), ago=ago)
            names = (checked_by or {}).get(agent.name)
            yield (_with_names(visit, silent, names) if names else silent), "/agents"
        elif agent.is_offline:
            yield say("agent_offline", name=Named(agent.name)), "/agents"
    for key, schedule in _schedules(visit, known):
        yield say(key, name=schedule), "/settings"
    if known.problem:
        yield say("file_wrong"), "/settings"
    for gap in gaps(known, visit.at, _patience(visit)):
        yield _gap(visit, gap), "/agents"
    if any(reason.endswith("has never reported") for reason in health.reasons):
        yield say("agent_never"), "/agents"


def _schedules(visit: Visit, known: HealthFacts) -> Iterator[tuple[str, str]]:
    for schedule in SCHEDULES:
        if is_run_overdue(schedule, known, visit.at):
            yield "schedule_silent", schedule
    for schedule in known.failing:
        yield "schedule_fails", schedule


def _with_names(visit: Visit, silent: Markup, names: Sequence[str]) -> Markup:
    """The sentence about a silent agent with the monitors that only it checks."""
    some = Markup(", ").join(Named(one_line(name)) for name in names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        some = visit.markup("and_more", names=some, n=len(names) - MOST_NAMES)
    return Markup("{} ({})").format(silent, visit.markup("only_it_checks", names=some))


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
