"""GET /alerts: the alerts, newest first."""

import functions_framework
from flask import Request, Response
from pydantic import BaseModel

from shared import web
from shared.models import AlertKind, AlertStatus, MonitorName
from shared.settings import Settings
from shared.store import open_store


class AlertsQuery(BaseModel):
    """``cursor`` is the ``next`` of the previous page."""

    status: AlertStatus | None = None
    monitor: MonitorName | None = None
    kind: AlertKind | None = None
    limit: web.Limit = web.LIMIT
    cursor: web.Id | None = None


@functions_framework.http
@web.function("GET", access="read")
def list_alerts(request: Request, settings: Settings) -> Response:
    """200 with ``{"alerts": [...], "next": cursor or null}``."""
    query = web.query_of(request, AlertsQuery)
    store = open_store(settings)
    alerts = store.alerts.page(
        limit=query.limit, before=query.cursor, status=query.status, monitor=query.monitor, kind=query.kind
    )
    following = web.next_cursor([alert.id for alert in alerts], query.limit)
    return web.answer({"alerts": [alert.shown() for alert in alerts], "next": following})
