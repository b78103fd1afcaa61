"""Scheduled: notice what no event tells. An agent that falls silent opens an alert."""

import functions_framework
from flask import Request, Response

from shared import web
from shared.channels import configured
from shared.models import now
from shared.settings import Settings
from shared.store import log_change, open_store


@functions_framework.http
@web.function("POST", access="ingest")
def review_alerts(request: Request, settings: Settings) -> Response:
    """200 with what was newly found: ``{"silent_agents": 0}``. ``deliver_notifications`` sends what is owed for it."""
    channels = configured()
    store = open_store(settings)
    changes = store.agents.review(now=now(), channels=tuple(channels))
    for change in changes:
        log_change(change)
    return web.answer({"silent_agents": len(changes)})
