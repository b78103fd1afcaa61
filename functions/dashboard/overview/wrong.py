"""The troubles of now, a card each: first those that nobody is on, then the worst, then the longest."""

from collections.abc import Iterator
from typing import NamedTuple

from functions.dashboard.overview.facts import Facts, Line
from functions.dashboard.visit import Visit
from shared.messages import one_line, said_cause
from shared.models import Alert, AlertKind, AlertStatus, as_time
from shared.pages.formatting import Named, time_tag
from shared.pages.states import Shown

MOST_CARDS = 8
_RANK: dict[AlertKind, int] = {kind: rank for rank, kind in enumerate(AlertKind)}
SHOWN_OF: dict[AlertKind, Shown] = {
    AlertKind.OUTAGE: "down",
    AlertKind.DEGRADED: "slow",
    AlertKind.CERTIFICATE_EXPIRING: "slow",
    AlertKind.CHANNEL_REFUSED: "down",
    AlertKind.AGENT_SILENT: "down",
    AlertKind.LOCATION_OFFLINE: "down",
    AlertKind.DRILL: "plan",
    AlertKind.DRILL_MISSED: "down",
    AlertKind.SUMMARY: "plan",
}


class Card(NamedTuple):
    """An alert that is active. ``word``: what kind of trouble it is. ``children``: what else fails because of it."""

    alert: Alert
    monitor_id: int | None
    name: str
    shown: Shown
    word: str
    cause: str
    target: str
    seconds: float
    who: str
    is_handled: bool
    children: int


def cards_of(visit: Visit, facts: Facts) -> list[Card]:
    """The alerts that are active, without those that follow from another one."""
    by_name = {line.name: line for line in facts.lines}
    active = {alert.id for alert in facts.alerts}
    own = [alert for alert in facts.alerts if alert.suppressed_by not in active]
    cards = [_card(visit, facts, alert, by_name.get(alert.subject)) for alert in own]
    return sorted(cards, key=lambda card: (card.is_handled, _RANK[card.alert.kind], card.alert.failed_at))


def _card(visit: Visit, facts: Facts, alert: Alert, line: Line | None) -> Card:
    is_of_monitor = alert.kind.is_of_monitor
    shown = SHOWN_OF[alert.kind]
    target = one_line(alert.target_url or "") if is_of_monitor else ""
    return Card(
        alert,
        line.id if line and is_of_monitor else None,
        alert.subject,
        shown,
        word_of(visit, alert),
        cause_of(visit, alert),
        "" if target == one_line(alert.subject) else target,
        (visit.at - alert.failed_at).total_seconds(),
        who_of(visit, facts, alert),
        alert.status is AlertStatus.ACK,
        sum(other.suppressed_by == alert.id for other in facts.alerts),
    )


def cause_of(visit: Visit, alert: Alert) -> str:
    """The alert's cause as the beginning of a sentence."""
    said = said_cause(alert.cause_data, alert.cause, visit.language) or visit.say("cause_unknown")
    return said[:1].upper() + said[1:]


def word_of(visit: Visit, alert: Alert) -> str:
    """The word for what is wrong."""
    if alert.kind is AlertKind.OUTAGE:
        return visit.say("down")
    return visit.say("slow") if alert.kind is AlertKind.DEGRADED else visit.say(f"kind_{alert.kind}")


def who_of(visit: Visit, facts: Facts, alert: Alert) -> str:
    """The person who is on it, or the channels that were notified if nobody is."""
    say = visit.say
    note = facts.notes.get(alert.id)
    if alert.status is AlertStatus.ACK:
        name = Named(one_line(alert.acknowledged_by or "", 64) or say("somebody_else"))
        at = alert.acknowledged_at
        time = time_tag(at, "h", visit.language) if at else ""
        # A note of a former time, before it was reopened, says nothing of now.
        if note and note["status"] == "ACK" and at is not None and (as_time(note["at"]) or at) >= at:
            return visit.markup("has_it_note", name=name, time=time, note=one_line(note["text"]))
        return visit.markup("has_it", name=name, time=time)
    return " ".join(_notified(visit, facts, alert))


def _notified(visit: Visit, facts: Facts, alert: Alert) -> Iterator[str]:
    by_status: dict[str, list[str]] = {}
    for row in facts.messages.get(alert.id, ()):
        kind = {"SENT": "sent", "FAILED": "failed", "EXPIRED": "failed", "HELD": "held", "SUPPRESSED": "held"}
        by_status.setdefault(kind.get(row["status"], "waits"), []).append(row["channel"])
    for code in ("sent", "waits", "failed", "held"):
        if names := by_status.get(code):
            yield visit.say(f"notified_{code}", names=", ".join(dict.fromkeys(names)))
    if not by_status:
        yield visit.say("notified_nobody")
    yield visit.say("not_acknowledged")
