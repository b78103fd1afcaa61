"""GET /monitors/<id>/timeline: what happened to a monitor, and why people were notified, or not."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from flask import Request, Response
from pydantic import BeforeValidator, Field

from functions.show_history.reading import SpanQuery, refuse_backwards
from shared import web
from shared.history.timeline import PLACE, Place, place_of
from shared.models import now
from shared.settings import Settings
from shared.store import open_store

SPAN = timedelta(hours=24)
# Times have no more digits. Otherwise an answer would lack the change that was made just before it.
THIS_MILLISECOND = timedelta(milliseconds=1)
# Nothing is older, and a day before it can still be told.
FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def _place(text: Any) -> Any:
    try:
        place_of(text)
    except (TypeError, ValueError):
        raise ValueError("the next of a timeline's page") from None
    return text


class TimelineQuery(SpanQuery):
    """``cursor`` is the ``next`` of the previous page."""

    limit: web.Limit = web.LIMIT
    cursor: Annotated[str, Field(max_length=100, pattern=PLACE), BeforeValidator(_place)] | None = None

    def span(self, at: datetime) -> tuple[datetime, datetime]:
        """From when to when, by itself the 24 hours up to ``at``. Raises Problem if it ends before it begins."""
        if self.since and self.until:
            refuse_backwards(self.since, self.until)
        # Nothing has happened yet behind that, whatever the clocks say.
        until = min(self.until or at + THIS_MILLISECOND, at + SPAN)
        return self.since or max(until, FIRST) - SPAN, until

    def place(self) -> Place | None:
        """Behind what the page begins."""
        return place_of(self.cursor) if self.cursor else None


@web.route("GET", "/monitors/<id>/timeline", access="read")
def show_timeline(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with ``{"timeline": [...], "next": cursor or null}``, oldest first; 404 if there is no such monitor."""
    # Imported here: the other routes say nothing in words, and the sentences cost a cold start.
    from shared.timelines.entries import SAID, entries_of

    query = web.query_of(request, TimelineQuery)
    since, until = query.span(now())
    page = open_store(settings).timelines.page(
        web.id_of(monitor_id, "a monitor's"), since=since, until=until, limit=query.limit, after=query.place()
    )
    entries = entries_of(page.monitor, page.moments, settings.message_language)
    timeline = [{name: value for name, value in entry.items() if name != SAID} for entry in entries]
    return web.answer({"timeline": timeline, "next": str(page.next) if page.next else None})
