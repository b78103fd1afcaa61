"""Sign in with a key, the password or a link that holds once; and sign out."""

import logging

from flask import Response

from functions.dashboard.visit import Visit, changing, open_to_all
from shared import web
from shared.logs import step
from shared.messages import one_line
from shared.settings import network_of
from shared.web import sessions
from shared.web.forms import form_of
from shared.web.visitors import address_of, is_passed_on

MAX_NAME = 64


@web.route("GET", "/dashboard/sign-in", access="open")
@open_to_all
def show_sign_in(visit: Visit) -> Response:
    """200 with the form; or with one button, if the link has a token that is still good. It changes nothing."""
    if visit.session is not None:
        return visit.to(visit.next_page())
    return _page(visit, token=visit.request.args.get("token", ""))


@web.route("POST", "/dashboard/sign-in", access="open")
@open_to_all
def sign_in(visit: Visit) -> Response:
    """303 to where one wanted to go; 403 if the key or the link is wrong, 429 after too many wrong ones."""
    visit.form = form_of(visit.request)
    if not sessions.is_own_origin(visit.request, visit.settings):
        raise web.Problem(403, visit.say("foreign_origin"))
    address = address_of(visit.request, visit.settings)
    tried = visit.store.visits.sessions.try_sign_in(network_of(address), now=visit.at)
    if tried is None:
        step("server", "sign_in_refused", level=logging.WARNING, address=address, reason="too many wrong tries")
        response = _page(visit, error=visit.say("too_many_tries"), status=429)
        response.headers["Retry-After"] = "60"
        return response
    token = visit.form.get("token", "")
    if token:
        secret = sessions.secret_of_link(token, visit.settings)
        if secret is not None and not visit.store.visits.sessions.use_link(token, now=visit.at):
            secret = None
    else:
        secret = sessions.secret_shown(visit.form.get("key", ""), visit.settings)
    if secret is None:
        step("server", "sign_in_failed", level=logging.WARNING, address=address)
        error = visit.say("link_used") if token else visit.say("wrong_key", n=tried.left)
        return _page(visit, error=error, status=403)
    if secret in visit.settings.api_keys and is_passed_on(visit.request):
        visit.settings.refuse_weak_keys()
    visit.store.visits.sessions.forgive(tried)
    step("server", "signed_in", address=address)
    response = visit.to(visit.next_page())
    name = one_line(visit.form.get("name", ""), MAX_NAME) or None
    sessions.begin(visit.request, response, visit.settings, secret, name)
    return response


@web.route("POST", "/dashboard/sign-out", access="open")
@changing
def sign_out(visit: Visit) -> Response:
    """303 to the sign-in. The session is none any more, here and on the server."""
    response = visit.to("/dashboard/sign-in")
    sessions.end(visit.request, response, visit.settings)
    return response


def _page(visit: Visit, *, token: str = "", error: str = "", status: int = 200) -> Response:
    is_link = bool(token) and sessions.secret_of_link(token, visit.settings) is not None
    return visit.page(
        "sign_in.html",
        visit.say("sign_in"),
        token=token if is_link else "",
        error=error or (visit.say("link_used") if token and not is_link else ""),
        next=visit.next_page(),
        name=visit.form.get("name", "")[:MAX_NAME],
        has_password=visit.settings.dashboard_password is not None,
        status=status,
    )
