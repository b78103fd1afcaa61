"""The public service, as functions-framework loads it: the laptop's gateway before the functions that people call.

``together``: those functions run in this process too, each imported by the first request for it. ``apart``: each is a
private service of its own, at FORWARD_TO with its name, and gets the request with an identity token of this service.
"""

import base64
import functools
import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Request, Response, current_app

from infra.local.gateway import FORWARD_SECONDS, forward, gateway, in_process
from infra.table import rows
from shared.web.forwarded import headers_of

# The address of a function's service, in which {} stands for the function's name with dashes.
FORWARD_TO = "FORWARD_TO"
# The names of the functions that it serves; all that people call if it is not set.
SERVES = "SERVES"
_IDENTITY = "/computeMetadata/v1/instance/service-accounts/default/identity?audience="
_METADATA_SECONDS = 5.0
_EARLY_SECONDS = 60.0


def together(request: Request) -> Response:
    """Every function behind the gateway, in this process."""
    return _answer(lazily, request)


def apart(request: Request) -> Response:
    """The gateway alone, before the functions' services."""
    return _answer(forwarder, request)


def serve(name: str) -> Callable[[Request], Response]:
    """``together`` or ``apart``. The gateway replaces functions-framework's own app, which routes some paths itself."""
    function, app_of = {"together": (together, lazily), "apart": (apart, forwarder)}[name]
    current_app.wsgi_app = _take_over(app_of)  # type: ignore[method-assign,assignment]  # as Flask's manual does it
    return function


def _answer(app_of: Callable[[str], WSGIApplication], request: Request) -> Response:
    return Response.from_app(_take_over(app_of), request.environ)  # type: ignore[return-value]  # it is of its class


@functools.cache
def _take_over(app_of: Callable[[str], WSGIApplication]) -> WSGIApplication:
    served = os.environ.get(SERVES)
    names = served.split(",") if served else [row.name for row in rows() if row.every is None]
    return gateway((row for row in rows() if row.name in names), app_of)


def lazily(name: str) -> WSGIApplication:
    """The function in this process, made by its first request: a cold start pays for one function, not for all."""
    made: list[WSGIApplication] = []
    making = threading.Lock()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not made:
            with making:
                if not made:
                    made.append(in_process(name))
        return made[0](environ, start_response)

    return app


def forwarder(name: str) -> WSGIApplication:
    """The function as a service of its own."""
    origin = os.environ[FORWARD_TO].format(name.replace("_", "-"))
    tokens = _Identity(origin)

    def connect() -> http.client.HTTPConnection:
        parts = urlsplit(origin)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.netloc, timeout=FORWARD_SECONDS)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # Authorization is the caller's own: https://cloud.google.com/run/docs/authenticating/service-to-service
        own = {"Host": urlsplit(origin).netloc, "X-Serverless-Authorization": f"Bearer {tokens.current()}"}
        return forward(connect, environ, start_response, {**headers_of(environ), **own})

    return app


class _Identity:
    """A token that says to one service who we are, from the instance's metadata server."""

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._token, self._ends_at = "", 0.0

    def current(self) -> str:
        """The token; an empty one if there is none, which the service then refuses."""
        if time.time() >= self._ends_at - _EARLY_SECONDS:
            try:
                self._token = _asked(self._audience)
                self._ends_at = float(_claims(self._token)["exp"])
            except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError):
                self._token, self._ends_at = "", 0.0
        return self._token


def _asked(audience: str) -> str:
    host = os.environ.get("GCE_METADATA_HOST") or "metadata.google.internal"
    asking = http.client.HTTPConnection(host, timeout=_METADATA_SECONDS)
    try:
        asking.request("GET", _IDENTITY + audience, headers={"Metadata-Flavor": "Google"})
        return asking.getresponse().read().decode("ascii").strip()
    finally:
        asking.close()


def _claims(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims
