"""Scheduled: send what is still owed, and nothing else."""

import functions_framework
from flask import Request, Response

from shared import web
from shared.channels import configured
from shared.delivery import deliver_owed
from shared.models import now
from shared.settings import Settings
from shared.store import open_store


@functions_framework.http
@web.function("POST", access="ingest")
def deliver_notifications(request: Request, settings: Settings) -> Response:
    """200 with the number of attempts by outcome: ``{"SENT": 1, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}``."""
    store, at = open_store(settings), now()
    with store.noting_failures("deliver_notifications", now=at) as run:
        channels = configured()
        run.note()
        outcomes = deliver_owed(store, channels, settings)
    return web.answer(outcomes)
