"""A timeline's moments as an answer shows them: each with a reason, and a short sentence in the service's language."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.history.timeline import Moment, Source
from shared.models import Alert, AlertKind, Monitor
from shared.models.monitor import DEFAULT_LOCATION
from shared.store import event_of
from shared.timelines import sentences
from shared.words import Language

_NAMES = (
    *("at", "kind", "reason", "text", "event", "event_id", "alert_id", "channel", "status", "from_state", "to_state"),
    "by",
)
_NOTHING = dict.fromkeys(_NAMES)
# With these reasons, a failure and a success say which in a row they are.
_COUNTED = {
    False: ("below_threshold", "threshold_met", "below_quorum", "quorum_met"),
    True: ("recovering", "recovered"),
}
SAID = "said_reason"
Entry = dict[str, Any]
Row = Mapping[str, Any]


def entries_of(monitor: Monitor, moments: Sequence[Moment], language: Language) -> Iterator[Entry]:
    """An entry for each moment of a monitor. A field that does not apply to it is None.

    A check has SAID too: the reason that its text says. It is for pages, and no part of an answer.
    """
    for moment in moments:
        source, at = moment.place.source, moment.place.at
        if source is Source.CHECK:
            yield {**_NOTHING, "at": at, "kind": "check", **_check(moment.row, monitor, language)}
        elif source in _ALERTS:
            alert: Alert = moment.row["alert"]
            said = _ALERTS[source](alert, moment.row["reason"], language)
            yield {**_NOTHING, "at": at, "kind": "alert", **said, "alert_id": alert.id}
        else:
            yield {**_NOTHING, "at": at, **_OTHERS[source](moment.row, language)}


def _check(row: Row, monitor: Monitor, language: Language) -> Entry:
    event, reason = event_of(row["event"]), row["reason"]
    count = (row["number"], row["threshold"]) if reason in _COUNTED[event["is_success"]] else None
    text, said = sentences.of_check(event, reason, count, language, location=_location(event, monitor))
    return {"reason": reason, "text": text, "event": event, "event_id": event["id"], SAID: said}


def _location(event: Row, monitor: Monitor) -> str | None:
    """The location of the check, unless all of the monitor come from there."""
    location = event["location"] or DEFAULT_LOCATION
    return None if monitor.location in (None, location) else location


def _state_change(row: Row, language: Language) -> Entry:
    before, after, reason = row["from_state"], row["to_state"], row["reason"]
    return {
        "kind": "state_change",
        "reason": reason,
        "text": sentences.of_state_change(before, after, reason, language),
        "event_id": row["event_id"],
        "alert_id": row["alert_id"],
        "from_state": before,
        "to_state": after,
    }


def _opened(alert: Alert, reason: str | None, language: Language) -> Entry:
    if alert.kind is not AlertKind.OUTAGE:
        reason = alert.kind.value.lower()
    return {"reason": reason, "text": sentences.of_opened(alert, language), "status": "OPEN"}


def _acknowledged(alert: Alert, _: str | None, language: Language) -> Entry:
    text = sentences.of_acknowledged(alert, language)
    return {"reason": "acknowledged", "text": text, "status": "ACK", "by": alert.acknowledged_by}


def _resolved(alert: Alert, reason: str | None, language: Language) -> Entry:
    if alert.resolved_by is not None:
        reason = "moved_by_hand"
    text = sentences.of_resolved(alert, language, is_by_hand=reason == "moved_by_hand")
    return {"reason": reason, "text": text, "status": "RESOLVED", "by": alert.resolved_by}


def _reopened(alert: Alert, _: str | None, language: Language) -> Entry:
    text = sentences.of_reopened(alert, language)
    return {"reason": "moved_by_hand", "text": text, "status": "OPEN", "by": alert.acknowledged_by}


def _notification(row: Row, language: Language) -> Entry:
    return {
        "kind": "notification",
        "reason": row["reason"],
        "text": sentences.of_notification(row, language),
        "alert_id": row["alert_id"],
        "channel": row["channel"],
        "status": row["status"],
    }


def _begins(row: Row, language: Language) -> Entry:
    return _window(row, "BEGINS", language)


def _ends(row: Row, language: Language) -> Entry:
    return _window(row, "ENDS", language)


def _window(row: Row, status: str, language: Language) -> Entry:
    body = json.loads(row["body"])
    until = datetime.fromisoformat(row["ends_at"]) if status == "BEGINS" else None
    text = sentences.of_window(row["kind"], body.get("title"), until, language)
    return {"kind": "window", "reason": row["kind"], "text": text, "status": status, "by": body.get("by")}


_ALERTS: Mapping[Source, Callable[[Alert, str | None, Language], Entry]] = {
    Source.ALERT_OPENED: _opened,
    Source.ALERT_ACKNOWLEDGED: _acknowledged,
    Source.ALERT_RESOLVED: _resolved,
    Source.ALERT_REOPENED: _reopened,
}
_OTHERS: Mapping[Source, Callable[[Row, Language], Entry]] = {
    Source.STATE_CHANGE: _state_change,
    Source.NOTIFICATION: _notification,
    Source.WINDOW_BEGINS: _begins,
    Source.WINDOW_ENDS: _ends,
}
