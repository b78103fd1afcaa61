"""GET /notification_logs: the attempts to send, newest first."""

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, Field

from shared import web
from shared.models import as_json
from shared.settings import Settings
from shared.store import open_store


class NotificationLogsQuery(BaseModel):
    """``cursor`` is the ``next`` of the previous page."""

    limit: int = Field(100, ge=1, le=1000)
    cursor: int | None = Field(None, ge=1, le=2**63 - 1)
    alert_id: int | None = Field(None, ge=1, le=2**63 - 1)


@functions_framework.http
@web.function("GET", access="read")
def list_notification_logs(request: Request, settings: Settings) -> Response:
    """200 with ``{"notification_logs": [...], "next": cursor or null}``."""
    query = web.query_of(request, NotificationLogsQuery)
    store = open_store(settings)
    logs = store.notifications.logs(limit=query.limit, before=query.cursor, alert_id=query.alert_id)
    return web.answer({"notification_logs": [as_json(log) for log in logs], "next": web.next_cursor(logs, query.limit)})
