"""GET /dashboard/alerts: what is open, and what was."""

from typing import NamedTuple

from flask import Response

from functions.dashboard.overview.wrong import SHOWN_OF, cause_of, word_of
from functions.dashboard.visit import Visit, reading
from shared import web
from shared.messages import one_line
from shared.models import Alert, AlertStatus
from shared.pages.states import ORDER, Shown

PAGE = 50


class Row(NamedTuple):
    """An alert in the list."""

    alert: Alert
    shown: Shown
    word: str
    cause: str
    seconds: float
    who: str


@web.route("GET", "/dashboard/alerts", access="open")
@reading
def show_alerts(visit: Visit) -> Response:
    """200 with the alerts that are active, then the newest of those that are over."""
    before = visit.request.args.get("before", "")
    is_first = not web.is_id(before)
    active = visit.store.alerts.active()
    open_ones = [alert for alert in active if alert.status is AlertStatus.OPEN]
    over = visit.store.alerts.page(limit=PAGE, before=None if is_first else int(before), status=AlertStatus.RESOLVED)
    worst: Shown = min((SHOWN_OF[alert.kind] for alert in active), key=ORDER.index, default="up")
    mark = "✕" if active else "✓"
    return visit.page(
        "alerts.html",
        f"{mark} {visit.say('open_alerts', n=len(active)) if active else visit.say('nothing_open')}",
        shown=worst,
        is_handled=not open_ones,
        here="alerts",
        hero=worst,
        active=[_row(visit, alert) for alert in active] if is_first else [],
        count=len(active),
        unhandled=len(open_ones),
        over=[_row(visit, alert) for alert in over],
        following=over[-1].id if len(over) == PAGE else None,
        is_first=is_first,
        scripts=["dashboard.js"],
    )


def _row(visit: Visit, alert: Alert) -> Row:
    is_active = alert.status.is_active
    name = alert.acknowledged_by if is_active else alert.resolved_by
    return Row(
        alert,
        SHOWN_OF[alert.kind] if is_active else "up",
        word_of(visit, alert) if is_active else visit.say("RESOLVED"),
        cause_of(visit, alert),
        ((alert.resolved_at or visit.at) - alert.failed_at).total_seconds(),
        one_line(name or "", 64),
    )
