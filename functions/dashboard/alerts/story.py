"""The rows of a timeline: each has a time, says in bold what happened, and below it why."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from functions.dashboard.visit import Visit
from shared.history.timeline import Place
from shared.messages import one_line
from shared.models import Alert
from shared.pages.formatting import Named
from shared.store import MonitorNotFound, Row
from shared.timelines.entries import SAID, Entry, entries_of
from shared.words import reason_text

MOST = 200
_PAGES = 10
# A state that changes with a check or an alert is said by these.
_SAID_ELSEWHERE = (
    "threshold_met",
    "below_threshold",
    "quorum_met",
    "below_quorum",
    "recovered",
    "recovering",
    "healthy",
    "moved_by_hand",
    "degraded",
)
_OF_STATUS = {"SENT": ("msg", "unk"), "RETRY": ("msg", "pend"), "FAILED": ("msg", "down"), "EXPIRED": ("msg", "down")}
_OF_ALERT = {"OPEN": ("down", "down"), "ACK": ("ack", "unk"), "RESOLVED": ("up", "up")}


class Event(NamedTuple):
    """A row of a timeline. ``icon`` and ``colour``: classes of the stylesheet."""

    at: datetime
    icon: str
    colour: str
    what: str
    why: str


def story_of(
    visit: Visit,
    monitor_id: int | None,
    since: datetime,
    until: datetime,
    *,
    alert: Alert | None = None,
    notes: Sequence[Row] = (),
) -> list[Event]:
    """The rows about a monitor, oldest first; if there are too many, the newest. ``alert``: no rows about others."""
    found = [] if monitor_id is None else list(_entries(visit, monitor_id, since, until))
    if alert is not None:
        found = [entry for entry in found if entry["alert_id"] in (None, alert.id) or _ends_by_hand(entry, alert)]
        found = _from_last_good(found, alert)
    events = [_event(visit, entry) for entry in _folded(visit, found)]
    events += [_noted(visit, row) for row in notes]
    return sorted(events, key=lambda event: event.at)[-MOST:]


def _folded(visit: Visit, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Without what another row says, and with one row for all checks of a location that say that it still fails."""
    still: dict[str | None, list[Entry]] = {}
    retried = set()
    for entry in entries:
        if entry["kind"] == "check" and entry["reason"] == "still_down":
            still.setdefault(entry["event"]["location"], []).append(entry)
            continue
        if entry["kind"] in ("check", "alert"):
            yield from _counted(visit, still)
            still = {}
        if entry["kind"] == "state_change" and entry["reason"] in _SAID_ELSEWHERE:
            continue
        if entry["status"] == "RETRY":
            # Every attempt stands in the table below.
            if (entry["alert_id"], entry["channel"]) in retried:
                continue
            retried.add((entry["alert_id"], entry["channel"]))
        yield entry
    yield from _counted(visit, still)


def _counted(visit: Visit, still: Mapping[str | None, Sequence[Entry]]) -> Iterator[Entry]:
    for entries in still.values():
        last = entries[-1]
        yield {**last, "text": visit.say("still_fails", n=len(entries), what=last["text"])}


def _entries(visit: Visit, monitor_id: int, since: datetime, until: datetime) -> Iterator[Entry]:
    after: Place | None = None
    for _ in range(_PAGES):
        try:
            page = visit.store.timelines.page(monitor_id, since=since, until=until, limit=1_000, after=after)
        except MonitorNotFound:
            return  # it was removed meanwhile
        yield from entries_of(page.monitor, page.moments, visit.language)
        if page.next is None:
            return
        after = page.next


def _from_last_good(entries: Sequence[Entry], alert: Alert) -> list[Entry]:
    """From the last good check before the alert on."""
    first = 0
    for number, entry in enumerate(entries):
        is_good = entry["kind"] == "check" and entry["event"]["is_success"]
        if is_good and datetime.fromisoformat(entry["at"]) < alert.failed_at:
            first = number
    begins_at = alert.failed_at - timedelta(hours=1)
    return [entry for entry in entries[first:] if datetime.fromisoformat(entry["at"]) >= begins_at]


def _ends_by_hand(entry: Entry, alert: Alert) -> bool:
    """Whether somebody resolved an alert before this one: without that, the checks in between would have no end."""
    is_end = entry["kind"] == "alert" and (entry["status"], entry["reason"]) == ("RESOLVED", "moved_by_hand")
    return is_end and datetime.fromisoformat(entry["at"]) <= alert.opened_at


def _event(visit: Visit, entry: Entry) -> Event:
    icon, colour = _look(entry)
    what = one_line(str(entry["text"]))
    reason = entry["reason"]
    why = ""
    if reason and entry["kind"] == "check" and entry[SAID] is None:
        why = reason_text(visit.language, reason)
    if visit.language == "en":
        what = what[:1].upper() + what[1:]
    return Event(datetime.fromisoformat(entry["at"]), icon, colour, what, why)


def _look(entry: Entry) -> tuple[str, str]:
    match entry["kind"]:
        case "check":
            if entry["event"]["is_success"]:
                return "up", "up"
            return ("unk", "unk") if entry["event"]["is_inconclusive"] else ("pend", "pend")
        case "alert":
            return _OF_ALERT[entry["status"]]
        case "notification":
            return _OF_STATUS.get(entry["status"], ("paus", "paus"))
        case "window":
            return ("plan", "plan") if entry["reason"] == "maintenance" else ("paus", "paus")
    return "unk", "unk"


def _noted(visit: Visit, row: Row) -> Event:
    name = one_line(row["author"] or "", 64) or visit.say("somebody_else")
    what = visit.say("noted", name=Named(name), note=one_line(row["text"]))
    return Event(datetime.fromisoformat(row["at"]), "ack", "unk", what, "")
