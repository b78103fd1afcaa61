"""The responses of a status page: HTML, JSON or a feed, for those who may see it."""

import functools
import json
from collections.abc import Callable
from typing import Any

from flask import Request, Response

from functions.status_page import doors, feeds
from functions.status_page.drawing import PERIODS, cards_of, past_of, rows_of, uptime_text
from functions.status_page.looks import logo_of
from functions.status_page.readings import Reading, readings
from functions.status_page.showing import (
    FIRST,
    FOLDER,
    LIVE_SECONDS,
    Viewer,
    frame_of,
    helpers_of,
    spoken,
    title_of,
    values_of,
    viewer_of,
    written,
)
from functions.status_page.visible import Group, Monitor, Page, missing, open_pages, page_of
from shared import web
from shared.models import as_text, now
from shared.pages import formatting
from shared.pages.answers import Audience, finish, page_answer, varies_by_language
from shared.pages.problems import problem_page, wants_html
from shared.pages.rendering import render
from shared.pages.requests import base_of, kept_of, linked
from shared.pages.sparkline import sparkline
from shared.settings import Settings
from shared.settings.status_pages import MAIN, mailing_channel
from shared.store import StoreUnavailable


def with_pages(use_case: Callable[..., Response]) -> Callable[..., Response]:
    """Let a browser see what is wrong as a page; a program gets the problem."""

    @functools.wraps(use_case)
    def answer(request: Request, settings: Settings, *parameters: str) -> Response:
        try:
            return use_case(request, settings, *parameters)
        except (web.Problem, StoreUnavailable) as trouble:
            if not wants_html(request):
                raise
            viewer = viewer_of(request, settings.message_language)
            say = viewer.say
            status = trouble.status if isinstance(trouble, web.Problem) else 503
            code = "unknown_page" if status == 404 else "unavailable"
            more = "" if status == 404 else say("unavailable_more")
            return problem_page(request, status, say(code), more, first=FIRST, language=viewer.language)

    return answer


def can_subscribe(page: Page, reading: Reading, settings: Settings) -> bool:
    """Whether mails about the page can be sent, and have an address that their links lead to."""
    return bool(settings.public_url) and mailing_channel(page.settings, reading.facts.get("mailing", ())) is not None


def found_page(reading: Reading, slug: str) -> Page:
    """The page with this slug. Raises Problem if there is none."""
    page = reading.made(("page of", slug), lambda: page_of(reading.facts, slug))
    if page is None:
        raise missing()
    found: Page = page
    return found


def page_html_answer(request: Request, settings: Settings, slug: str) -> Response:
    """A page as HTML."""
    reading, period = _read(request, settings)
    viewer = viewer_of(request, settings.message_language)
    if slug == MAIN and MAIN not in reading.facts["pages"]:
        return _index(request, reading, viewer)
    page = found_page(reading, slug)
    if not doors.is_open(request, page):
        return doors.locked(request, page, viewer)
    audience = _audience(page, reading)
    stale = reading.old_seconds if reading.is_last else None

    def make() -> bytes:
        values = values_of(request, page, viewer, period, stale)
        values["can_subscribe"] = can_subscribe(page, reading, settings)
        return render(FOLDER, "status.html", language=viewer.language, words=viewer.words, **values).encode()

    html = make() if reading.is_last else reading.made(("html", slug, *_variant(request, viewer)), make)
    response = _html(request, html, audience, reading, viewer, logo_of(page.settings))
    if can_subscribe(page, reading, settings):
        # Otherwise a browser does not say that the form is ours.
        response.headers["Referrer-Policy"] = "same-origin"
    return response


def monitor_answer(request: Request, settings: Settings, monitor_id: str) -> Response:
    """The page of a monitor, for those who may see a page with it."""
    reading, period = _read(request, settings)
    viewer = viewer_of(request, settings.message_language)
    slugs = sorted(reading.facts["pages"], key=lambda slug: (slug not in open_pages(reading.facts), slug != MAIN))
    for slug in slugs:
        page = found_page(reading, slug)
        monitor = page.has(number_of(monitor_id))
        if monitor is not None and doors.is_open(request, page):
            html = _monitor_html(request, page, monitor, viewer, period, reading)
            return _html(request, html, _audience(page, reading), reading, viewer, logo_of(page.settings))
    raise missing()


def json_answer(request: Request, settings: Settings, slug: str) -> Response:
    """A page as JSON."""
    reading = readings(settings).get(settings)
    page = _opened(request, reading, slug)
    viewer = viewer_of(request, settings.message_language)
    body = json.dumps(feeds.document_of(page, viewer, reading), ensure_ascii=False, indent=1) + "\n"
    response = Response(body, mimetype="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return _finished(request, response, page, reading, viewer)


def feed_answer(request: Request, settings: Settings, slug: str, *, is_atom: bool) -> Response:
    """The history of a page, as a feed."""
    reading = readings(settings).get(settings)
    page = _opened(request, reading, slug)
    viewer = viewer_of(request, settings.message_language)
    url = f"{base_of(request, FIRST, settings.public_url)}/status{f'/{slug}' if slug else ''}"
    title = title_of(page, viewer.plain)
    entries = feeds.entries_of(page, viewer.plain, viewer.language)
    text = feeds.atom(page, entries, url, title) if is_atom else feeds.json_feed(entries, url, title)
    response = Response(text, mimetype="application/atom+xml" if is_atom else "application/feed+json")
    return _finished(request, response, page, reading, viewer)


def embedded(request: Request, settings: Settings, monitor_id: str) -> Response:
    """A monitor's state for a frame of another site."""
    reading = readings(settings).get(settings)
    monitor = shown_openly(reading, monitor_id)
    viewer = viewer_of(request, settings.message_language, "embed")
    uptime = uptime_text(monitor.buckets["days"])
    html = render(
        FOLDER,
        "embed.html",
        language=viewer.language,
        words=viewer.words,
        root=viewer.root,
        name=monitor.name,
        monitor=monitor,
        uptime=viewer.say("uptime", uptime=uptime) if uptime else "",
        stale=formatting.duration(reading.old_seconds, viewer.language) if reading.is_last else None,
        theme=request.args.get("theme", ""),
    )
    response = page_answer(request, html, "embedded", has_script=False, age=0 if reading.is_last else reading.age)
    return response if viewer.is_in_address else varies_by_language(response)


def shown_openly(reading: Reading, monitor_id: str) -> Monitor:
    """The monitor, if a page without a password shows it. Raises Problem otherwise."""
    number = number_of(monitor_id)
    for slug in open_pages(reading.facts):
        monitor = found_page(reading, slug).has(number)
        if monitor is not None:
            return monitor
    raise missing()


def known_now(monitor: Monitor, reading: Reading) -> Monitor:
    """The monitor for a picture, which cannot say how old a reading is: without what may have changed since."""
    if not reading.is_last or monitor.shown == "paus" or (monitor.known_until or reading.facts["at"]) >= as_text(now()):
        return monitor
    return monitor._replace(shown="unk", pace=[])


def number_of(text: str) -> int:
    """The number in a path. Raises Problem, as for what is not there, if it is none."""
    if not web.is_id(text):
        raise missing()
    return int(text)


def _read(request: Request, settings: Settings) -> tuple[Reading, str]:
    """The reading, and the period that is asked for as far as the reading has it: the last one may not."""
    asked = request.args.get("period", "")
    reading = readings(settings).get(settings, has_months=PERIODS.get(asked) == "months")
    is_known = asked in PERIODS and all(PERIODS[asked] in each for each in reading.facts["monitors"])
    return reading, asked if is_known else "90d"


def _index(request: Request, reading: Reading, viewer: Viewer) -> Response:
    """The list of the pages that everybody may see."""
    listed = []
    for slug in open_pages(reading.facts):
        page = found_page(reading, slug)
        sentence = written(page, viewer)
        title = title_of(page, viewer.plain)
        listed.append({"slug": slug, "title": title, "state": sentence.state, "sentence": sentence.title})
    if not listed:
        raise missing()
    page = Page(MAIN, {"title": viewer.plain("pages")}, reading.facts["at"], [], [], [], [], [])
    values = frame_of(request, page, viewer, written(page, viewer), live=LIVE_SECONDS)
    values |= {"title": viewer.plain("pages"), "listed": listed, "kept": ""}
    html = render(FOLDER, "pages.html", language=viewer.language, words=viewer.words, **values)
    return _html(request, html, "public", reading, viewer)


def _monitor_html(request: Request, page: Page, monitor: Monitor, viewer: Viewer, period: str, reading: Reading) -> str:
    """The page of one monitor alone."""
    name = PERIODS[period]
    names = {monitor.name}
    alone = page._replace(
        groups=[Group(None, [monitor])],
        open=[each for each in page.open if each["name"] in names],
        past=[each for each in page.past if each["name"] in names],
        incidents=[{**each, "monitors": [monitor.name]} for each in page.incidents if monitor.name in each["monitors"]],
        windows=[each for each in page.windows if each["names"] is True or monitor.name in each["names"]],
    )
    sentence = spoken(alone, viewer)
    known = [each for each in monitor.pace if each is not None]
    values = {
        **frame_of(request, alone, viewer, sentence, live=LIVE_SECONDS),
        "brand": title_of(page, viewer.plain),
        "hero": sentence,
        "stale": formatting.duration(reading.old_seconds, viewer.language) if reading.is_last else None,
        "row": rows_of(alone, name, viewer.say, viewer.language)[monitor.id],
        "period": name,
        "periods": [(code, linked(request, period=code), each) for code, each in PERIODS.items()],
        "cards": cards_of(alone),
        "past": past_of(alone),
        "chart": "",
        "chart_label": "",
        **helpers_of(alone, viewer),
    }
    if len(known) > 1:
        most = formatting.milliseconds(max(known), viewer.language)
        label = viewer.say("response_axis", pace=most)
        values |= {"chart": sparkline(monitor.pace, label, form="spark big"), "chart_label": label}
    return render(FOLDER, "monitor.html", language=viewer.language, words=viewer.words, **values)


def _opened(request: Request, reading: Reading, slug: str) -> Page:
    page = found_page(reading, slug)
    if not doors.is_open(request, page):
        raise web.Problem(403, "this page needs its password")
    _audience(page, reading)
    return page


def _audience(page: Page, reading: Reading) -> Audience:
    if not page.settings.get("password"):
        return "public"
    if reading.is_last:
        # It is never kept, so that nobody sees it longer than its password holds.
        raise web.Problem(503, "the status cannot be read at present")
    return "private"


def _variant(request: Request, viewer: Viewer) -> tuple[Any, ...]:
    return viewer.language, viewer.root, *sorted(kept_of(request).items())


def _html(
    request: Request, html: str | bytes, audience: Audience, reading: Reading, viewer: Viewer, image: str = ""
) -> Response:
    response = page_answer(request, html, audience, age=0 if reading.is_last else reading.age, image=image)
    return response if viewer.is_in_address else varies_by_language(response)


def _finished(request: Request, response: Response, page: Page, reading: Reading, viewer: Viewer) -> Response:
    response = finish(request, response, _audience(page, reading), age=0 if reading.is_last else reading.age)
    return response if viewer.is_in_address else varies_by_language(response)
