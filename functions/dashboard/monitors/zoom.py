"""GET /dashboard/monitors/<id>/chart: what a zoomed chart is drawn of."""

import json

from flask import Response

from functions.dashboard.monitors.bands import bands_of
from functions.dashboard.monitors.chart import period_of, points_of
from functions.dashboard.visit import Visit, number_of, reading
from shared import web
from shared.pages.answers import finish

_PHASES = 5


@web.route("GET", "/dashboard/monitors/<id>/chart", access="open")
@reading
def show_chart(visit: Visit, monitor_id: str) -> Response:
    """200 with ``{"each", "times", "phases", "bands"}``; 404 without such a monitor.

    ``each``: the seconds of a step. ``times``: when each begins. ``phases``: the median of each phase in each step,
    null where nothing was measured. ``bands``: outages and maintenance. All times are in seconds since 1970.
    """
    number, period = number_of(visit, monitor_id), period_of(visit, is_zoomed=True)
    row = visit.store.monitors.get(number).row
    edges = period.edges(visit.at)
    points = points_of(visit.store.history.of_monitor(number, edges, period.step, now=visit.at))
    bands = bands_of(visit, row, visit.store.alerts.page(limit=100, monitor=row["name"]), period)
    body = {
        "each": period.each.total_seconds(),
        "times": [int(edge.timestamp()) for edge in edges[:-1]],
        "phases": [[round(point.phases[phase], 1) if point else None for point in points] for phase in range(_PHASES)],
        "bands": [
            {"begins": band.starts_at.timestamp(), "ends": band.ends_at.timestamp(), "is_planned": band.is_planned}
            for band in bands
        ],
    }
    response = Response(json.dumps(body, separators=(",", ":")), mimetype="application/json")
    return visit.finished(finish(visit.request, response, "private"))


def words_of(visit: Visit) -> str:
    """The script's words, as JSON: the phases, the time, and the button before and after."""
    names = [visit.say(f"key_a{number + 1}") for number in range(_PHASES)]
    return json.dumps([*names, *(visit.say(code) for code in ("zoom_at", "zoom", "zoom_back"))], ensure_ascii=False)
