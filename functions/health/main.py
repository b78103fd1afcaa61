"""GET /: the system's health, for people and load balancers alike."""

import logging

import functions_framework
from flask import Request, Response

from functions.health.machine import troubles
from shared import __version__, web
from shared.logs import step
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import StoreUnavailable, open_store


@functions_framework.http
@web.function("GET", access="read", browsers_to="dashboard")
def health(request: Request, settings: Settings) -> Response:
    """200 with what is open and why an outage might not be notified now; 503 if nobody would be notified.

    A browser is sent to the dashboard instead (303).
    """
    try:
        store = open_store(settings)
        store.database.check()
        summary = {
            **store.summary(),
            "last_drill": store.drills.last(),
            "time_to_notify": store.time_to_notify(now=now()),
        }
        judged, facts = store.judge_health(settings, now=now())
    except StoreUnavailable as trouble:
        step("server", "store_unavailable", level=logging.ERROR, function="health", reason=str(trouble))
        response = web.answer(_trouble(str(trouble), [str(trouble)]), 503)
        response.headers.update(web.retry_after(trouble))
        return response
    if not judged.is_notified:
        step("server", "nobody_notified", level=logging.ERROR, reason="; ".join(judged.reasons))
        # A drill that failed on the only channel may be the reason, and its command asks how it went.
        return web.answer(_trouble("ok", judged.reasons, summary["last_drill"]), 503)
    reasons = [*judged.reasons, *troubles(settings)]
    return web.answer(
        {
            "status": "degraded" if reasons else "ok",
            "reasons": reasons,
            "database": "ok",
            **summary,
            "last_runs": {function: as_text(time) for function, time in facts.last_runs.items()},
            "version": __version__,
        }
    )


def _trouble(database: str, reasons: object, last_drill: object = None) -> dict[str, object]:
    return {
        "status": "unavailable",
        "reasons": reasons,
        "database": database,
        "last_drill": last_drill,
        "version": __version__,
    }
