"""GET /monitors/<id>/events: the events of a monitor as they were reported, while they are kept."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Request, Response

from functions.show_history import spreadsheet
from functions.show_history.reading import SpanQuery, refuse_backwards
from shared import web
from shared.settings import Settings
from shared.store import event_of, open_store

# As an answer has them in JSON; ``cause`` is an object there.
COLUMNS = (
    *("id", "event_id", "location", "target_url", "timestamp", "received_at", "is_success", "is_inconclusive"),
    *("status_code", "response_time_ms", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "error_message"),
    *("cause_code", "cause_parameters", "ip", "certificate_expires_at", "condition", "message", "attempts"),
)


class EventsQuery(SpanQuery):
    """``cursor`` is the ``next`` of the previous page."""

    limit: web.Limit = web.LIMIT
    cursor: web.Id | None = None


@web.route("GET", "/monitors/<id>/events", access="read")
def list_events(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with ``{"events": [...], "next": cursor or null}``, newest first; 404 if there is no such monitor."""
    query = web.query_of(request, EventsQuery)
    if query.since and query.until:
        refuse_backwards(query.since, query.until)
    found = open_store(settings).history.events(
        web.id_of(monitor_id, "a monitor's"),
        since=query.since,
        until=query.until,
        limit=query.limit,
        before=query.cursor,
    )
    events = [event_of(row) for row in found]
    following = web.next_cursor([event["id"] for event in events], query.limit)
    if spreadsheet.is_wanted(request):
        return _as_csv(request, events, following)
    return web.answer({"events": events, "next": following})


def _as_csv(request: Request, events: Sequence[dict[str, Any]], following: str | None) -> Response:
    rows = [{**event, "cause": _flat(event["cause"])} for event in events]
    response = spreadsheet.answer(COLUMNS, rows)
    if following is not None:
        # A table has no place for the cursor.
        query = urlencode({**request.args.to_dict(), "cursor": following})
        response.headers["Link"] = f'<?{query}>; rel="next"'
    return response


def _flat(cause: dict[str, Any] | None) -> dict[str, Any]:
    if cause is None:
        return {}
    parameters = cause.get("parameters")
    return {**cause, "parameters": json.dumps(parameters, ensure_ascii=False) if parameters else None}
