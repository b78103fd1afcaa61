"""Lambda's entry point: it calls the function that ``FUNCTION_TARGET`` names, as functions-framework serves it.

An event from API Gateway is an HTTP request, and gets its response. Every other event is from a schedule: it becomes a
POST with our own API key, and a bad response becomes an exception, so that the platform counts a failure.
"""

import functools
import json
import logging
import os
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

import functions_framework
from apig_wsgi import make_lambda_handler

from infra.clouds.aws import parameter_store
from shared import ROOT
from shared.logs import step
from shared.settings import Settings
from shared.web import RETRY_AFTER_SECONDS, problems

LambdaEvent = dict[str, Any]
LambdaResponse = dict[str, Any]
Call = Callable[[LambdaEvent, Any], LambdaResponse]

# The API's route for requests that match no other.
UNROUTED = "$default"
# The query of a run that a message from a queue asks for: the run at the tick has sent it, and this one sends no other.
LATER = "is_later=true"
_MAIN = str(ROOT / "main.py")


class FunctionFailed(Exception):
    """A scheduled run got a bad response; the text has it."""


def handler(event: LambdaEvent, context: Any) -> LambdaResponse:
    """Respond to an HTTP request of API Gateway (payload 2.0), or do a scheduled run; several messages are one run.

    Raises:
        FunctionFailed: the response to the scheduled run was not 2xx.
        SecretUnreadable: a scheduled run cannot read a secret (a request gets 503). The next call tries again.
    """
    name = os.environ["FUNCTION_TARGET"]
    try:
        _load_secrets()
    except parameter_store.SecretUnreadable as unreadable:
        if "requestContext" not in event:
            raise
        return _unavailable(name, unreadable)
    if "requestContext" not in event:
        return _scheduled(name, context, LATER if "Records" in event else "")
    try:
        call = _unrouted() if event.get("routeKey") == UNROUTED else _function(name)
        return call(_as_wsgi(event), context)
    except Exception:  # noqa: BLE001  # otherwise the API would respond in its own words
        step("server", "defect", level=logging.ERROR, failure=True, function=name)
        return _problem(500, "an error of this program; its log has the details")


def _as_wsgi(event: LambdaEvent) -> LambdaEvent:
    """The request with nothing in it that WSGI does not allow: beyond Latin-1, or a body that is no base64."""
    # The path is decoded already.
    path = quote(event["rawPath"], safe="/%:@!$&'()*+,;=~", errors="replace")
    query = quote(event.get("rawQueryString") or "", safe="/?%:@!$&'()*+,;=~[]", errors="replace")
    headers = {name: _latin(value) for name, value in (event.get("headers") or {}).items() if name.isascii()}
    event = {**event, "rawPath": path, "rawQueryString": query, "headers": headers}
    event["cookies"] = [_latin(cookie) for cookie in event.get("cookies") or ()]
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            b64decode(body)
        except ValueError:
            # No JSON either, so the function says what is wrong.
            event["isBase64Encoded"] = False
    else:
        event["body"] = body.encode("utf-8", "replace").decode()
    return event


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


def _scheduled(name: str, context: Any, query: str) -> LambdaResponse:
    key = Settings.from_env().key.get_secret_value()
    request = {
        "version": "2.0",
        "rawPath": f"/{name}",
        "rawQueryString": query,
        "headers": {"host": "localhost", "x-api-key": key, "x-forwarded-proto": "https"},
        "requestContext": {"http": {"method": "POST", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}},
    }
    response = _function(name)(request, context)
    if not 200 <= response["statusCode"] < 300:
        raise FunctionFailed(f"{name} responded with {response['statusCode']}: {response['body'][:1000]}")
    found: LambdaResponse = json.loads(response["body"])
    return found


def _unavailable(name: str, unreadable: parameter_store.SecretUnreadable) -> LambdaResponse:
    # Otherwise the API would respond in its own words. The caller is not authenticated yet, so do not show AWS's words.
    step("server", "secret_unreadable", level=logging.ERROR, function=name, reason=str(unreadable))
    detail = "a secret of this function cannot be read; its log has the details"
    return _problem(503, detail, **{"retry-after": str(RETRY_AFTER_SECONDS)})


def _problem(status: int, detail: str, **headers: str) -> LambdaResponse:
    body = problems.document(status, detail).decode()
    headers = {"content-type": problems.MEDIA_TYPE, **headers}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}


@functools.cache
def _load_secrets() -> None:
    # Once in an instance's life: a deployment that changes a secret starts new instances.
    os.environ.update(parameter_store.read_secrets(os.environ.get("SECRET_NAMES", "").split()))


@functools.cache
def _function(name: str) -> Call:
    return make_lambda_handler(functions_framework.create_app(name, _MAIN))  # type: ignore[no-untyped-call]


@functools.cache
def _unrouted() -> Call:
    # The local gateway's 404 and 405, for requests without a function. Imported here, since they are rare.
    from infra.local.gateway import gateway
    from infra.table import rows

    nothing = gateway([], lambda _: lambda *_: [])

    def without_slash(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The API leads every path of the table to its function, but not one with a slash more.
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not path.endswith("/"):
            return nothing(environ, start_response)
        # Relative, so that it is right behind any path that a domain of one's own puts before ours.
        own = quote(path.removesuffix("/").rpartition("/")[2].encode("latin-1"))
        location = "/".join(("..", f"{own}?{query}" if query else own))
        start_response("308 Permanent Redirect", [("Location", location)])
        return []

    return make_lambda_handler(gateway(rows(), lambda _: without_slash))


def _get_ready_to_send() -> None:
    # Loading a channel's library may take 0.35 s of a whole processor. With the fraction that Lambda gives after the
    # start, it would take longer than the second that a send at once has. A function that sends later has the time.
    if os.environ.get("SENDS") != "at_once":
        return
    from shared import channels

    # A channel that is malformed, or whose secrets are not read yet, is left for the first call.
    for notifier in channels.read(os.environ)[0].values():
        notifier.get_ready()


if os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
    # Lambda gives a whole processor until the first event, and then a fraction of one. Nothing is opened here: the
    # first call reads the secrets, since it can report what is wrong, and the next call can try again.
    _function(os.environ["FUNCTION_TARGET"])
    parameter_store.context()
    _get_ready_to_send()
