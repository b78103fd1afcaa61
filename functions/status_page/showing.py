"""The values that the templates show, of what a page has: everything in the words of one language."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from flask import Request
from markupsafe import Markup

from functions.status_page.drawing import PERIODS, cards_of, past_of, rows_of, uptime_text
from functions.status_page.looks import colors_file, logo_of
from functions.status_page.sentences import SIGNS, Sentence, cause_code, names_of, sentence_of
from functions.status_page.visible import Group, Monitor, Page
from shared.pages import formatting
from shared.pages.formatting import Named
from shared.pages.markdown import markdown
from shared.pages.requests import Choice, language_of, linked, other_language, root_of
from shared.pages.states import fires
from shared.settings.status_pages import MAIN
from shared.words import Language
from shared.words.pages import Texts, frame_words, plain_speaker, speaker, status_words

FOLDER = Path(__file__).parent
FIRST = "status"
# After so many seconds an open page asks again.
LIVE_SECONDS = 30
# The rest folds.
MOST_PAST = 20
MOST_CARDS = 8
_ICONS = {"investigating": "pend", "identified": "flag", "monitoring": "pend", "resolved": "up"}


class Viewer(NamedTuple):
    """A visitor's view: the language, how many folders the page is below the first one, and how a text is said."""

    language: Language
    is_in_address: bool
    root: str
    words: Texts
    say: Callable[..., Markup]
    plain: Callable[..., str]


def viewer_of(request: Request, default: Language, first: str = FIRST, *, chosen: Language | None = None) -> Viewer:
    """The viewer, as the request describes them. ``chosen``: the language of the page that a form stood on."""
    choice = language_of(request, default)
    if chosen is not None and chosen != choice.language:
        choice = Choice(chosen, True)  # the browser would not ask for it again
    words = status_words(choice.language)
    frame = frame_words(choice.language)
    return Viewer(
        choice.language,
        choice.is_in_address,
        root_of(request, first),
        words,
        speaker(words, frame),
        plain_speaker(words, frame),
    )


def title_of(page: Page, plain: Any) -> str:
    """The name of a page."""
    return str(page.settings.get("title") or plain("default_title"))


def spoken(page: Page, viewer: Viewer) -> Sentence:
    """The page's sentence as markup, with times that the script shows in the viewer's zone."""
    now = datetime.fromisoformat(page.at)

    def clock(at: datetime) -> Any:
        return formatting.time_tag(at, formatting.form_of(at, now), viewer.language)

    return sentence_of(page, viewer.say, clock, viewer.language)


def written(page: Page, viewer: Viewer) -> Sentence:
    """The same as text."""
    now = datetime.fromisoformat(page.at)

    def clock(at: datetime) -> str:
        return formatting.moment(at, now, viewer.language)

    return sentence_of(page, viewer.plain, clock, viewer.language)


def frame_of(request: Request, page: Page, viewer: Viewer, sentence: Sentence, *, live: int) -> dict[str, Any]:
    """The values of the layout."""
    title = title_of(page, viewer.plain)
    said = written(page, viewer).title
    return {
        "title": f"{SIGNS[sentence.state]} {said} · {title}",
        "root": viewer.root,
        "languages": other_language(request, viewer.language),
        "brand": title,
        "brand_href": way_to(page.slug, viewer),
        "burning": fires(None if not page.monitors else sentence.state, is_handled=sentence.is_handled),
        "live": live,
        "is_indexed": page.slug == MAIN and not page.settings.get("password"),
        "logo": logo_of(page.settings),
        "colors": colors_file(page.settings),
    }


def way_to(slug: str, viewer: Viewer) -> str:
    """The link to a page, in the viewer's language."""
    return f"{viewer.root}status{f'/{slug}' if slug else ''}{_kept(viewer)}"


def values_of(request: Request, page: Page, viewer: Viewer, period: str, stale: float | None) -> dict[str, Any]:
    """The values of a whole page. ``stale``: how many seconds ago it was so, if the store cannot be reached."""
    say, language = viewer.say, viewer.language
    name = PERIODS[period]
    rows = rows_of(page, name, say, language)
    sentence = spoken(page, viewer)
    buckets = [bucket for monitor in page.monitors for bucket in monitor.buckets[name]]
    whole = uptime_text(buckets)
    cards, past = cards_of(page), past_of(page)
    return {
        **frame_of(request, page, viewer, sentence, live=LIVE_SECONDS),
        "hero": sentence,
        "stale": formatting.duration(stale, language) if stale is not None else None,
        "cards": cards[:MOST_CARDS],
        "more_cards": cards[MOST_CARDS:],
        "planned": [each for each in page.windows if not each["is_active"]],
        "active": [each for each in page.windows if each["is_active"]],
        "period": name,
        "periods": [(code, linked(request, period=code), each) for code, each in PERIODS.items()],
        "over_all": whole,
        "groups": [_group(group, rows, name, viewer) for group in page.groups],
        "past": past[:MOST_PAST],
        "earlier": past[MOST_PAST:],
        "feed": f"{viewer.root}status{f'/{page.slug}' if page.slug else ''}/feed.atom",
        "json": f"{viewer.root}status{f'/{page.slug}' if page.slug else ''}.json",
        "kept": _kept(viewer),
        "slug": page.slug,
        "footer": page.settings.get("footer"),
        **helpers_of(page, viewer),
    }


def helpers_of(page: Page, viewer: Viewer) -> dict[str, Any]:
    """The functions that templates call."""
    now = datetime.fromisoformat(page.at)

    def lasted(since: str, until: str | None = None) -> str:
        end = datetime.fromisoformat(until) if until else now
        return formatting.duration((end - datetime.fromisoformat(since)).total_seconds(), viewer.language)

    def at(text: str, form: formatting.TimeForm) -> Any:
        return formatting.time_tag(datetime.fromisoformat(text), form, viewer.language)

    def moment(text: str) -> Any:
        return at(text, formatting.form_of(datetime.fromisoformat(text), now))

    def until(starts_at: str, ends_at: str) -> Any:
        return at(ends_at, "t" if starts_at[:10] == ends_at[:10] else "d")

    def affected(names: Any) -> Any:
        return viewer.say("everything") if names is True else names_of(names)

    return {
        "lasted": lasted,
        "at": at,
        "moment": moment,
        "until": until,
        "affected": affected,
        "cause": lambda outage: viewer.say(cause_code(outage)),
        "markdown": markdown,
        "icon": _ICONS.__getitem__,
        "Named": Named,
    }


def _group(group: Group, rows: Any, period: str, viewer: Viewer) -> dict[str, Any]:
    watched = [monitor for monitor in group.monitors if monitor.shown != "paus"]
    buckets = [bucket for monitor in group.monitors for bucket in monitor.buckets[period]]
    return {
        "name": group.name or viewer.say("ungrouped"),
        "shown": group.shown,
        "is_open": group.shown not in ("up", "paus"),
        "state": _state_of(watched or group.monitors, viewer),
        "uptime": uptime_text(buckets),
        "rows": [rows[monitor.id] for monitor in group.monitors],
    }


def _state_of(monitors: Sequence[Monitor], viewer: Viewer) -> Any:
    """``All 3 work``, or what is wrong: ``1 down, 1 slow``."""
    if all(monitor.shown == "up" for monitor in monitors):
        return viewer.say("group_up", n=len(monitors))
    parts = []
    for state in ("down", "slow", "pend", "plan", "unk", "paus"):
        count = sum(monitor.shown == state for monitor in monitors)
        if count:
            parts.append(viewer.plain("of_group", count=count, state=viewer.plain(state).lower()))
    return ", ".join(parts)


def _kept(viewer: Viewer) -> str:
    """The language, if the address says it, for links to other pages."""
    return f"?lang={viewer.language}" if viewer.is_in_address else ""
