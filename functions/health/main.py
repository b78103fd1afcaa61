"""GET /: the system's health, for people and load balancers alike."""

import logging
from http import HTTPStatus

import functions_framework
from flask import Request, Response

from functions.health.machine import troubles
from shared import __version__, web
from shared.logs import step
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import StoreUnavailable, open_store

# Relative: a proxy or a platform may put a path before ours.
_DASHBOARD = "dashboard"


def _for_browser(request: Request, settings: Settings) -> Response:
    """303 to the dashboard; 503 with a page that says no reason, since it needs no key, if nobody would be notified.

    Monitors such as Uptime Kuma ask as a browser does and follow the redirect, so it has to mean that all is well.
    """
    judged = _judged(settings)
    if judged.status_code == HTTPStatus.OK:
        headers = {"Location": _DASHBOARD, "Vary": "Accept", "Cache-Control": "no-store"}
        return Response(status=HTTPStatus.SEE_OTHER, headers=headers)
    # Imported here: programs get no page, and templates cost a cold start.
    from shared.pages.problems import problem_page
    from shared.pages.requests import language_of
    from shared.words.pages import frame_words, speaker

    language = language_of(request, settings.message_language).language
    say = speaker(frame_words(language))
    sentence, more = say("nobody_notified"), say("dashboard_says_why", href=_DASHBOARD)
    page = problem_page(request, judged.status_code, sentence, more, first="", language=language)
    page.headers.extend((name, value) for name, value in judged.headers if name == "Retry-After")
    page.vary.update(("Accept", "Accept-Language"))
    return page


@functions_framework.http
@web.function("GET", access="read", for_browsers=_for_browser)
def health(_request: Request, settings: Settings) -> Response:
    """200 with what is open and why an outage might not be notified now; 503 if nobody would be notified.

    A browser is sent to the dashboard instead of the 200 (303), and gets a page instead of the 503.
    """
    return _judged(settings)


def _judged(settings: Settings) -> Response:
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
