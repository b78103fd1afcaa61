"""/heartbeats/<token> and the push URLs of Uptime Kuma and Gatus: jobs say by themselves that they run."""

import logging

import functions_framework
from flask import Request, Response

from functions.receive_heartbeat import reading
from functions.receive_heartbeat.guesses import Guesses
from shared import web
from shared.alerting.heartbeats import Ping
from shared.channels import configured
from shared.delivery import notify_of
from shared.logs import step
from shared.models import now
from shared.notifiers import routes_of
from shared.settings import Settings, network_of
from shared.store import HeartbeatNotFound, TokenShared, open_store
from shared.web.visitors import address_of

_GUESSES = Guesses()


@web.route("GET", "/heartbeats/<token>", access="open")
@web.route("POST", "/heartbeats/<token>", access="open")
def receive_ping(request: Request, settings: Settings, token: str) -> Response:
    """200 with ``{"ok": true}`` once it is saved; 404 if no monitor has this token."""
    return _take(request, settings, token, reading.alive(request, token))


@web.route("GET", "/heartbeats/<token>/<what>", access="open")
@web.route("POST", "/heartbeats/<token>/<what>", access="open")
def receive_result(request: Request, settings: Settings, token: str, what: str) -> Response:
    """As ``receive_ping``; ``what`` is ``start``, ``fail`` or the exit code of the run. Anything else is 404."""
    ping = reading.of_run(request, token, what)
    if ping is None:
        return _refused(404, "expected start, fail or an exit code from 0 to 255 after the token")
    return _take(request, settings, token, ping)


@web.route("GET", "/api/push/<token>", access="open")
@web.route("POST", "/api/push/<token>", access="open")
def receive_push(request: Request, settings: Settings, token: str) -> Response:
    """As ``receive_ping``, from a client of Uptime Kuma: ``?status=up|down&msg=&ping=``."""
    return _take(request, settings, token, reading.of_uptime_kuma(request, token))


@web.route("POST", "/api/v1/endpoints/<key>/external", access="open")
def receive_external_result(request: Request, settings: Settings, key: str) -> Response:
    """As ``receive_ping``, from a client of Gatus: ``?success=true|false&error=&duration=`` with a bearer token."""
    token = web.bearer_token(request)
    return _take(request, settings, token, reading.of_gatus(request, token), key=key)


@functions_framework.http
@web.routes(receive_ping, receive_result, receive_push, receive_external_result)
def receive_heartbeat() -> None:
    """A token of 32 characters allows its holder to say that the job runs; nothing else needs a key here."""


def _take(request: Request, settings: Settings, token: str, ping: Ping, *, key: str | None = None) -> Response:
    address = network_of(address_of(request, settings))
    if seconds := _GUESSES.seconds_to_wait(address, token):
        detail = f"too many unknown tokens from this address: try again in {seconds} s"
        raise web.Problem(429, detail, headers={"Retry-After": str(seconds)})
    channels = configured()
    store = open_store(settings)
    try:
        taken = store.heartbeats.take(token, ping, now=now(), channels=routes_of(channels), key=key)
    except HeartbeatNotFound as unknown:
        _GUESSES.note(address, token, is_right=False)
        return _refused(404, str(unknown))
    except TokenShared as shared:
        return _refused(409, str(shared))
    _GUESSES.note(address, token, is_right=True)
    changes = taken.ingested.changes if taken.ingested else ()
    level = logging.DEBUG if ping.is_success and not changes else logging.INFO
    reason = taken.ingested.reason if taken.ingested else "a run begins"
    step("server", "ping_taken", level=level, monitor=taken.monitor, is_success=ping.is_success, reason=reason)
    notify_of(store, channels, changes, settings)
    return web.answer({"ok": True})


def _refused(status: int, message: str) -> Response:
    return web.answer({"ok": False, "msg": message}, status)
