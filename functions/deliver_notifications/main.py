"""Scheduled: send what is still owed."""

import functions_framework
from flask import Request, Response

from shared import notifiers, web
from shared.delivery import deliver_owed
from shared.settings import Settings
from shared.store import open_store


@functions_framework.http
@web.function("POST", access="ingest")
def deliver_notifications(request: Request) -> Response:  # noqa: ARG001
    """200 with the number of attempts by outcome: ``{"SENT": 1, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}``."""
    settings = Settings.from_env()
    outcomes = deliver_owed(
        open_store(settings), notifiers.configured(), settings.message_language, settings.notification_ttl_seconds
    )
    return web.answer(outcomes)
