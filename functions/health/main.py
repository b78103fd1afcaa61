"""GET /: the system's health, for people and load balancers alike."""

import logging

import functions_framework
from flask import Request, Response

from shared import __version__, web
from shared.logs import step
from shared.settings import Settings
from shared.store import StoreUnavailable, open_store


@functions_framework.http
@web.function("GET", access="read")
def health(request: Request, settings: Settings) -> Response:
    """200 with the status and the counts of what is open; 503 with the reason if no event could be saved now."""
    try:
        store = open_store(settings)
        store.database.check()
        summary = store.summary()
    except StoreUnavailable as trouble:
        step("server", "store_unavailable", level=logging.ERROR, function="health", reason=str(trouble))
        body = {"status": "unavailable", "database": str(trouble), "version": __version__}
        response = web.answer(body, 503)
        response.headers.update(web.retry_after(trouble))
        return response
    return web.answer({"status": "ok", "database": "ok", **summary, "version": __version__})
