"""GET /monitors/<id>/history and GET /history: availability, counts and response times of spans of time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from flask import Request, Response
from pydantic import Field

from functions.show_history import spreadsheet
from functions.show_history.reading import SpanQuery, refuse_backwards
from shared import web
from shared.history.buckets import Step, by_default, edges
from shared.history.rollup import PHASES, SHARES, Rollup
from shared.models import Text, as_text, now
from shared.settings import Settings
from shared.store import open_store

if TYPE_CHECKING:
    from shared.store import Measured

# Rows of an answer about several groups.
MAX_ROWS = 10_000


class HistoryQuery(SpanQuery):
    """By default ``to`` is now, and ``from`` lies a day before it, or for ``step=day`` 30 days."""

    step: Step = "day"


class GroupHistoryQuery(HistoryQuery):
    """``group``: only this one; it matches exactly."""

    group: Annotated[Text, Field(max_length=200)] | None = None


@web.route("GET", "/monitors/<id>/history", access="read")
def show_monitor_history(request: Request, settings: Settings, monitor_id: str) -> Response:
    """200 with ``{"recorded_since": time, "history": [...]}``, oldest first; 404 if there is no such monitor."""
    query = web.query_of(request, HistoryQuery)
    at = now()
    cut = _edges(query, at)
    number, history = web.id_of(monitor_id, "a monitor's"), open_store(settings).history
    found = history.of_monitor(number, cut, query.step, now=at)
    marks = {edge: as_text(edge) for edge in cut}
    rows = [_shown(each, marks) for each in found]
    if spreadsheet.is_wanted(request):
        return _table(rows)
    return web.answer({"recorded_since": history.recorded_since(number), "history": rows})


@web.route("GET", "/history", access="read")
def show_group_history(request: Request, settings: Settings) -> Response:
    """200 with ``{"history": [...]}``: all monitors together (``group`` is null), then each group."""
    query = web.query_of(request, GroupHistoryQuery)
    at = now()
    cut = _edges(query, at)
    history = open_store(settings).history
    if query.group is None and (count := (len(cut) - 1) * (1 + history.count_groups())) > MAX_ROWS:
        raise web.Problem(400, f"step: {count} rows are asked for: expected at most {MAX_ROWS} at once", field="step")
    found = history.of_groups(cut, query.step, group=query.group, now=at)
    marks = {edge: as_text(edge) for edge in cut}
    rows = [{"group": each.group, **_shown(each, marks)} for each in found]
    return _table(rows, "group") if spreadsheet.is_wanted(request) else web.answer({"history": rows})


def _edges(query: HistoryQuery, at: datetime) -> Sequence[datetime]:
    until = query.until or at
    step = query.step
    try:
        since = query.since or by_default(until, step)
        refuse_backwards(since, until)
        return edges(since, until, step)
    except OverflowError:
        raise web.Problem(400, "from: expected a span within the calendar", field="from") from None
    except ValueError as error:
        raise web.Problem(400, f"step: {error}", field="step", value=step) from None


def _shown(measured: "Measured", marks: Mapping[datetime, str]) -> dict[str, Any]:
    available, counts = measured.availability, measured.counts
    return {
        "from": marks[measured.starts_at],
        "to": marks[measured.ends_at],
        "uptime": available.uptime,
        "downtime_seconds": available.down_ms / 1000,
        "outages": available.outages,
        "checks": counts.checks,
        "failures": counts.failures,
        **_times(counts),
    }


def _times(counts: Rollup) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = {
        phase: dict(zip(SHARES, percentiles, strict=True))
        for phase, percentiles in zip(PHASES, counts.all_percentiles(), strict=True)
    }
    if counts.slowest_ms is not None:
        # It is kept as it was, and the others are near.
        longest, whole = round(counts.slowest_ms, 3), found["response_time_ms"]
        whole |= {name: min(value or longest, longest) for name, value in whole.items()}
        whole["max"] = longest
    return found


def _table(rows: Sequence[dict[str, Any]], *more: str) -> Response:
    measured = [f"{phase}_{name}" for phase in PHASES for name in SHARES]
    columns = [*more, "from", "to", "uptime", "downtime_seconds", "outages", "checks", "failures", *measured]
    return spreadsheet.answer(columns, rows)
