"""The decorator around every function: its method, who may call it, and no traceback as an answer."""

import functools
import hmac
import logging
import os
from collections.abc import Callable
from io import BytesIO
from typing import Any, Literal

from flask import Request, Response
from pydantic_core import to_json

from shared.logs import step
from shared.settings import Settings, is_in_cloud, is_loopback
from shared.web.problems import Problem, response_to
from shared.web.request import MAX_BODY_BYTES, too_long

Access = Literal["read", "write", "ingest"]
# Where the request carries the settings that it was let in with.
_SETTINGS = "bonghwa.settings"
# Which kinds of access need a key, by API_AUTH. Scheduled functions are "ingest": they are the agent's side too.
_LOCKED = {"ingest": {"ingest"}, "writes": {"ingest", "write"}, "all": {"ingest", "write", "read"}}
Function = Callable[[Request], Response]


def function(method: str, access: Access) -> Callable[[Function], Function]:
    """Make a function answer ``method`` only, to whom ``API_AUTH`` allows ``access``, and never with a traceback."""

    def decorate(handler: Function) -> Function:
        @functools.wraps(handler)
        def answered(request: Request) -> Response:
            try:
                _check(request, method, access)
                response = handler(request)
            except Exception as error:  # noqa: BLE001  # each becomes an answer; the unforeseen one is logged whole
                response = response_to(error, handler.__name__)
            # functions-framework reads the rest of the request once it is answered, however long it is.
            request.stream = BytesIO()
            step("server", "answered", level=logging.DEBUG, function=handler.__name__, status=response.status_code)
            return response

        return answered

    return decorate


def answer(body: Any, status: int = 200) -> Response:
    """``body`` (dicts, lists and models) as a JSON response."""
    return Response(to_json(body) + b"\n", status, mimetype="application/json")


def settings_of(request: Request) -> Settings:
    """The settings, as they were read when the request was let in."""
    settings: Settings = request.environ[_SETTINGS]
    return settings


def _check(request: Request, method: str, access: Access) -> None:
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        allowed = "GET, HEAD" if method == "GET" else method
        raise Problem(405, f"{request.method} is not answered here", headers={"Allow": allowed})
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_long()
    request.environ[_SETTINGS] = settings = Settings.from_env()
    if _is_open_to_others(request):
        settings.refuse_weak_keys()
        if settings.api_auth != "all":
            _say_what_is_open(settings.api_auth)
    if access not in _LOCKED[settings.api_auth]:
        return
    # WSGI hands header bytes over as Latin-1.
    given = request.headers.get("X-API-Key", "").encode("latin-1", "replace")
    # Each of them, whichever it is: how long the answer takes tells nothing about it.
    are_equal = [hmac.compare_digest(given, key.get_secret_value().encode()) for key in settings.keys]
    if not any(are_equal):
        detail = "the X-API-Key header is wrong" if given else "the X-API-Key header is missing"
        raise Problem(401, detail, headers={"WWW-Authenticate": 'ApiKey header="X-API-Key"'})


def _is_open_to_others(request: Request) -> bool:
    # A server that listens on TCP puts there the address that it is bound to. On Lambda it is the Host header, which
    # is the caller's word, and so a cloud is asked for first.
    return is_in_cloud(os.environ) or not is_loopback(request.environ["SERVER_NAME"])


@functools.cache
def _say_what_is_open(api_auth: str) -> None:
    step(
        "server",
        "open_to_others",
        level=logging.WARNING,
        api_auth=api_auth,
        reason="whoever reaches this address reads alerts"
        f"{' and changes them' if api_auth == 'ingest' else ''} without a key; API_AUTH=all asks everybody for one",
    )
