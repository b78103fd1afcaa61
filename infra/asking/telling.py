"""A timeline in words: a line for each moment, with what followed from it. Pure."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

Entry = Mapping[str, Any]
# A message that is sent later has a line of its own.
_FOLLOWS_WITHIN = timedelta(seconds=60)
_SEPARATOR = " · "
# How a message ends that its channel did not take at first.
_SETTLED = ("SENT", "FAILED", "EXPIRED")


class _Line:
    """One moment: what happened, the messages that followed, and the alerts that it is about."""

    def __init__(self, at: datetime, text: str = "") -> None:
        self.at = at
        self.texts = [text] if text else []
        self.messages: list[str] = []
        self.alerts: dict[int, str] = {}
        self.is_check = False
        self.event_id: int | None = None

    def __str__(self) -> str:
        return _SEPARATOR.join([*self.texts, *_joined(self.messages), *filter(None, self.alerts.values())])


def told(entries: Sequence[Entry], zone: tzinfo | None = None) -> Iterator[str]:
    """The lines; a day begins with a line of its own. ``zone``: the one of the times; None is this machine's own."""
    day = None
    for line in _lines(entries):
        at = line.at.astimezone(zone)
        if at.date() != day:
            day = at.date()
            yield f"{day}"
        yield f"{at:%H:%M:%S} {line}"


def _lines(entries: Sequence[Entry]) -> Iterable[_Line]:
    lines: list[_Line] = []
    # An alert's messages go to the line of its newest change, and that to the line of the check that made it.
    about: dict[int, _Line] = {}
    made_by: dict[int, _Line] = {}
    for number, entry in enumerate(entries):
        at = datetime.fromisoformat(entry["at"])
        if entry["kind"] == "notification":
            if not _is_told_later(entry, entries[number + 1 :]):
                _add_message(lines, about, entry, at)
            continue
        line = _line_of(entry, at, lines, made_by)
        if entry["kind"] == "state_change" and line is not None:
            line.texts[-1] += f": {entry['to_state']}"
        elif entry["kind"] == "alert" and line is not None:
            is_new = entry["status"] == "OPEN"
            line.alerts[entry["alert_id"]] = f"alert {entry['alert_id']}" if is_new else entry["text"]
        else:
            line = _Line(at, entry["text"])
            line.is_check, line.event_id = entry["kind"] in ("check", "state_change"), entry["event_id"]
            lines.append(line)
        if entry["kind"] == "state_change" and entry["alert_id"] is not None:
            made_by[entry["alert_id"]] = line
        if entry["kind"] == "alert":
            line.alerts.setdefault(entry["alert_id"], "")
            about[entry["alert_id"]] = line
    return lines


def _line_of(entry: Entry, at: datetime, lines: Sequence[_Line], made_by: Mapping[int, _Line]) -> _Line | None:
    """The line of the check that made a change, or changed an alert's status."""
    same_time = [line for line in itertools.takewhile(lambda line: line.at == at, reversed(lines)) if line.is_check]
    if entry["kind"] == "state_change" and entry["event_id"] is not None:
        return next((line for line in same_time if line.event_id == entry["event_id"]), None)
    if entry["kind"] == "alert" and entry["status"] != "ACK":
        changed = made_by.get(entry["alert_id"])
        return changed if changed in same_time else next(iter(same_time), None)
    return None


def _add_message(lines: list[_Line], about: Mapping[int, _Line], entry: Entry, at: datetime) -> None:
    line = about.get(entry["alert_id"])
    if line is None or at - line.at > _FOLLOWS_WITHIN:
        line = lines[-1] if lines and lines[-1].at == at and not lines[-1].texts else _Line(at)
        if line not in lines:
            lines.append(line)
    line.messages.append(entry["text"])


def _is_told_later(entry: Entry, following: Iterable[Entry]) -> bool:
    """Whether a message that failed for now is settled later: what it was answered is said there."""
    if entry["status"] != "RETRY":
        return False
    same = ("kind", "alert_id", "channel")
    return any(all(other[name] == entry[name] for name in same) and other["status"] in _SETTLED for other in following)


def _joined(messages: Sequence[str]) -> Iterator[str]:
    """The messages of one kind, whose word stands once: ``OUTAGE to ops in 0.4 s, to mail in 2.1 s``."""
    said = ""
    for message in messages:
        word, _, rest = message.partition(" ")
        if said and said.partition(" ")[0] == word:
            said = f"{said}, {rest}"
            continue
        if said:
            yield said
        said = message
    if said:
        yield said
