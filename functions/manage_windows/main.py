"""/windows: when monitors are under maintenance or silenced. Read, made, changed and ended by people."""

import itertools
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, Field

from shared import web
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.logs import step
from shared.models import as_text, now
from shared.models.scalars import QueryTime
from shared.monitors.windows.recurrence import RECURRENCES, STORED
from shared.monitors.windows.spans import Span
from shared.monitors.windows.window import Window
from shared.notifiers import routes_of
from shared.settings import Settings
from shared.store import Store, open_store

if TYPE_CHECKING:
    from shared.store import WindowEntry

SPANS = 5
_RECURS = {*RECURRENCES, "at", "duration", "time_zone"}


class WindowQuery(BaseModel):
    """``from``: the spans that are shown end after this time; by itself, after now."""

    since: QueryTime | None = Field(None, alias="from")


class WindowsQuery(WindowQuery):
    """``cursor`` is the ``next`` of the previous page."""

    limit: web.Limit = web.LIMIT
    cursor: web.Id | None = None


@web.route("GET", "/windows", access="read")
def list_windows(request: Request, settings: Settings) -> Response:
    """200 with ``{"windows": [...], "next": cursor or null}``, newest first."""
    query = web.query_of(request, WindowsQuery)
    found = open_store(settings).windows.page(limit=query.limit, before=query.cursor)
    following = web.next_cursor([each.planned.id for each in found], query.limit)
    since = query.since or now()
    return web.answer({"windows": [_shown(each, since) for each in found], "next": following})


@web.route("POST", "/windows", access="manage")
def create_window(request: Request, settings: Settings) -> Response:
    """201 with the window. Names that no monitor, group or tag has are refused."""
    window = Window.model_validate_json(web.body_of(request))
    entry = open_store(settings).windows.add(window, now=now())
    step("server", "window_created", window_id=entry.planned.id, kind=window.kind, by=window.by)
    return web.answer(_shown(entry, now()), 201)


@web.route("GET", "/windows/<id>", access="read")
def get_window(request: Request, settings: Settings, window_id: str) -> Response:
    """200 with the window; 404 if there is none with this id."""
    query = web.query_of(request, WindowQuery)
    entry = open_store(settings).windows.get(web.id_of(window_id, "a window's"))
    return web.answer(_shown(entry, query.since or now()))


@web.route("PATCH", "/windows/<id>", access="manage")
def change_window(request: Request, settings: Settings, window_id: str) -> Response:
    """200 with the window, of which the body's fields are new; a null takes one away. Send what it no longer holds.

    A new ``duration`` takes the place of ``ends_at``, and the reverse.
    """
    fields = json.loads(web.body_of(request))
    if not isinstance(fields, dict):
        raise web.Problem(400, "body: expected an object", field="body")
    number = web.id_of(window_id, "a window's")
    store = open_store(settings)
    channels = routes_of(configured())
    entry, released = store.windows.change(number, lambda stored: _merged(stored, fields), now=now(), channels=channels)
    step("server", "window_changed", window_id=window_id, kind=entry.window.kind, by=entry.window.by)
    _send(store, settings, released)
    return web.answer(_shown(entry, now()))


@web.route("DELETE", "/windows/<id>", access="manage")
def end_window(request: Request, settings: Settings, window_id: str) -> Response:  # every route takes it
    """204: it ends early, or never comes. Messages that it held are sent at once."""
    store = open_store(settings)
    released = store.windows.remove(web.id_of(window_id, "a window's"), now=now(), channels=routes_of(configured()))
    step("server", "window_ended", window_id=window_id)
    _send(store, settings, released)
    return Response(status=204)


@functions_framework.http
@web.routes(list_windows, create_window, get_window, change_window, end_window)
def manage_windows() -> None:
    """Windows. Reading is public as API_AUTH says; whatever changes them needs a key in every mode."""


def _merged(stored: Window, fields: Mapping[str, Any]) -> Window:
    kept = stored.model_dump(mode="json", exclude_none=True)
    if stored.recurrence() is None:
        # It has one of both, and the new one is instead of the other.
        for new, old in (("duration", "ends_at"), ("ends_at", "duration")):
            if fields.get(new) is not None:
                kept.pop(old, None)
    merged = {name: value for name, value in {**kept, **fields}.items() if value is not None}
    # A former version may have taken what is refused now, and its other fields can be changed nevertheless.
    return Window.model_validate(merged, context=None if _RECURS & fields.keys() else STORED)


def _send(store: Store, settings: Settings, released: list[int]) -> None:
    deliver_at_once(store, configured(), released, settings)


def _shown(entry: "WindowEntry", since: datetime) -> dict[str, Any]:
    spans = list(itertools.islice(entry.planned.spans(since), SPANS))
    span = entry.planned.once or next(iter(spans), None)
    return {
        **entry.window.model_dump(mode="json"),
        "id": entry.planned.id,
        "source": entry.source,
        **(_times(span) if span else {}),
        "is_active": entry.planned.span_at(now()) is not None,
        "spans": [_times(each) for each in spans],
    }


def _times(span: Span) -> dict[str, str]:
    return {"starts_at": as_text(span.starts_at), "ends_at": as_text(span.ends_at)}
