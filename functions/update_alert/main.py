"""PATCH /alerts/<id>: acknowledge, resolve or reopen an alert by hand."""

from typing import Annotated

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shared import web
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.logs import step
from shared.models import AlertStatus, Text, now
from shared.settings import Settings
from shared.store import open_store


class AlertUpdate(BaseModel):
    """``by``: the person who moves the alert."""

    model_config = ConfigDict(strict=True)

    status: AlertStatus
    by: Annotated[Text, Field(min_length=1, max_length=255)] | None = None


@functions_framework.http
@web.function("PATCH", access="write")
def update_alert(request: Request, settings: Settings) -> Response:
    """200 with the alert as it is now; 404 if there is none, 409 for a move that is not allowed, 429 for too many."""
    alert_id = web.id_in_path(request)
    update = AlertUpdate.model_validate_json(web.body_of(request))
    channels = configured()
    store = open_store(settings)
    change = store.alerts.move(alert_id, update.status, by=update.by, at=now(), channels=tuple(channels))
    alert = change.alert
    if change.kind:
        step("server", "alert_moved", alert_id=alert.id, target_url=alert.target_url, status=alert.status, by=update.by)
    owed, language = change.notification_ids, settings.message_language
    deliver_at_once(store, channels, owed, language, settings.notification_ttl_seconds)
    return web.answer(alert)
