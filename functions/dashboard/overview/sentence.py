"""The two sentences that everything begins with: how the monitors are, and whether people would hear of an outage."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from functions.dashboard.overview.facts import Facts
from functions.dashboard.visit import Visit
from shared.alerting.health import SCHEDULES, is_given_up, is_overdue, is_run_overdue, patience
from shared.pages.formatting import Named, duration
from shared.pages.states import Shown

# The states that the sentence is about, the worst first.
_WRONG: tuple[Shown, ...] = ("down", "slow", "pend", "unk")
_REST: tuple[Shown, ...] = ("slow", "pend", "plan", "unk", "paus")
_MARKS: dict[Shown, str] = {"down": "✕", "slow": "!", "pend": "…", "unk": "?", "plan": "▨", "paus": "‖"}


class Sentence(NamedTuple):
    """What the page says first. ``shown``: the state that it is about. ``rest``: what else is not simply well."""

    shown: Shown
    title: str
    text: str
    who: str
    rest: str


class Notified(NamedTuple):
    """Whether an outage that happened now would be notified. ``href``: where the trouble is, below the dashboard."""

    shown: Shown
    texts: list[str]
    href: str = ""


def sentence_of(visit: Visit, facts: Facts) -> Sentence:
    """How the monitors are."""
    say, total = visit.say, len(facts.lines)
    rest = ", ".join(say(f"rest_{shown}", n=count) for shown in _REST if (count := facts.count(shown)))
    for shown in _WRONG:
        count = facts.count(shown)
        if not count or (shown == "unk" and _is_new(facts)):
            continue
        title = f"{_MARKS[shown]} {say(f'title_{shown}', n=count)}"
        if count == 1:
            name = next(line.name for line in facts.lines if line.shown == shown)
            text: str = visit.markup(f"one_{shown}", name=Named(name))
        else:
            text = say(f"several_{shown}", n=count, total=total)
        others = ", ".join(say(f"rest_{each}", n=n) for each in _REST if each != shown and (n := facts.count(each)))
        return Sentence(shown, title, text, _who(visit, facts) if shown == "down" else "", others)
    up = facts.count("up")
    if _is_new(facts):
        return Sentence("unk", say("title_first"), say("first_check", n=total), "", "")
    if up == total:
        return Sentence("up", f"✓ {say('title_up')}", say("all_up", n=up), "", "")
    if up:
        return Sentence("up", f"✓ {say('title_up')}", say("rest_up", n=up), "", rest)
    shown = "plan" if facts.count("plan") else "paus"
    return Sentence(shown, f"{_MARKS[shown]} {say('title_nothing')}", say("nothing_checked"), "", rest)


def notified_of(visit: Visit, facts: Facts) -> Notified:
    """Whether people would hear of an outage, and by what one knows it."""
    troubles = list(_troubles(visit, facts))
    if troubles:
        is_partly = {href for _, href in troubles} == {"/channels"} and any(
            row["status"] == "SENT" for row in facts.attempts
        )
        return Notified("slow" if is_partly else "down", [text for text, _ in troubles], troubles[0][1])
    say, delivered = visit.say, sum(row["status"] == "SENT" for row in facts.attempts)
    texts = []
    if delivered == len(facts.channels):
        texts.append(say("channels_delivered", n=delivered))
    elif delivered:
        texts.append(say("channels_untried", delivered=delivered, n=len(facts.channels)))
    else:
        texts.append(say("channels_ready", n=len(facts.channels)))
    seen = max((agent.last_seen_at for agent in facts.agents), default=None)
    if seen is not None:
        ago = max(0.0, (visit.at - seen).total_seconds())
        texts.append(say("agent_checked", ago=duration(ago, visit.language)))
    texts.append(say("messages_wait", n=facts.owed))
    return Notified("up", texts)


def _who(visit: Visit, facts: Facts) -> str:
    down = facts.count("down")
    if facts.unhandled:
        return visit.say("nobody" if facts.unhandled >= down else "nobody_on", n=facts.unhandled)
    return visit.say("somebody", n=down)


def _is_new(facts: Facts) -> bool:
    """Whether nothing was checked yet."""
    return all(line.checked_at is None for line in facts.lines) and facts.count("unk") == len(facts.lines)


def _troubles(visit: Visit, facts: Facts) -> Iterator[tuple[str, str]]:
    """Why people might not hear of an outage, and where one sees more of it."""
    say, known = visit.markup, facts.health_facts
    if not facts.channels:
        yield say("no_channel"), "/channels"
    for channel in known.refused:
        yield say("channel_refuses", name=Named(channel)), "/channels"
    for row in facts.attempts:
        if row["status"] != "SENT" and row["channel"] not in known.refused:
            yield say("channel_failed", name=Named(row["channel"])), "/channels"
    for channel, count in known.overdue.items():
        yield say("overdue", name=Named(channel), n=count), "/channels"
    waits = patience(visit.settings.check_timeout_seconds, is_in_cloud=False) + timedelta(seconds=5)
    for agent in facts.agents:
        if not is_given_up(agent, known) and is_overdue(agent, known, visit.at, waits):
            ago = duration((visit.at - agent.last_seen_at).total_seconds(), visit.language)
            yield say("agent_silent", name=Named(agent.name), ago=ago), "/agents"
        elif agent.is_offline:
            yield say("agent_offline", name=Named(agent.name)), "/agents"
    for schedule in SCHEDULES:
        if is_run_overdue(schedule, known, visit.at):
            yield say("schedule_silent", name=schedule), "/settings"
    if known.problem:
        yield say("file_wrong"), "/settings"
    if any("never reported" in reason for reason in facts.health.reasons):
        yield say("agent_never"), "/agents"
