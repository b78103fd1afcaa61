"""GET /dashboard/monitors/<id>: how one monitor is, how it was, and what one can do about it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response

from functions.dashboard.alerts.page import messages_of
from functions.dashboard.alerts.story import story_of
from functions.dashboard.monitors.bands import bands_of
from functions.dashboard.monitors.chart import PERIODS, Band, Period, chart, period_of, points_of
from functions.dashboard.monitors.how import how_of
from functions.dashboard.monitors.zoom import words_of
from functions.dashboard.overview.wrong import cause_of
from functions.dashboard.visit import Visit, number_of, reading
from shared import web
from shared.history.buckets import floor
from shared.messages import said_cause
from shared.models import Alert, Cause, as_time
from shared.pages import bars
from shared.pages.formatting import Named, duration, milliseconds, uptime
from shared.pages.formatting import day as day_text
from shared.pages.states import shown_state
from shared.store import event_of

if TYPE_CHECKING:
    from shared.store import Entry, Measured

DAYS = 90
_STORY = timedelta(hours=24)
MOST_EVENTS = 40
# The rows of the table below the chart.
MOST_ROWS = 48


class Figure(NamedTuple):
    """One of the numbers that say how a monitor is."""

    label: str
    value: str
    more: str


@web.route("GET", "/dashboard/monitors/<id>", access="open")
@reading
def show_own_monitor(visit: Visit, monitor_id: str) -> Response:
    """200 with a monitor; 404 if there is none with this id. ``?period=``: what the chart shows."""
    number = number_of(visit, monitor_id)
    entry = visit.store.monitors.get(number)
    row = entry.row
    shown = shown_state(entry.state, is_slow=entry.is_degraded)
    alerts = visit.store.alerts.page(limit=100, monitor=row["name"])
    current = entry.active_alert or next((each for each in alerts if each.status.is_active), None)
    last_alert = current or (alerts[0] if alerts else None)
    until = visit.at + timedelta(seconds=1)
    return visit.page(
        "monitor.html",
        f"{'✓' if shown == 'up' else '✕' if shown == 'down' else '!'} {row['name'][:60]}",
        shown=shown,
        is_handled=bool(current and current.status == "ACK"),
        here="overview",
        row=row,
        hero=shown,
        sentence=visit.markup(f"is_{shown}", name=Named(row["name"])),
        facts=_facts(visit, entry, current),
        alert=current,
        since=as_time(row["since"]),
        silence=visit.store.windows.silence_of(row["name"], 1.0, now=visit.at),
        story=list(reversed(story_of(visit, number, visit.at - _STORY, until)))[:MOST_EVENTS],
        messages=messages_of(visit, last_alert.id, visit.store.alerts.get(last_alert.id)[1]) if last_alert else [],
        last_alert=last_alert,
        scripts=["dashboard.js", "zoom.js"],
        **_history(visit, entry, alerts),
        **_policy(visit, entry),
    )


def _history(visit: Visit, entry: "Entry", alerts: Sequence[Alert]) -> dict[str, Any]:
    """The numbers, the chart and the bar."""
    number, history = entry.row["id"], visit.store.history
    period = period_of(visit)
    days = history.of_monitor(number, _days(visit.at), "day", now=visit.at)
    measured = history.of_monitor(number, period.edges(visit.at), period.step, now=visit.at)
    last_day = history.of_monitor(number, [visit.at - timedelta(hours=24), visit.at], "minute", now=visit.at)
    return {
        "figures": _figures(visit, entry, days, last_day[0]),
        "periods": PERIODS,
        "period": period.code,
        **_chart(visit, period, measured, bands_of(visit, entry.row, alerts, period)),
        "table": [each for each in measured if each.counts.checks][-MOST_ROWS:],
        "bar": _bar(visit, days, f"{visit.root}dashboard/alerts"),
    }


def _policy(visit: Visit, entry: "Entry") -> dict[str, Any]:
    """How it is checked, and what may be changed of that."""
    # Imported here: a policy's model costs a cold start.
    from shared.monitors.masking import masked

    row, policy = entry.row, entry.policy
    return {
        "how": how_of(visit, entry, masked(policy) if policy else {}),
        # Its holder can say that the job runs.
        "token": policy.heartbeat.token if visit.session and policy and policy.heartbeat else None,
        "is_editable": row["source"] == "api",
        "is_removable": row["source"] in ("api", "report"),
        "dependents": visit.store.monitors.dependents(row["id"]) if row["source"] in ("api", "report") else [],
        "is_checked": row["interval_seconds"] is not None and row["is_watched"] and row["source"] != "report",
    }


def _facts(visit: Visit, entry: "Entry", alert: Alert | None) -> str:
    """The reason of the state: the alert's cause, or what the last check saw."""
    if alert is not None:
        return cause_of(visit, alert)
    if entry.last_event is None or not entry.row["is_watched"]:
        return ""
    event = event_of(entry.last_event)
    if event["is_success"]:
        return ""
    cause = Cause.model_validate(event["cause"]) if event["cause"] else None
    said = said_cause(cause, event["error_message"], visit.language)
    return said[:1].upper() + said[1:]


def _days(at: datetime) -> list[datetime]:
    first = floor(at, "day") - timedelta(days=DAYS - 1)
    return [first + timedelta(days=number) for number in range(DAYS)] + [at + timedelta(milliseconds=1)]


def _figures(visit: Visit, entry: "Entry", days: "Sequence[Measured]", last_day: "Measured") -> list[Figure]:
    say, language, row = visit.say, visit.language, entry.row
    checked = as_time(row["last_checked_at"])
    every = say("every", interval=duration(row["interval_seconds"], language)) if row["interval_seconds"] else ""
    ago = duration((visit.at - checked).total_seconds(), language) if checked else "–"
    found = [Figure(say("last_check"), say("ago", time=ago) if checked else say("none_yet"), every)]
    month = [each.availability for each in days[-30:]]
    down, known = sum(each.down_ms for each in month), sum(each.known_ms for each in month)
    share = uptime(1 - down / known, is_whole=down == 0) if known else say("no_data")
    more = say("down_for", time=duration(down / 1000, language)) if down else say("no_outage") if known else ""
    found.append(Figure(say("uptime_30"), share, more))
    median, p95, *_ = last_day.counts.percentiles("response_time_ms")
    if median is not None and p95 is not None:
        p95 = min(p95, last_day.counts.slowest_ms or p95)
        found.append(Figure(say("median_24"), milliseconds(median, language), f"p95 {milliseconds(p95, language)}"))
    expires = entry.last_event["certificate_expires_at"] if entry.last_event else None
    if expires and (at := as_time(expires)):
        left = duration(max(0.0, (at - visit.at).total_seconds()), language)
        found.append(Figure(say("certificate"), left, say("valid_until", date=f"{day_text(at, language)} {at.year}")))
    return found


def _chart(visit: Visit, period: Period, measured: "Sequence[Measured]", bands: Sequence[Band]) -> dict[str, Any]:
    points = points_of(measured)
    known = sorted(point.whole for point in points if point)
    if not known:
        return {"chart": ""}
    label = visit.say(
        "chart_label",
        period=visit.say(f"period_{period.code}"),
        median=milliseconds(known[len(known) // 2], visit.language),
        most=milliseconds(known[-1], visit.language),
        n=sum(not band.is_planned for band in bands),
    )
    return {"chart": chart(visit, period, points, bands, label), "chart_label": label, "zoom_words": words_of(visit)}


def _bar(visit: Visit, days: "Sequence[Measured]", href: str) -> Any:
    found: list[bars.Day] = []
    known = down = 0
    for each in days:
        available = each.availability
        known, down = known + available.known_ms, down + available.down_ms
        if not available.down_ms:
            found.append(bars.Day(None if available.known_ms else "z"))
            continue
        share = available.down_ms / available.known_ms
        tip = " · ".join(
            (
                day_text(each.starts_at, visit.language),
                uptime(1 - share, is_whole=False),
                visit.say("down_for", time=duration(available.down_ms / 1000, visit.language)),
            )
        )
        found.append(bars.Day("d", share, tip, href))
    share_text = uptime(1 - down / known, is_whole=down == 0) if known else visit.say("no_data")
    trouble = sum(day.mark == "d" for day in found)
    return bars.bar(found, visit.say("bar_90d", share=share_text, n=trouble), "d90")
