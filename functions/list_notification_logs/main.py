"""GET /notification_logs: the attempts to send, newest first."""

import functions_framework
from flask import Request, Response
from pydantic import BaseModel

from shared import web
from shared.models import as_json
from shared.settings import Settings
from shared.store import open_store


class NotificationLogsQuery(BaseModel):
    """``cursor`` is the ``next`` of the previous page."""

    limit: web.Limit = web.LIMIT
    cursor: web.Id | None = None
    alert_id: web.Id | None = None


@functions_framework.http
@web.function("GET", access="read")
def list_notification_logs(request: Request, settings: Settings) -> Response:
    """200 with ``{"notification_logs": [...], "next": cursor or null}``."""
    query = web.query_of(request, NotificationLogsQuery)
    store = open_store(settings)
    logs = store.notifications.logs(limit=query.limit, before=query.cursor, alert_id=query.alert_id)
    following = web.next_cursor([log.id for log in logs], query.limit)
    return web.answer({"notification_logs": [as_json(log) for log in logs], "next": following})
