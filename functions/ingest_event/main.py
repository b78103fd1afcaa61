"""POST /events: take the report of one check, or of up to 1,000."""

import functools
from typing import Annotated, Any

import functions_framework
from flask import Request, Response
from pydantic import Field, TypeAdapter

from shared import notifiers, web
from shared.alerting import Change
from shared.delivery import deliver_at_once
from shared.logs import step
from shared.models import MAX_EVENTS_PER_REQUEST, Event, now
from shared.settings import Settings
from shared.store import Ingested, open_store


@functions_framework.http
@web.function("POST", access="ingest")
def ingest_event(request: Request) -> Response:
    """Save the events with what they mean and what is owed for it, then send what is newly owed.

    201 for one event (200 if it was stored already) or for an array; the body says what changed.
    """
    body = web.body_of(request)
    is_array = body.lstrip().startswith(b"[")
    events = _array().validate_json(body) if is_array else [Event.model_validate_json(body)]
    settings, channels = Settings.from_env(), notifiers.configured()
    store = open_store(settings)
    ingested = store.add_events(events, received_at=now(), channels=tuple(channels))
    for each in ingested:
        _log(each)
    owed = [notification_id for each in ingested for notification_id in each.notification_ids]
    deliver_at_once(store, channels, owed, settings.message_language)
    if not is_array:
        only = ingested[0]
        return web.answer(
            {"id": only.id, "event_id": only.event.event_id, "duplicate": only.is_duplicate, **_changed(only)},
            200 if only.is_duplicate else 201,
        )
    duplicates = sum(each.is_duplicate for each in ingested)
    changes = [{"event_id": each.event.event_id, **_changed(each)} for each in ingested if each.change]
    return web.answer({"accepted": len(ingested) - duplicates, "duplicates": duplicates, "changes": changes}, 201)


def _changed(ingested: Ingested) -> dict[str, Any]:
    return {"change": ingested.change, "alert": ingested.alert}


def _log(ingested: Ingested) -> None:
    step(
        "server",
        "event_stored",
        event_id=ingested.event.event_id,
        **_about(ingested),
        is_success=ingested.event.is_success,
        reason=ingested.reason or "duplicate",
    )
    if ingested.change and ingested.alert:
        step(
            "server",
            "alert_opened" if ingested.change is Change.OPENED else "alert_resolved",
            **_about(ingested),
            cause=ingested.alert.cause,
        )


def _about(ingested: Ingested) -> dict[str, Any]:
    alert_id = ingested.alert.id if ingested.alert else None
    return {"alert_id": alert_id, "monitor": ingested.event.monitor, "target_url": ingested.event.target_url}


@functools.cache
def _array() -> TypeAdapter[list[Event]]:
    return TypeAdapter(Annotated[list[Event], Field(max_length=MAX_EVENTS_PER_REQUEST)])
