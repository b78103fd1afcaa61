"""The two sentences that everything begins with: how the monitors are, and whether people would hear of an outage."""

from typing import NamedTuple

from functions.dashboard.overview.facts import Facts
from functions.dashboard.overview.troubles import in_short, troubles
from functions.dashboard.visit import Visit
from shared.pages.formatting import Named, duration
from shared.pages.states import Shown

# The states that the sentence is about, the worst first.
_WRONG: tuple[Shown, ...] = ("down", "slow", "pend", "unk")
_REST: tuple[Shown, ...] = ("slow", "pend", "plan", "unk", "paus")
_MARKS: dict[Shown, str] = {"down": "✕", "slow": "!", "pend": "…", "unk": "?", "plan": "▨", "paus": "‖"}


class Sentence(NamedTuple):
    """The page's first sentence. ``shown``: the state that it is about. ``rest``: what else is not simply well."""

    shown: Shown
    title: str
    text: str
    who: str
    rest: str


class Notified(NamedTuple):
    """Whether an outage that happened now would be notified. ``word``: the code of the answer in a word.

    ``href``: where the trouble is, below the dashboard.
    """

    shown: Shown
    word: str
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
    known = facts.health_facts
    found = list(troubles(visit, facts.channels, facts.attempts, facts.health, known, checked_by=facts.checked_by))
    if found:
        texts, href = in_short(visit, found), found[0].href
        if not facts.health.is_notified or not facts.channels:
            return Notified("down", "no", texts, href)
        is_by_channel = {trouble.href for trouble in found} == {"/channels"}
        return Notified("slow", "not_on_every_channel" if is_by_channel else "partly", texts, href)
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
    return Notified("up", "yes", texts)


def _who(visit: Visit, facts: Facts) -> str:
    down = facts.count("down")
    if facts.unhandled:
        return visit.say("nobody" if facts.unhandled >= down else "nobody_on", n=facts.unhandled)
    return visit.say("somebody", n=down)


def _is_new(facts: Facts) -> bool:
    """Whether nothing was checked yet."""
    return all(line.checked_at is None for line in facts.lines) and facts.count("unk") == len(facts.lines)
