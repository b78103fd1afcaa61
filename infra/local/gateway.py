"""The gateway: one WSGI app that finds each request's function in the table and forwards the request to it."""

import functools
import http.client
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import functions_framework
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.wrappers import Response

from infra.table import MAIN, Row
from shared.settings import SettingError, Settings, is_loopback
from shared.web import MAX_BODY_BYTES, RETRY_AFTER_SECONDS, Problem, problems, refuse_foreign_host

FORWARD_SECONDS = 120.0
START_SECONDS = 15.0
_HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "date", "server"}


def gateway(table: Iterable[Row], app_of: Callable[[str], WSGIApplication]) -> WSGIApplication:
    """A WSGI app that leads every route of every row to ``app_of(name)``; all of these are made now.

    A request that has no route and is below one of a row's ``below`` goes there too.
    """
    rows = tuple(table)
    apps = {row.name: app_of(row.name) for row in rows}
    routes = _routes(rows)
    below = {f"{path}/": apps[row.name] for row in rows for path in row.below}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (foreign := _foreign_host(environ)) is not None:
            return foreign(environ, start_response)
        # functions-framework would respond with HTML to a path that contains a newline.
        if "\n" in environ["PATH_INFO"]:
            return _not_found(environ, start_response)
        try:
            name, _ = routes.bind_to_environ(environ).match()
        except (MethodNotAllowed, NotFound) as error:
            if found := next((found for path, found in below.items() if environ["PATH_INFO"].startswith(path)), None):
                return found(environ, start_response)
            if isinstance(error, NotFound):
                return _not_found(environ, start_response)
            allowed = {"Allow": ", ".join(sorted(_allowed(routes.bind_to_environ(environ), error.valid_methods or ())))}
            found = _problem(405, f"the method {environ['REQUEST_METHOD']} is not allowed", allowed)
            return found(environ, start_response)
        except HTTPException:
            return _problem(400, "the Host header is malformed")(environ, start_response)
        return apps[name](environ, start_response)

    return app


@functools.cache
def _routes(rows: tuple[Row, ...]) -> Map:
    """Kept: to make it takes longer than everything else that a gateway is made of."""
    rules = [
        Rule(route.path, methods=[route.method], endpoint=row.name, strict_slashes=False)
        for row in rows
        for route in row.routes
    ]
    return Map(rules, merge_slashes=False)


def _allowed(routes: MapAdapter, methods: Iterable[str]) -> list[str]:
    """Those of the methods whose routes have the fewest parameters: they take the path from the others."""
    found = {method: len(routes.match(method=method, return_rule=True)[0].arguments) for method in methods}
    return [method for method, count in found.items() if count == min(found.values())]


def in_process(name: str) -> WSGIApplication:
    """The function as functions-framework serves it, in this process."""
    app: WSGIApplication = functions_framework.create_app(name, str(MAIN))  # type: ignore[no-untyped-call]
    return app


def in_processes(ports: Mapping[str, int]) -> Callable[[str], WSGIApplication]:
    """Functions that run in processes of their own, at these ports of this machine."""

    def forwarder(name: str) -> WSGIApplication:
        def connect() -> http.client.HTTPConnection:
            return http.client.HTTPConnection("127.0.0.1", ports[name], timeout=FORWARD_SECONDS)

        return lambda environ, start_response: forward(connect, environ, start_response)

    return forwarder


def forward(
    connect: Callable[[], http.client.HTTPConnection],
    environ: WSGIEnvironment,
    start_response: StartResponse,
    own: Mapping[str, str] = MappingProxyType({}),
) -> Iterable[bytes]:
    """Send a request on over a connection that ``connect`` makes, with our ``own`` headers, and return its response."""
    if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return _problem(413, f"the body is longer than {MAX_BODY_BYTES} bytes")(environ, start_response)
    body = _body(environ)
    if body is None:
        return _problem(400, "the body is malformed, or ends too early")(environ, start_response)
    headers = {key[5:].replace("_", "-").title(): value for key, value in environ.items() if key.startswith("HTTP_")}
    # An agent's Date header says what its clock shows.
    headers = {key: value for key, value in headers.items() if key.lower() not in _HOP_BY_HOP - {"date"}}
    headers |= {"Content-Type": environ["CONTENT_TYPE"]} if environ.get("CONTENT_TYPE") else {}
    # Otherwise every caller would seem to be on this machine.
    known = [headers["X-Forwarded-For"]] if "X-Forwarded-For" in headers else []
    if not (known and _is_trusted(environ.get("REMOTE_ADDR", ""))):
        headers["X-Forwarded-For"] = ", ".join([*known, environ.get("REMOTE_ADDR", "?")])
    headers |= own
    try:
        response, content = _send(connect, environ["REQUEST_METHOD"], environ["RAW_URI"], body, headers)
    except (OSError, http.client.HTTPException):
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return _problem(503, "the function's process does not respond", headers)(environ, start_response)
    kept = [(key, value) for key, value in response.getheaders() if key.lower() not in _HOP_BY_HOP]
    start_response(f"{response.status} {response.reason}", kept)
    return [content]


def _body(environ: WSGIEnvironment) -> bytes | None:
    """The body, up to one byte over the limit, which the function then rejects; None if it was cut short."""
    try:
        body: bytes = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
    except Exception:  # noqa: BLE001  # each server raises its own error if the body does not arrive as announced
        return None
    return None if len(body) < int(environ.get("CONTENT_LENGTH") or 0) else body


def _send(
    connect: Callable[[], http.client.HTTPConnection], method: str, uri: str, body: bytes, headers: dict[str, Any]
) -> tuple[http.client.HTTPResponse, bytes]:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        connection = connect()
        try:
            connection.request(method, uri, body, headers)
            response = connection.getresponse()
            return response, response.read()
        except ConnectionRefusedError:
            # The process is still starting, or starts again.
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)


def _is_trusted(address: str) -> bool:
    try:
        return Settings.from_env().trusts(address)
    except SettingError:
        return is_loopback(address)  # the function says which


def _foreign_host(environ: WSGIEnvironment) -> Response | None:
    """The response to a request for somebody else; None if it is for us, or a setting is malformed."""
    try:
        refuse_foreign_host(environ, Settings.from_env())
    except Problem as problem:
        return _problem(problem.status, str(problem), **problem.members)
    except SettingError:
        pass  # the function says which
    return None


def _not_found(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return _problem(404, "there is nothing at this path")(environ, start_response)


def _problem(status: int, detail: str, headers: dict[str, str] | None = None, **members: Any) -> Response:
    return Response(problems.document(status, detail, **members), status, headers, mimetype=problems.MEDIA_TYPE)
