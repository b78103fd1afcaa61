"""Scheduled: the agent. Looks at every monitor, side by side, and reports what it saw."""

import functions_framework
from flask import Request, Response

from functions.check_monitors.probe import probe_all
from functions.check_monitors.report import report
from shared import web
from shared.logs import step
from shared.models import Monitor
from shared.settings import Settings

# Starts are spread by this much a monitor, but over half an interval at most: a burst of checks would measure its
# own queue.
SPREAD_SECONDS = 0.005


@functions_framework.http
@web.function("POST", access="ingest")
def check_monitors(request: Request) -> Response:  # noqa: ARG001
    """200 with what was done: ``{"checked": 2, "failed": 0, "posted": 2, "refused": 0, "spooled": 0}``.

    Also where the backend could not be reached: the events are then in the spool, and the run need not be repeated.
    """
    settings = Settings.from_env()
    monitors = [Monitor(name=url, target_url=url) for url in settings.targets]
    spread = min(SPREAD_SECONDS * len(monitors), settings.check_interval_seconds / 2)
    events = probe_all(
        monitors,
        timeout_seconds=settings.check_timeout_seconds,
        spread_seconds=spread,
        location=settings.location,
        is_private_allowed=settings.is_private_allowed,
    )
    for event in events:
        step(
            "agent",
            "checked",
            **event.model_dump(
                include={"target_url", "event_id", "is_success", "status_code", "response_time_ms", "error_message"}
            ),
        )
    reported = report(events, settings)
    failed = sum(not event.is_success for event in events)
    return web.answer(
        {
            "checked": len(events),
            "failed": failed,
            "posted": reported.posted,
            "refused": reported.refused,
            "spooled": reported.spooled,
        }
    )
