"""/status/subscriptions/<token>: a link in a mail that confirms a subscription, or ends it.

Opening it changes nothing, since programs that scan mail follow links too. A POST acts at once, as RFC 8058 wants it.
"""

from flask import Request, Response

from functions.status_page.answering import with_pages
from functions.status_page.readings import readings
from functions.status_page.showing import viewer_of
from functions.status_page.subscribing.told import told
from functions.status_page.visible import Page, missing, page_of
from shared import web
from shared.links import subscriptions as tokens
from shared.logs import step
from shared.models import now
from shared.settings import Settings
from shared.store import Subscriber, open_store


@web.route("GET", "/status/subscriptions/<token>", access="open")
@with_pages
def show_subscription(request: Request, settings: Settings, token: str) -> Response:
    """200 with a page that has one button; it changes nothing. 404 for what is no link, 410 if it has expired."""
    return _answer(request, settings, token, acts=False)


@web.route("POST", "/status/subscriptions/<token>", access="open")
@with_pages
def use_subscription(request: Request, settings: Settings, token: str) -> Response:
    """200 once the subscription is confirmed, or ended; again too. 404 and 410 as for the page."""
    return _answer(request, settings, token, acts=True)


def _answer(request: Request, settings: Settings, text: str, *, acts: bool) -> Response:
    token = tokens.read(text)
    if token is None:
        raise missing()
    people = open_store(settings).subscriptions.subscribers
    found = people.get(token.subscriber_id)
    # A wrong signature is answered as if there were no such subscriber, so that nobody can try numbers.
    whose = found if found is not None and token.is_signed_by(found.secret) else None
    page = _page(settings, whose)
    viewer = viewer_of(request, whose.language if whose else settings.message_language)
    if token.purpose == "end":
        if whose is None:
            return told(request, page, viewer, "ended")
        if not acts:
            return told(request, page, viewer, "end", button="do_end")
        people.remove(whose.id)
        step("server", "subscription_ended", subscriber_id=whose.id)
        return told(request, page, viewer, "ended")
    if whose is None or (token.ends_at is not None and now() >= token.ends_at and not whose.is_confirmed):
        return told(request, page, viewer, "expired", status=410)
    if whose.is_confirmed:
        return told(request, page, viewer, "confirmed")
    if not acts:
        return told(request, page, viewer, "confirm", button="do_confirm", address=whose.address)
    people.confirm(whose.id, now=now())
    step("server", "subscription_confirmed", subscriber_id=whose.id)
    return told(request, page, viewer, "confirmed")


def _page(settings: Settings, whose: Subscriber | None) -> Page | None:
    """The page that the subscription is of, if it is still there."""
    return page_of(readings(settings).get(settings).facts, whose.slug) if whose else None
