"""GET /dashboard/agents: who checks, from where, and when they were heard of last."""

from typing import NamedTuple

from flask import Response

from functions.dashboard.overview.troubles import is_missed
from functions.dashboard.visit import Visit, reading
from shared import web
from shared.alerting.health import is_given_up
from shared.models import Agent
from shared.pages.formatting import Named, duration
from shared.pages.states import Shown


class Row(NamedTuple):
    """An agent in the list."""

    agent: Agent
    shown: Shown
    word: str
    monitors: int


@web.route("GET", "/dashboard/agents", access="open")
@reading
def show_agents(visit: Visit) -> Response:
    """200 with every agent, those in trouble first."""
    facts = visit.store.health_facts(now=visit.at)
    counts = visit.store.visits.overview.monitors_by_agent()
    rows = []
    for agent in facts.agents:
        shown: Shown = "up"
        word = visit.say("agent_checks")
        if is_given_up(agent, facts):
            shown, word = "paus", visit.say("agent_given_up")
        elif is_missed(visit, agent, facts):
            shown, word = "down", visit.say("agent_is_silent")
        elif agent.is_offline:
            shown, word = "down", visit.say("agent_is_offline")
        elif agent.clock_ahead_seconds:
            shown, word = "slow", visit.say("agent_clock_wrong")
        rows.append(Row(agent, shown, word, counts.get(agent.name, 0)))
    rows.sort(key=lambda row: (row.shown != "down", row.shown != "slow", row.agent.name))
    worst: Shown = rows[0].shown if rows else "unk"
    return visit.page(
        "agents.html",
        f"{'✕' if worst == 'down' else '✓'} {visit.say('nav_agents')}",
        shown=worst,
        here="agents",
        hero=worst,
        sentence=_sentence(visit, rows),
        rows=rows,
        own=visit.settings.agent,
        scripts=["dashboard.js"],
    )


def _sentence(visit: Visit, rows: list[Row]) -> str:
    if not rows:
        return visit.say("no_agents")
    wrong = [row for row in rows if row.shown == "down"]
    if wrong:
        ago = duration((visit.at - wrong[0].agent.last_seen_at).total_seconds(), visit.language)
        return visit.markup("agent_silent", name=Named(wrong[0].agent.name), ago=ago)
    if rows[0].shown == "slow":
        return clock_said(visit, rows[0].agent)
    seen = max(row.agent.last_seen_at for row in rows)
    ago = duration(max(0.0, (visit.at - seen).total_seconds()), visit.language)
    return visit.say("agents_checked", n=len(rows), ago=ago)


def clock_said(visit: Visit, agent: Agent) -> str:
    """How wrong the clock of an agent is."""
    said = "clock_ahead" if agent.clock_ahead_seconds > 0 else "clock_behind"
    time = duration(abs(agent.clock_ahead_seconds), visit.language)
    return visit.markup(said, name=Named(agent.name), time=time)
