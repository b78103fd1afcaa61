"""Scheduled: notice what no event says: an agent falls silent, a ping does not come, a window closes."""

from typing import Any

import functions_framework
from flask import Request, Response

from shared import web
from shared.channels import configured
from shared.logs import step
from shared.models import now
from shared.settings import Settings
from shared.store import log_change, open_store


@functions_framework.http
@web.function("POST", access="ingest")
def review_alerts(request: Request, settings: Settings) -> Response:
    """200 with what was newly found: ``{"silent_agents": 0, "missed_pings": 0, "outlived_windows": 0}``.

    ``deliver_notifications`` sends what is owed for it.
    """
    channels = tuple(configured())
    store = open_store(settings)
    at = now()
    silences = store.agents.review(now=at, channels=channels)
    missed = store.heartbeats.review(now=at, channels=channels)
    outlived = store.maintenance.review(now=at, channels=channels)
    for each in missed:
        step("server", "ping_missed", monitor=each.event.monitor, reason=each.reason, cause=each.event.error_message)
    for change in (*silences, *(change for each in missed for change in each.changes), *outlived):
        log_change(change)
    found: dict[str, list[Any]] = {"silent_agents": silences, "missed_pings": missed, "outlived_windows": outlived}
    return web.answer({name: len(each) for name, each in found.items()})
