"""GET /alerts: the alerts, newest first."""

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, Field

from shared import web
from shared.models import AlertKind, AlertStatus, MonitorName
from shared.settings import Settings
from shared.store import open_store


class AlertsQuery(BaseModel):
    """``cursor`` is the ``next`` of the previous page."""

    status: AlertStatus | None = None
    monitor: MonitorName | None = None
    kind: AlertKind | None = None
    limit: int = Field(100, ge=1, le=1000)
    cursor: int | None = Field(None, ge=1, le=2**63 - 1)


@functions_framework.http
@web.function("GET", access="read")
def list_alerts(request: Request, settings: Settings) -> Response:
    """200 with ``{"alerts": [...], "next": cursor or null}``."""
    query = web.query_of(request, AlertsQuery)
    store = open_store(settings)
    alerts = store.alerts.page(
        limit=query.limit, before=query.cursor, status=query.status, monitor=query.monitor, kind=query.kind
    )
    return web.answer({"alerts": [alert.shown() for alert in alerts], "next": web.next_cursor(alerts, query.limit)})
