"""The decorator around every function: its method, who may call it, and a problem instead of a traceback."""

import functools
import hmac
import logging
import os
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Protocol, cast

from flask import Request, Response
from pydantic_core import to_json

from shared.logs import step
from shared.settings import Access, Settings, is_in_cloud, is_loopback
from shared.web.problems import Problem, response_to
from shared.web.request import MAX_BODY_BYTES, too_long

# Which kinds of access need a key, by API_AUTH.
_LOCKED = {"ingest": {"ingest"}, "writes": {"ingest", "write"}, "all": {"ingest", "write", "read"}}
# A use case. The settings are those that the request was let in with.
UseCase = Callable[[Request, Settings], Response]


class Function(Protocol):
    """A use case behind its HTTP checks, as functions-framework calls it; ``infra/functions.toml`` says the same."""

    method: str
    access: Access

    def __call__(self, request: Request) -> Response:
        """Respond to the request."""


def function(method: str, access: Access) -> Callable[[UseCase], Function]:
    """Accept only ``method``, enforce ``API_AUTH``, and turn every exception into a problem response."""

    def decorate(use_case: UseCase) -> Function:
        @functools.wraps(use_case)
        def respond(request: Request) -> Response:
            try:
                settings = _admit(request, method, access)
                response = use_case(request, settings)
            except Exception as error:  # noqa: BLE001  # each becomes a response; an unforeseen one is logged whole
                response = response_to(error, use_case.__name__)
            # functions-framework reads the rest of the request after the response, however long it is.
            request.stream = BytesIO()
            step("server", "answered", level=logging.DEBUG, function=use_case.__name__, status=response.status_code)
            return response

        function = cast(Function, respond)
        function.method, function.access = method, access
        return function

    return decorate


def answer(body: Any, status: int = 200) -> Response:
    """``body`` (dicts, lists and models) as a JSON response."""
    return Response(to_json(body) + b"\n", status, mimetype="application/json")


def refuse_foreign_host(environ: Mapping[str, Any], settings: Settings) -> None:
    """Raise Problem if the ``Host`` of a request is not ours.

    In a cloud only with PUBLIC_URL: nobody can point the platforms' names elsewhere.
    """
    if settings.public_url is None and is_in_cloud(os.environ):
        return
    # Imported here, since a function in a cloud mostly starts without it.
    from shared.web.host import refuse_if_foreign

    refuse_if_foreign(environ, settings)


def _admit(request: Request, method: str, access: Access) -> Settings:
    """The settings that the request is let in with. Raises Problem or SettingError if it is not let in."""
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        allowed = "GET, HEAD" if method == "GET" else method
        raise Problem(405, f"the method {request.method} is not allowed", headers={"Allow": allowed})
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise too_long()
    settings = Settings.from_env()
    refuse_foreign_host(request.environ, settings)
    if _is_open_to_others(request):
        settings.refuse_weak_keys()
        if settings.api_auth != "all":
            warn_of_open_access(settings.api_auth)
    if access in _LOCKED[settings.api_auth]:
        _require_key(request, settings)
    return settings


def _require_key(request: Request, settings: Settings) -> None:
    # WSGI hands header bytes over as Latin-1.
    given = request.headers.get("X-API-Key", "").encode("latin-1", "replace")
    # Compare with every key, even after a match: otherwise the response time would tell which one it was.
    are_equal = [hmac.compare_digest(given, key.get_secret_value().encode()) for key in settings.keys]
    if not any(are_equal):
        detail = "the X-API-Key header is wrong" if given else "the X-API-Key header is missing"
        raise Problem(401, detail, headers={"WWW-Authenticate": 'ApiKey header="X-API-Key"'})


def _is_open_to_others(request: Request) -> bool:
    # A server that listens on TCP puts the address that it is bound to there. On Lambda it is the Host header, which
    # the caller controls, so we check for a cloud first.
    return is_in_cloud(os.environ) or not is_loopback(request.environ["SERVER_NAME"])


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
