"""The headers by which our gateway describes a request that it passes on to a service which it alone may call.

On the way the platform needs ``Host`` for the service's own name, and adds addresses of its own to ``X-Forwarded-For``.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import current_app

# Set for such a service. Anybody could send the headers to a service that others may call too.
ONLY_FORWARDED = "ONLY_FORWARDED"
_HOST, _WAY = "X-Bonghwa-Host", "X-Bonghwa-Way"


def headers_of(environ: WSGIEnvironment) -> dict[str, str]:
    """The headers that go on with a request: by which name, and by which addresses, it came."""
    way = environ.get("HTTP_X_FORWARDED_FOR", "").strip() or environ.get("REMOTE_ADDR", "")
    return {_HOST: environ.get("HTTP_HOST", ""), _WAY: way}


def see_requests_as_they_came() -> None:
    """Let the app that is being made see each request as it came to the gateway."""
    current_app.wsgi_app = as_it_came(current_app.wsgi_app)  # type: ignore[method-assign,assignment]  # as Flask's manual does it


def as_it_came(app: WSGIApplication) -> WSGIApplication:
    """``app``, which sees each request as it came to the gateway."""

    def restored(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        for name, ours in (("HTTP_HOST", _HOST), ("HTTP_X_FORWARDED_FOR", _WAY)):
            if value := environ.get(f"HTTP_{ours.upper().replace('-', '_')}"):
                environ[name] = value
        return app(environ, start_response)

    return restored
