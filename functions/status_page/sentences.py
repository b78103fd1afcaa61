"""The sentence of a page: whether it is only the visitor, since when, and whether somebody is on it.

The same code speaks it as markup for the page, and as text for titles, JSON, feeds and embedded pages.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from functions.status_page.visible import Monitor, Page
from shared.pages.formatting import Named, duration
from shared.pages.states import Shown
from shared.words import Language
from shared.words.visitors import visitors_cause

SIGNS: dict[Shown, str] = {
    "up": "✓",
    "down": "✕",
    "slow": "!",
    "pend": "…",
    "plan": "⚒",
    "unk": "?",
    "paus": "‖",
}
_MOST_NAMES = 5
# How a text is said, and how a time is shown in it.
Say = Callable[..., Any]
Clock = Callable[[datetime], Any]


class Sentence(NamedTuple):
    """``title`` in a few words, ``text`` below it, and ``small`` what else is to be known. Each may be markup."""

    state: Shown
    title: Any
    text: list[Any]
    small: list[Any]
    is_handled: bool


def sentence_of(page: Page, say: Say, clock: Clock, language: Language) -> Sentence:
    """The sentence of a page at the time of its facts."""
    watched = [each for each in page.monitors if each.shown != "paus"]
    state = state_of(page)
    incidents = [each for each in page.incidents if each["state"] != "resolved"]
    if not watched:
        title = incidents[0]["title"] if incidents else say("paused" if page.monitors else "nothing")
        return Sentence(state, title, [] if page.monitors else [say("nothing_more")], [], bool(incidents))
    checked = max((each.checked_at for each in watched if each.checked_at), default=None)
    at = clock(datetime.fromisoformat(checked)) if checked else None
    if state == "up":
        return Sentence(state, say("all_up"), [say("all_up_more", n=len(watched), time=at or "?")], [], False)
    some = [each for each in watched if each.shown == state]
    if state == "down":
        found = _down(page, some, incidents, len(watched), say, clock, language)
    elif incidents:
        found = Sentence(state, incidents[0]["title"], [say("working_on_it")], [], True)
        if all(each.shown == "up" for each in watched):
            found.small.append(say("incident_more"))
    elif state == "plan":
        found = _planned(page, some, say, clock)
    else:
        found = Sentence(state, _titled(say, state, some, len(watched)), [say(f"{state}_more", n=len(some))], [], False)
        if len(some) > 1:
            found.small.append(say("affected_more", names=names_of(some)))
    return found._replace(small=[*found.small, *_others(state, watched, say), *_checked(at, say)])


def _down(
    page: Page,
    down: Sequence[Monitor],
    incidents: Sequence[dict[str, Any]],
    count: int,
    say: Say,
    clock: Clock,
    language: Language,
) -> Sentence:
    """That something is down: since when, and whether somebody is on it."""
    names = {each.name for each in down}
    # The outage of a monitor that is under maintenance, or unchecked, goes on too, and says nothing of these.
    outages = [each for each in page.open if each["name"] in names and not each["is_slow"]]
    own = [each for each in incidents if not each["monitors"] or names & {*each["monitors"]}]
    acknowledged = {each["name"] for each in outages if each["is_handled"]}
    is_handled = all(
        name in acknowledged or any(not each["monitors"] or name in each["monitors"] for each in own) for name in names
    )
    began = min([each["failed_at"] for each in outages] or [each.since for each in down if each.since] or [page.at])
    since = datetime.fromisoformat(began)
    lasted = duration((datetime.fromisoformat(page.at) - since).total_seconds(), language)
    # The words that somebody chose say more, if they are about all that is down.
    is_told = len(own) == 1 and names <= {*own[0]["monitors"]}
    title = own[0]["title"] if is_told else _titled(say, "down", down, count)
    text = [say("not_only_you", time=clock(since), duration=lasted), say("working_on_it" if is_handled else "noticed")]
    small = [say("affected_more", names=names_of(down))] if len(down) > 1 or is_told else []
    return Sentence("down", title, text, small, is_handled)


def _others(state: Shown, watched: Sequence[Monitor], say: Say) -> Iterator[Any]:
    """The other slow monitors, and how many work."""
    slow = [each for each in watched if each.shown == "slow"]
    if slow and state != "slow":
        yield say("also_slow", n=len(slow), names=names_of(slow))
    working = sum(each.shown == "up" for each in watched)
    if 0 < working < len(watched):
        yield say("rest_works", n=working)


def _checked(at: Any, say: Say) -> Iterator[Any]:
    if at is not None:
        yield say("checked", time=at)


def state_of(page: Page) -> Shown:
    """The state of a page: the worst of what it shows. An incident that goes on is worse than being slow."""
    watched = [each.shown for each in page.monitors if each.shown != "paus"]
    if not watched:
        return "paus" if page.monitors else "unk"
    if "down" in watched:
        return "down"
    if "slow" in watched or any(each["state"] != "resolved" for each in page.incidents):
        return "slow"
    # Most are up: what is unknown of one is no maintenance of all.
    for state in ("pend", "plan", "unk"):
        if state in watched:
            return state
    return "up"


def names_of(monitors: Sequence[Monitor | str]) -> str:
    """Some names in a row."""
    names = [each if isinstance(each, str) else each.name for each in monitors]
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" +{more}" if more > 0 else "")


def cause_code(outage: dict[str, Any]) -> str:
    """The code of what visitors are told of a cause."""
    return "slow_answer" if outage["is_slow"] else visitors_cause(outage["cause"])


def _titled(say: Say, state: Shown, some: Sequence[Monitor], count: int) -> Any:
    if len(some) == 1:
        return say(f"one_{state}", name=Named(some[0].name))
    return say(f"some_{state}", n=count, **{state: len(some)})


def _planned(page: Page, planned: Sequence[Monitor], say: Say, clock: Clock) -> Sentence:
    """That only maintenance goes on, and until when."""
    ends = [each["ends_at"] for each in page.windows if each["is_active"]]
    title = say("plan_until", time=clock(datetime.fromisoformat(max(ends)))) if ends else say("one_plan")
    return Sentence("plan", title, [say("plan_more", names=names_of(planned))], [], False)
