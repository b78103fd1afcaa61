"""PATCH /alerts/<id>: acknowledge, resolve or reopen an alert by hand, or silence its monitor."""

from typing import Annotated, Any

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared import web
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.models import AlertStatus, Text, now
from shared.notifiers import routes_of
from shared.settings import Settings
from shared.store import log_move, open_store

_DURATION: dict[str, Any] = {"type": ["string", "number"], "examples": ["1h", 90]}


def _seconds(value: Any) -> float:
    # Imported here: few requests ask for a silence, and a duration's patterns cost a cold start.
    from shared.settings.durations import seconds_of

    seconds = seconds_of(value)
    if seconds < 1:
        raise ValueError("a duration of 1s or more")
    return seconds


class AlertUpdate(BaseModel):
    """``by``: the person who moves the alert. ``silence``: for how long no message about its monitor is sent."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "anyOf": [
                {"required": ["status"], "properties": {"status": {"type": "string"}}},
                {"required": ["silence"], "properties": {"silence": {"type": ["string", "number"]}}},
            ]
        },
    )

    status: AlertStatus | None = None
    silence: Annotated[float, BeforeValidator(_seconds), Field(json_schema_extra=_DURATION)] | None = None
    by: Annotated[Text, Field(min_length=1, max_length=255)] | None = None


@functions_framework.http
@web.function("PATCH", access="write")
def update_alert(request: Request, settings: Settings) -> Response:
    """200 with the alert as it is now, and the ``window_id`` of a new silence (null without one).

    404 if there is none, 409 for a move that is not allowed, 429 for too many.
    """
    alert_id = web.id_in_path(request)
    update = AlertUpdate.model_validate_json(web.body_of(request))
    if update.status is None and update.silence is None:
        raise web.Problem(400, "status: expected a status, a silence or both", field="status", value="nothing")
    if update.silence is not None:
        web.require_key_or_session(request, settings)  # as for each window
    channels = configured()
    store = open_store(settings)
    change = store.alerts.move(
        alert_id, update.status, by=update.by, at=now(), channels=routes_of(channels), silence_seconds=update.silence
    )
    log_move(change, update.by)
    deliver_at_once(store, channels, change.notification_ids, settings)
    return web.answer({**change.alert.shown(), "window_id": change.window_id})
