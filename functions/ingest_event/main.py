"""POST /events: accept the report of one check, or of up to 1,000."""

import contextlib
import functools
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import functions_framework
from flask import Request, Response
from pydantic import Field, ValidationError

from shared import web
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.logs import step
from shared.models import MAX_EVENTS_PER_REQUEST, Event, now
from shared.notifiers import routes_of
from shared.settings import Settings
from shared.store import Ingested, log_change, open_store

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@functions_framework.http
@web.function("POST", access="ingest")
def ingest_event(request: Request, settings: Settings) -> Response:
    """Save the events with what they mean and what they owe, then send what is newly owed.

    201 for one event (200 if it was stored already) or for an array; the body says what changed.
    """
    body = web.unchecked_body_of(request)
    is_array = body.lstrip().startswith(b"[")
    events = _events_in(body, is_array=is_array)
    channels = configured()
    store = open_store(settings)
    ingested = store.events.add(events, received_at=now(), sent_at=_sent_at(request), channels=routes_of(channels))
    _log(ingested, is_array=is_array)
    owed = [notification_id for event in ingested for notification_id in event.notification_ids]
    deliver_at_once(store, channels, owed, settings)
    if not is_array:
        only = ingested[0]
        return web.answer(
            {"id": only.id, "event_id": only.event.event_id, "duplicate": only.is_duplicate, **_changed(only)},
            200 if only.is_duplicate else 201,
        )
    duplicates = sum(each.is_duplicate for each in ingested)
    changes = [{"event_id": each.event.event_id, **_changed(each)} for each in ingested if each.change]
    return web.answer({"accepted": len(ingested) - duplicates, "duplicates": duplicates, "changes": changes}, 201)


def _events_in(body: bytes, *, is_array: bool) -> list[Event]:
    """The events in the body. Raises ValidationError if one is wrong, and Problem if an object has a duplicate name."""
    try:
        events = _array().validate_json(body) if is_array else [Event.model_validate_json(body)]
    except ValidationError:
        web.refuse_duplicate_names(body)
        raise
    # The usual case: every name became a field, so none was there twice. To look for one takes nearly as long as to
    # validate the events.
    if sum(len(event.model_fields_set) for event in events) < web.most_names_in(body):
        web.refuse_duplicate_names(body)
    return events


def _sent_at(request: Request) -> datetime | None:
    """The time on the sender's clock, if it says so: it shows by how much that clock is off.

    A proxy may drop ``Date``, or spoil it. Then ``X-Sent-At`` says it.
    """
    with contextlib.suppress(OverflowError, ValueError):  # a date that no calendar has
        if date := request.date:
            return date
    try:
        # A value without a zone is none of ours.
        sent_at = datetime.fromisoformat(request.headers.get("X-Sent-At", ""))
    except ValueError:
        return None
    return sent_at if sent_at.tzinfo else None


def _changed(ingested: Ingested) -> dict[str, Any]:
    return {"change": ingested.change, "alert": ingested.alert.shown() if ingested.alert else None}


def _log(ingested: Sequence[Ingested], *, is_array: bool) -> None:
    if is_array:
        duplicates = sum(each.is_duplicate for each in ingested)
        step("server", "events_stored", count=len(ingested) - duplicates, duplicates=duplicates)
    for each in ingested:
        # Healthy events of an array are only counted.
        if not is_array or each.alert or not (each.event.is_success or each.is_duplicate):
            step(
                "server",
                "event_stored",
                alert_id=each.alert.id if each.alert else None,
                event_id=each.event.event_id,
                monitor=each.event.monitor,
                target_url=each.event.target_url,
                is_success=each.event.is_success,
                reason=each.reason or "duplicate",
            )
        for change in each.changes:
            log_change(change)


@functools.cache
def _array() -> "TypeAdapter[list[Event]]":
    from pydantic import TypeAdapter  # few requests bring an array

    return TypeAdapter(Annotated[list[Event], Field(max_length=MAX_EVENTS_PER_REQUEST)])
