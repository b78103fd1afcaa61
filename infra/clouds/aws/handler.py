"""What Lambda calls: one function of the table, which ``FUNCTION_TARGET`` names, as functions-framework serves it.

API Gateway hands over an HTTP request, and gets its answer. Whatever else calls it is a schedule: that becomes a POST
that shows our own API key, and an answer that is not good an exception, so that the platform knows of it.
"""

import functools
import json
import logging
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import functions_framework
from apig_wsgi import make_lambda_handler

from infra.clouds.aws import secrets_manager
from shared import ROOT
from shared.logs import step
from shared.settings import Settings
from shared.web import RETRY_AFTER_SECONDS, problems

Event = dict[str, Any]
Answer = dict[str, Any]
Call = Callable[[Event, Any], Answer]

# How the API names the requests that none of its routes takes.
UNROUTED = "$default"
_MAIN = str(ROOT / "main.py")


class FunctionFailed(Exception):
    """A scheduled run was not answered well; the text has the answer."""


def handler(event: Event, context: Any) -> Answer:
    """Answer an HTTP request of API Gateway (payload 2.0), or make a scheduled run; several messages are one run.

    Raises:
        FunctionFailed: the scheduled run was not answered with 2xx.
        SecretUnreadable: a scheduled run has a secret that cannot be had; a request gets 503. The next call asks again.
    """
    name = os.environ["FUNCTION_TARGET"]
    try:
        _tell_secrets()
    except secrets_manager.SecretUnreadable as unreadable:
        if "requestContext" not in event:
            raise
        return _unavailable(name, unreadable)
    if "requestContext" not in event:
        return _scheduled(name, context)
    # It is decoded already, and WSGI knows only Latin-1.
    event = {**event, "rawPath": quote(event["rawPath"], safe="/%:@!$&'()*+,;=~")}
    call = _unrouted() if event.get("routeKey") == UNROUTED else _function(name)
    return call(event, context)


def _scheduled(name: str, context: Any) -> Answer:
    key = Settings.from_env().key.get_secret_value()
    request = {
        "version": "2.0",
        "rawPath": f"/{name}",
        "rawQueryString": "",
        "headers": {"host": "localhost", "x-api-key": key, "x-forwarded-proto": "https"},
        "requestContext": {"http": {"method": "POST", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}},
    }
    answer = _function(name)(request, context)
    if not 200 <= answer["statusCode"] < 300:
        raise FunctionFailed(f"{name} answered {answer['statusCode']}: {answer['body'][:1000]}")
    found: Answer = json.loads(answer["body"])
    return found


def _unavailable(name: str, unreadable: secrets_manager.SecretUnreadable) -> Answer:
    # Else the API would answer for us, in words of its own. Who asks is not known yet, so what AWS said is not for him.
    step("server", "secret_unreadable", level=logging.ERROR, function=name, reason=str(unreadable))
    detail = "a secret of this function cannot be read; its log has the details"
    headers = {"content-type": problems.MEDIA_TYPE, "retry-after": str(RETRY_AFTER_SECONDS)}
    body = problems.document(503, detail).decode()
    return {"statusCode": 503, "headers": headers, "body": body, "isBase64Encoded": False}


@functools.cache
def _tell_secrets() -> None:
    # Once in an instance's life; a deployment that changes one starts new instances.
    os.environ.update(secrets_manager.read_secrets(os.environ.get("SECRET_NAMES", "").split()))


@functools.cache
def _function(name: str) -> Call:
    return make_lambda_handler(functions_framework.create_app(name, _MAIN))  # type: ignore[no-untyped-call]


@functools.cache
def _unrouted() -> Call:
    # The answers of the local gateway, 404 and 405, to whom the API knows no function. Rarely used, so imported here.
    from infra.local.gateway import gateway
    from infra.table import rows

    nothing = gateway([], lambda _: lambda *_: [])
    return make_lambda_handler(gateway(rows(), lambda _: nothing))


def _get_ready_to_send() -> None:
    # To load a channel's library may take 0.35 s of a whole processor, and later, with a fraction of one, more than the
    # second that a first send has here. deliver_notifications has the time, and seldom needs it.
    if os.environ.get("SENDS") != "at_once":
        return
    from shared import channels

    # A channel that is malformed, or whose secrets are not read yet, is left for the first call.
    for notifier in channels.read(os.environ)[0].values():
        notifier.get_ready()


if os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
    # Until the first event Lambda gives a whole processor, and from then on a fraction of one. Nothing is opened here:
    # the secrets are read by the first call, which can say what is wrong and after which the next tries again.
    _function(os.environ["FUNCTION_TARGET"])
    secrets_manager.context()
    _get_ready_to_send()
