"""GET /: the system's health, for people and load balancers alike."""

import logging
import os

import functions_framework
from flask import Request, Response

from functions.health.machine import troubles
from shared import __version__, web
from shared.alerting.health import Expected, Health, judge_health, patience
from shared.logs import step
from shared.models import as_text, now
from shared.settings import Settings, is_in_cloud
from shared.store import Store, StoreUnavailable, open_store


@functions_framework.http
@web.function("GET", access="read")
def health(request: Request, settings: Settings) -> Response:
    """200 with what is open and why an outage might not be notified now; 503 if nobody would be notified."""
    try:
        store = open_store(settings)
        store.database.check()
        summary = {
            **store.summary(),
            "last_drill": store.drills.last(),
            "time_to_notify": store.time_to_notify(now=now()),
        }
        judged, schedules = _judge(store, settings)
    except StoreUnavailable as trouble:
        step("server", "store_unavailable", level=logging.ERROR, function="health", reason=str(trouble))
        response = web.answer(_trouble(str(trouble), [str(trouble)]), 503)
        response.headers.update(web.retry_after(trouble))
        return response
    if not judged.is_notified:
        step("server", "nobody_notified", level=logging.ERROR, reason="; ".join(judged.reasons))
        return web.answer(_trouble("ok", judged.reasons), 503)
    reasons = [*judged.reasons, *troubles(settings)]
    return web.answer(
        {
            "status": "degraded" if reasons else "ok",
            "reasons": reasons,
            "database": "ok",
            **summary,
            "last_runs": schedules,
            "version": __version__,
        }
    )


def _judge(store: Store, settings: Settings) -> tuple[Health, dict[str, str]]:
    at = now()
    facts = store.health_facts(now=at)
    is_cloud = is_in_cloud(os.environ)
    # Elsewhere an agent is expected only once it has reported: it may be another machine's, or report elsewhere.
    is_agent_ours = facts.started_at is not None and settings.backend_url == settings.own_url
    judged = judge_health(
        facts,
        at,
        patience=patience(settings.check_timeout_seconds, is_in_cloud=is_cloud),
        expected=Expected(settings.agent, settings.check_interval_seconds)
        if is_agent_ours and settings.target_urls
        else None,
    )
    return judged, {function: as_text(time) for function, time in facts.last_runs.items()}


def _trouble(database: str, reasons: object) -> dict[str, object]:
    return {"status": "unavailable", "reasons": reasons, "database": database, "version": __version__}
