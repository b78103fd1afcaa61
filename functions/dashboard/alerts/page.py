"""/dashboard/alerts/<id>: the story of an alert, and what one does about it."""

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from flask import Response

from functions.dashboard.alerts.story import Event, story_of
from functions.dashboard.overview.wrong import SHOWN_OF, cause_of, word_of
from functions.dashboard.visit import Visit, changing, number_of, reading
from shared import web
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.messages import one_line
from shared.models import Alert, AlertKind, AlertStatus, Notification, NotificationLog
from shared.notifiers import routes_of
from shared.pages.formatting import Named, time_tag
from shared.pages.states import Shown
from shared.store import log_move
from shared.words import reason_text, words_of

if TYPE_CHECKING:
    from shared.store import Entry

MAX_NOTE = 500
MOST_LOGS = 500
_OUTCOMES: dict[str, Shown] = {"SENT": "up", "FAILED": "down", "EXPIRED": "down", "HELD": "paus", "SUPPRESSED": "paus"}


class Owed(NamedTuple):
    """A message about the alert, and what became of it. ``attempts``: all of them, if there was more than one."""

    id: int
    channel: str
    kind: str
    shown: Shown
    outcome: str
    last: NotificationLog | None
    attempts: list[NotificationLog]


@web.route("GET", "/dashboard/alerts/<id>", access="open")
@reading
def show_alert(visit: Visit, alert_id: str) -> Response:
    """200 with the whole story of an alert; 404 if there is none with this id."""
    alert, notifications = visit.store.alerts.get(number_of(visit, alert_id))
    is_active = alert.status.is_active
    sentence = _sentence(visit, alert)
    entry = monitor_named(visit, alert.subject) if alert.kind.is_of_monitor else None
    shown: Shown = SHOWN_OF[alert.kind] if is_active else "up"
    return visit.page(
        "alert.html",
        f"{'✕' if is_active else '✓'} #{alert.id} {one_line(alert.subject, 60)}",
        shown=shown,
        is_handled=alert.status is AlertStatus.ACK,
        here="alerts",
        alert=alert,
        hero=shown,
        sentence=sentence,
        cause=cause_of(visit, alert),
        lasted=((alert.resolved_at or visit.at) - alert.failed_at).total_seconds(),
        who=_who(visit, alert),
        monitor_id=entry.row["id"] if entry else None,
        description=entry.policy.description if entry and entry.policy else None,
        story=_story(visit, alert, entry),
        messages=messages_of(visit, alert.id, notifications),
        max_note=MAX_NOTE,
        scripts=["dashboard.js"],
    )


@web.route("POST", "/dashboard/alerts/<id>", access="open")
@changing
def act_on_alert(visit: Visit, alert_id: str) -> Response:
    """303 to the alert, once it is acknowledged, resolved or reopened; 409 if it cannot go that way."""
    status = visit.form.get("status", "")
    if status not in AlertStatus.__members__:
        raise web.Problem(400, visit.say("unknown_action"))
    number = number_of(visit, alert_id)
    channels = configured()
    note = one_line(visit.form.get("note", ""), MAX_NOTE) or None
    change = visit.store.alerts.move(
        number,
        AlertStatus(status),
        by=visit.by,
        at=visit.at,
        channels=routes_of(channels),
        once=visit.once if note else None,
        note=note,
    )
    log_move(change, visit.by)
    deliver_at_once(visit.store, channels, change.notification_ids, visit.settings)
    return visit.to("/dashboard" if visit.form.get("back") == "overview" else f"/dashboard/alerts/{number}")


def monitor_named(visit: Visit, name: str) -> "Entry | None":
    """The monitor with this name, if it is still watched."""
    return next(iter(visit.store.monitors.page(limit=1, name=name)), None)


def messages_of(visit: Visit, alert_id: int, notifications: list[Notification]) -> list[Owed]:
    """Every message that was owed about an alert, oldest first."""
    logs: dict[int, list[NotificationLog]] = {}
    for log in reversed(visit.store.notifications.logs(limit=MOST_LOGS, alert_id=alert_id)):
        logs.setdefault(log.notification_id, []).append(log)
    kinds = words_of(visit.language).KINDS
    found = []
    for each in notifications:
        attempts = logs.get(each.id, [])
        reason = reason_text(visit.language, each.reason) if each.reason else ""
        outcome = visit.say(f"outcome_{each.status}", reason=reason)
        shown = _OUTCOMES.get(each.status, "pend")
        last = attempts[-1] if attempts else None
        found.append(Owed(each.id, each.channel, kinds[each.kind], shown, outcome, last, attempts))
    return found


def _story(visit: Visit, alert: Alert, entry: "Entry | None") -> list[Event]:
    until = min(visit.at, (alert.resolved_at or visit.at) + timedelta(hours=1)) + timedelta(seconds=1)
    since = alert.failed_at - timedelta(hours=1)
    notes = visit.store.alerts.notes(alert.id)
    return story_of(visit, entry.row["id"] if entry else None, since, until, alert=alert, notes=notes)


def _sentence(visit: Visit, alert: Alert) -> str:
    if alert.kind is AlertKind.OUTAGE:
        return visit.markup("alert_down" if alert.status.is_active else "alert_was_down", name=Named(alert.subject))
    return visit.markup("alert_other", name=Named(alert.subject), kind=word_of(visit, alert))


def _who(visit: Visit, alert: Alert) -> str:
    name = one_line(alert.acknowledged_by or "", 64) or visit.say("somebody_else")
    if alert.status is AlertStatus.OPEN:
        return visit.say("nobody_acknowledged")
    if alert.status is AlertStatus.ACK and alert.acknowledged_at:
        return visit.markup("has_it", name=Named(name), time=time_tag(alert.acknowledged_at, "d", visit.language))
    if alert.resolved_by:
        return visit.markup("resolved_by", name=Named(one_line(alert.resolved_by, 64)))
    return visit.say("is_over")
