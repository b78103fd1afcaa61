"""Scheduled: the agent. Checks all monitors side by side, and reports each result as soon as it has it."""

import functions_framework
from flask import Request, Response

from functions.check_monitors.claims import claimed
from functions.check_monitors.probes.http import probe_all
from functions.check_monitors.reporting.reporter import Reported, Reporter
from functions.check_monitors.self_watch.backend_outage import watch_backend
from functions.check_monitors.self_watch.ping import ping
from shared import web
from shared.logs import step
from shared.models import Event, Monitor
from shared.settings import Settings

# The pause between the starts of two checks, which together take at most half an interval. A burst of checks would
# measure its own queue.
SPREAD_SECONDS = 0.005


@functions_framework.http
@web.function("POST", access="ingest")
def check_monitors(request: Request, settings: Settings) -> Response:
    """200 with what was done: ``{"checked": 2, "failed": 0, "posted": 2, "refused": 0, "spooled": 0}``.

    A monitor that another run of this process is checking is left to that run.

    Also 200 if the backend could not be reached: the events then wait in the backlog, and nobody need repeat the run.
    """
    events, reported = _check(settings)
    watch_backend(settings, is_reached=reported.is_reached)
    if events and reported.posted >= len(events) and not reported.refused and not reported.spooled:
        ping(settings.heartbeat_url, is_private_allowed=settings.is_private_allowed)
    return web.answer(
        {
            "checked": len(events),
            "failed": sum(not event.is_success for event in events),
            "posted": reported.posted,
            "refused": reported.refused,
            "spooled": reported.spooled,
        }
    )


def _check(settings: Settings) -> tuple[list[Event], Reported]:
    with claimed(settings.targets) as (urls, release):
        # The settings have validated the URLs. To build the model's own validator would cost a cold start 2 ms.
        monitors = [Monitor.model_construct(name=url, target_url=url) for url in urls]
        elsewhere = len(settings.targets) - len(monitors)
        reporter = Reporter(settings, watched=len(settings.targets), elsewhere=elsewhere, on_settled=release)

        def on_event(event: Event) -> None:
            reporter.take(event)
            _log(event)

        with reporter:
            spread_seconds = min(SPREAD_SECONDS * len(monitors), settings.check_interval_seconds / 2)
            events = probe_all(monitors, settings, spread_seconds=spread_seconds, on_event=on_event)
    return events, reporter.reported


def _log(event: Event) -> None:
    step(
        "agent",
        "checked",
        target_url=event.target_url,
        event_id=event.event_id,
        is_success=event.is_success,
        status_code=event.status_code,
        response_time_ms=event.response_time_ms,
        error_message=event.error_message,
    )
