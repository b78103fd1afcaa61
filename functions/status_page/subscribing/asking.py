"""POST /status/subscribe: somebody wants mail about a page. The answer does not tell if we know the address."""

from flask import Request, Response

from functions.status_page import doors
from functions.status_page.answering import can_subscribe, found_page, with_pages
from functions.status_page.readings import readings
from functions.status_page.showing import viewer_of
from functions.status_page.subscribing.told import told
from functions.status_page.visible import missing
from shared import web
from shared.models import now
from shared.pages.requests import LANGUAGES
from shared.settings import Settings
from shared.settings.status_pages import MAIN
from shared.store import open_store

MAX_ADDRESS = 254


@web.route("POST", "/status/subscribe", access="open")
@web.route("POST", "/status/<slug>/subscribe", access="open")
@with_pages
def subscribe(request: Request, settings: Settings, slug: str = MAIN) -> Response:
    """202 with a page: a mail asks for a confirmation. 422 for what is no address, 429 if too many ask."""
    from shared.web.sessions import is_own_origin
    from shared.web.visitors import address_of

    reading = readings(settings).get(settings)
    page = found_page(reading, slug)
    if not can_subscribe(page, reading, settings):
        raise missing()
    if not doors.is_open(request, page):
        raise web.Problem(403, "this page needs its password")
    if not is_own_origin(request, settings):
        raise web.Problem(403, "the form of another site")
    said = request.form.get("lang", "")
    chosen = next((each for each in LANGUAGES if each == said), None)
    viewer = viewer_of(request, settings.message_language, chosen=chosen)
    address = mailable(request.form.get("address", ""))
    if address is None:
        return told(request, page, viewer, "not_address", status=422, has_path=False)
    people = open_store(settings).subscriptions.subscribers
    if not people.ask(slug, address, viewer.language, client=address_of(request, settings), now=now()):
        response = told(request, page, viewer, "too_often", status=429, has_path=False)
        response.headers["Retry-After"] = "3600"
        return response
    return told(request, page, viewer, "asked", status=202, has_path=False)


def mailable(text: str) -> str | None:
    """The address that a person typed, as one writes it on an envelope; None if mail cannot reach it from anywhere."""
    # Imported here: only the form needs it.
    from shared.notifiers.services.email.addresses import address_of

    text = text.strip()
    if len(text) > MAX_ADDRESS:
        return None  # before anything reads it all
    try:
        address = address_of(text)
    except ValueError:
        return None
    # A name before it is for the eye, and a host without a dot, or a number, is in our own network.
    is_public = "." in address.domain and not address.domain.startswith("[")
    has_letters = not address.domain.replace(".", "").isdecimal()
    # A domain in another script is longer in ASCII.
    is_bare = "<" not in text and len(address.text) <= MAX_ADDRESS
    return address.text if is_public and has_letters and is_bare else None
