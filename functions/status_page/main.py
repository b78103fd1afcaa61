"""/status: what visitors see, as pages, JSON, feeds, badges and frames; and the assets of all pages."""

import functions_framework
from flask import Request, Response

from functions.status_page import doors
from functions.status_page.answering import (
    embedded,
    feed_answer,
    json_answer,
    known_now,
    monitor_answer,
    page_html_answer,
    shown_openly,
    with_pages,
)
from functions.status_page.badges import KINDS, badge
from functions.status_page.looks import colors_in
from functions.status_page.readings import readings
from functions.status_page.showing import viewer_of
from functions.status_page.subscribing.asking import subscribe
from functions.status_page.subscribing.following import show_subscription, use_subscription
from functions.status_page.visible import missing
from shared import web
from shared.pages.answers import finish, varies_by_language
from shared.pages.assets import asset_answer
from shared.settings import Settings
from shared.settings.status_pages import MAIN


@web.route("GET", "/status", access="open")
@web.route("GET", "/status/<slug>", access="open")
@with_pages
def show_page(request: Request, settings: Settings, slug: str = MAIN) -> Response:
    """200 with the page, or with the list of pages if only others are configured; 404 if there is none.

    It is JSON if the path of another page ends with ``.json``.
    """
    if slug.endswith(".json"):
        return json_answer(request, settings, slug.removesuffix(".json"))
    return page_html_answer(request, settings, slug)


@web.route("POST", "/status", access="open")
@web.route("POST", "/status/<slug>", access="open")
@with_pages
def open_page(request: Request, settings: Settings, slug: str = MAIN) -> Response:
    """303 to the page for who knows its password; 403 or 429 otherwise."""
    return doors.unlock(request, settings, slug)


@web.route("GET", "/status.json", access="open")
def show_json(request: Request, settings: Settings) -> Response:
    """200 with what the page says, as JSON."""
    return json_answer(request, settings, MAIN)


@web.route("GET", "/status/feed.atom", access="open")
@web.route("GET", "/status/<slug>/feed.atom", access="open")
def show_atom(request: Request, settings: Settings, slug: str = MAIN) -> Response:
    """200 with what happened, as an Atom feed."""
    return feed_answer(request, settings, slug, is_atom=True)


@web.route("GET", "/status/feed.json", access="open")
@web.route("GET", "/status/<slug>/feed.json", access="open")
def show_feed(request: Request, settings: Settings, slug: str = MAIN) -> Response:
    """200 with what happened, as a JSON Feed."""
    return feed_answer(request, settings, slug, is_atom=False)


@web.route("GET", "/status/monitors/<id>", access="open")
@with_pages
def show_monitor(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with the page of a monitor; 404 if it is private, or if there is none."""
    return monitor_answer(request, settings, monitor_id)


@web.route("GET", "/badge/<id>/<what>", access="open")
def show_badge(request: Request, settings: Settings, monitor_id: str, what: str) -> Response:
    """200 with a picture: ``status.svg``, ``uptime.svg`` or ``response.svg``; 404 if the monitor is private.

    While the store cannot be reached, it says "No data" once the last check no longer says how the monitor is.
    """
    reading = readings(settings).get(settings)
    monitor = known_now(shown_openly(reading, monitor_id), reading)
    if what not in KINDS:
        raise missing()
    viewer = viewer_of(request, settings.message_language, "badge")
    response = Response(badge(what, monitor, viewer.plain, viewer.language), mimetype="image/svg+xml")
    # Opened by itself, a picture runs nothing.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response = finish(request, response, "public", age=0 if reading.is_last else reading.age)
    return response if viewer.is_in_address else varies_by_language(response)


@web.route("GET", "/embed/<id>", access="open")
def show_embedded(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with a monitor's state for a frame of another site; 404 if the monitor is private."""
    return embedded(request, settings, monitor_id)


@web.route("GET", "/assets/<key>", access="open")
def show_asset(request: Request, settings: Settings, name: str) -> Response:
    """200 with a stylesheet, a script or a picture of a page; everybody may keep it for ever."""
    response = asset_answer(request, name)
    if response is not None:
        return response
    if (colors := colors_in(name)) is None:
        raise missing()
    response = finish(request, Response(colors, mimetype="text/css"), "public")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@functions_framework.http
@web.routes(
    show_page,
    open_page,
    show_json,
    show_atom,
    show_feed,
    show_monitor,
    subscribe,
    show_subscription,
    use_subscription,
    show_badge,
    show_embedded,
    show_asset,
)
def status_page() -> None:
    """The pages of visitors. They are public; a page with a password asks for that."""
