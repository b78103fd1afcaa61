"""The decorator around a function: its method, who may call it, and a problem instead of a traceback."""

import functools
import hmac
import logging
import os
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any, Protocol, cast

from flask import Request, Response
from pydantic_core import to_json

from shared.logs import step
from shared.settings import Access, SettingError, Settings, is_in_cloud, is_loopback
from shared.web.problems import Problem, response_to
from shared.web.request import MAX_BODY_BYTES, bearer_token, too_long

# The kinds of access that need a key, by API_AUTH. "open" never does.
_LOCKED = {
    "ingest": {"ingest", "manage"},
    "writes": {"ingest", "manage", "write"},
    "all": {"ingest", "manage", "write", "read"},
}
# A use case. The settings are those that the request was let in with.
UseCase = Callable[[Request, Settings], Response]
# Finds the use case for a request, and the access that it needs. Raises Problem if there is none.
Find = Callable[[Request], tuple[UseCase, Access]]


class Function(Protocol):
    """A use case behind its HTTP checks, as functions-framework calls it; ``infra/functions.toml`` says the same."""

    method: str
    access: Access

    def __call__(self, request: Request) -> Response:
        """Respond to the request."""


def function(
    method: str, access: Access, *, for_browsers: UseCase | None = None, takes_bearer: bool = False
) -> Callable[[UseCase], Function]:
    """Accept only ``method``, enforce ``API_AUTH``, and turn every exception into a problem response.

    ``for_browsers``: the use case that answers a browser instead, without a key. Programs ask for no HTML.
    ``takes_bearer``: the key may also come as a bearer token, for callers that can send no header of ours.
    """

    def decorate(use_case: UseCase) -> Function:
        def find(request: Request) -> tuple[UseCase, Access]:
            if not is_answered(request.method, method):
                raise not_allowed(request, [method])
            if for_browsers is not None and "text/html" in request.headers.get("Accept", ""):
                return for_browsers, "open"
            if takes_bearer and (token := bearer_token(request)):
                request.environ.setdefault("HTTP_X_API_KEY", token)
            return use_case, access

        function = cast(Function, responding(use_case, find))
        function.method, function.access = method, access
        return function

    return decorate


def responding(named: Callable[..., object], find: Find) -> Callable[[Request], Response]:
    """A function that is called like ``named``: it lets a request in to the use case that ``find`` finds."""
    name = named.__name__

    @functools.wraps(named)
    def respond(request: Request) -> Response:
        try:
            use_case, access = find(request)
            settings = _admit(request, access)
            response = use_case(request, settings)
        except Exception as error:  # noqa: BLE001  # each becomes a response; an unforeseen one is logged whole
            response = response_to(error, name)
        if response.status_code == HTTPStatus.NO_CONTENT:
            response.headers.pop("Content-Type", None)  # of nothing; by itself it is HTML
        # functions-framework reads the rest of the request after the response, however long it is.
        request.stream = BytesIO()
        step("server", "answered", level=logging.DEBUG, function=name, status=response.status_code)
        return response

    return respond


def is_answered(method: str, by: str) -> bool:
    """Whether a route for the method ``by`` answers a request's method. GET means HEAD too."""
    return method == by or (method == "HEAD" and by == "GET")


def not_allowed(request: Request, methods: Collection[str]) -> Problem:
    """The problem of a request whose method is none of these."""
    allowed = {*methods, "HEAD"} if "GET" in methods else {*methods}
    headers = {"Allow": ", ".join(sorted(allowed))}
    return Problem(405, f"the method {request.method} is not allowed", headers=headers)


def answer(body: Any, status: int = 200) -> Response:
    """``body`` (dicts, lists and models) as a JSON response."""
    return Response(to_json(body) + b"\n", status, mimetype="application/json")


def refuse_foreign_host(environ: Mapping[str, Any], settings: Settings) -> None:
    """Raise Problem if the ``Host`` of a request is not ours.

    In a cloud only with a PUBLIC_URL of one's own: nobody can point the platforms' names elsewhere.
    """
    if settings.public_url is None and is_in_cloud(os.environ):
        return
    # Imported here, since a function in a cloud mostly starts without it.
    from shared.web.host import refuse_if_foreign

    refuse_if_foreign(environ, settings)


def _admit(request: Request, access: Access) -> Settings:
    """The settings that the request is let in with. Raises Problem or SettingError if it is not let in."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_long()
    settings = Settings.from_env()
    refuse_foreign_host(request.environ, settings)
    if _is_open_to_others(request):
        _meet_weak_keys(request, access, settings)
        if settings.api_auth != "all":
            warn_of_open_access(settings.api_auth)
    if access in _LOCKED[settings.api_auth]:
        if access == "ingest":
            _require_key(request, settings)
        else:
            require_key_or_session(request, settings)
    return settings


def _has_session(request: Request, settings: Settings) -> bool:
    """Whether somebody who is signed in to the dashboard calls, from a page of it."""
    if "X-CSRF-Token" not in request.headers:
        return False
    # Imported here: hardly a call comes from a page, and most functions start without it.
    from shared.web.sessions import authorises

    return authorises(request, settings)


def has_key(request: Request, settings: Settings) -> bool:
    """Whether the caller has shown a key, be it needed or not."""
    given = _given_key(request)
    # Reads may be open where no key is configured, and nobody can have shown one.
    return bool(given and settings.api_keys) and _is_a_key(given, settings)


def key_of(request: Request, settings: Settings) -> str | None:
    """The key that the caller has shown, be it needed or not; None without one."""
    return _given_key(request).decode("utf-8", "replace") if has_key(request, settings) else None


def _given_key(request: Request) -> bytes:
    # WSGI hands header bytes over as Latin-1.
    return request.headers.get("X-API-Key", "").encode("latin-1", "replace")


def _is_a_key(given: bytes, settings: Settings) -> bool:
    # Compare with every key, even after a match: otherwise the response time would tell which one it was.
    are_equal = [hmac.compare_digest(given, key.get_secret_value().encode()) for key in settings.keys]
    return any(are_equal)


def require_key_or_session(request: Request, settings: Settings) -> None:
    """Raise a Problem, 401, if the request shows no key, and comes from no page of somebody who is signed in."""
    if not _has_session(request, settings):
        _require_key(request, settings)


def _require_key(request: Request, settings: Settings) -> None:
    given = _given_key(request)
    if not _is_a_key(given, settings):
        detail = "the X-API-Key header is wrong" if given else "the X-API-Key header is missing"
        raise Problem(401, detail, headers={"WWW-Authenticate": 'ApiKey header="X-API-Key"'})


def _is_open_to_others(request: Request) -> bool:
    if _listens_to_others(request):
        return True
    # Imported here, since a function in a cloud starts without it.
    from shared.web.visitors import is_passed_on

    return is_passed_on(request)


def _listens_to_others(request: Request) -> bool:
    # A server that listens on TCP puts the address that it is bound to there. On Lambda it is the Host header, which
    # the caller controls, so we check for a cloud first.
    return is_in_cloud(os.environ) or not is_loopback(request.environ["SERVER_NAME"])


def _meet_weak_keys(request: Request, access: Access, settings: Settings) -> None:
    """Raise SettingError if a key can be guessed; behind a proxy alone only if it would open what is read or managed.

    Pings that are refused there would open outages, and agents that worked would fall silent.
    """
    try:
        settings.refuse_weak_keys()
    except SettingError as weak:
        needs_key = access in _LOCKED[settings.api_auth] or bool(_given_key(request))
        if _listens_to_others(request) or (needs_key and access not in ("open", "ingest")):
            raise
        if access == "ingest":
            warn_of_weak_key(str(weak))


@functools.cache
def warn_of_weak_key(weak: str) -> None:
    """Log that a key which can be guessed lets agents in through a proxy; once in a process."""
    reason = f"anybody who guesses the key reports events through the proxy; {weak}"
    step("server", "weak_key", level=logging.WARNING, reason=reason)


@functools.cache
def warn_of_open_access(api_auth: str) -> None:
    """Log what callers can do without a key; once in a process."""
    changes = " and changes them" if api_auth == "ingest" else ""
    step(
        "server",
        "open_to_others",
        level=logging.WARNING,
        api_auth=api_auth,
        reason=f"anybody who reaches this address reads alerts{changes} without a key; API_AUTH=all requires one",
    )
