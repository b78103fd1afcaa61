"""The messages that rules owe: reminders, steps of escalations, the effect of an acknowledgement, and those of an end.

The judge reckons each time by itself, from when the alert opened, and never asks the store how far it has come.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

Rows = list[dict[str, Any]]


class FollowUp(NamedTuple):
    """A message ``after`` so many seconds while an alert stays OPEN, and then every ``repeat`` seconds unless None.

    ``step``: which step of the escalation it is, counted from 1; None for reminders.
    """

    step: int | None
    channels: tuple[str, ...]
    after: float
    repeat: float | None = None

    @property
    def name(self) -> str:
        """As a person says it."""
        return f"step {self.step}" if self.step else "the reminder"

    def is_meant(self, row: Mapping[str, Any]) -> bool:
        """Whether a notification is of this kind, and of this step."""
        if self.step is None:
            return bool(row["kind"] == "REMINDER")
        return (row["kind"], row["number"]) == ("ESCALATION", self.step)

    def turn(self, opened_at: str, at: str) -> int:
        """How often it has been due by then, less one: -1 if never."""
        late = _time(at) - _time(opened_at) - timedelta(seconds=self.after)
        if late < timedelta():
            return -1
        return 0 if self.repeat is None else late // timedelta(seconds=self.repeat)


class Review(NamedTuple):
    """A review that responded: when it was asked and when it had responded, and which alerts were OPEN all the time."""

    asked_at: str
    answered_at: str
    open: frozenset[int]


@dataclass
class Rules:
    """The rules of a series, and what its harness saw of them. All times are those of the system's clock.

    ``monitors``: those that have these rules. ``channels``: those that hear of them first. ``acknowledged``: when the
    first acknowledgement of an alert had been responded to. ``reopened``: the alerts that somebody may have reopened,
    for which everything begins anew.
    """

    monitors: Sequence[str]
    channels: Sequence[str]
    follow_ups: Sequence[FollowUp]
    reviews: list[Review] = field(default_factory=list)
    acknowledged: dict[int, str] = field(default_factory=dict)
    reopened: set[int] = field(default_factory=set)

    def first_channels(self, alert: Mapping[str, Any], configured: Iterable[str]) -> list[str]:
        """The channels that hear of an alert, those of an escalation apart."""
        return [each for each in configured if alert["subject"] not in self.monitors or each in self.channels]


def due_follow_ups(rules: Rules, alerts: Mapping[int, Mapping[str, Any]], owed: Rows) -> tuple[int, list[str]]:
    """How many reminders and steps were certainly due, and a complaint for each that has no row, sent or kept back.

    A review that responded has seen to everything that was due when it was asked, if the alert was OPEN until then.
    """
    due: set[tuple[int, FollowUp, int]] = set()
    missing: dict[tuple[int, FollowUp, int], str] = {}
    made = _by_alert(owed)
    for review in rules.reviews:
        for alert_id in review.open - rules.reopened:
            if alert_id not in alerts:
                missing.setdefault((alert_id, rules.follow_ups[0], 0), f"alert {alert_id} was OPEN and is gone")
                continue
            opened_at = alerts[alert_id]["opened_at"]
            for each in rules.follow_ups:
                turn = each.turn(opened_at, review.asked_at)
                if turn < 0:
                    continue
                due.add((alert_id, each, turn))
                for channel in _without_row(each, turn, opened_at, made[alert_id], review.answered_at):
                    why = f"{each.name} of alert {alert_id} was due before {review.asked_at}: {channel} has no row"
                    missing.setdefault((alert_id, each, turn), why)
    return len(due), list(missing.values())


def _without_row(follow_up: FollowUp, turn: int, opened_at: str, owed: Rows, until: str) -> Iterator[str]:
    done = {
        row["channel"]
        for row in owed
        if follow_up.is_meant(row)
        and row["created_at"] <= until
        and follow_up.turn(opened_at, row["created_at"]) >= turn
    }
    yield from (channel for channel in follow_up.channels if channel not in done)


def needless_follow_ups(rules: Rules, alerts: Mapping[int, Mapping[str, Any]], owed: Rows) -> Iterator[str]:
    """A complaint for each reminder and each step that came too often, too early, too late or to a wrong channel."""
    for alert_id, made in _by_alert(owed).items():
        alert = alerts[alert_id]
        seen: set[tuple[str, int | None, str, int]] = set()
        is_over: set[str] = set()
        for row in () if alert_id in rules.reopened else made:
            if row["kind"] == "RECOVERY" and row["status"] != "SUPPRESSED":
                is_over.add(row["channel"])
            if row["kind"] not in ("REMINDER", "ESCALATION"):
                continue
            name = f"#{row['id']} ({row['kind']} {row['number']} of alert {alert_id} to {row['channel']})"
            meant = next((each for each in rules.follow_ups if each.is_meant(row)), None)
            if alert["subject"] not in rules.monitors or meant is None or row["channel"] not in meant.channels:
                yield f"{name} is not owed by any rule"
                continue
            turn = meant.turn(alert["opened_at"], row["created_at"])
            key = row["kind"], meant.step, row["channel"], turn
            if turn < 0:
                yield f"{name} came before its time"
            elif key in seen:
                yield f"{name} came twice for one time"
            seen.add(key)
            if row["created_at"] > rules.acknowledged.get(alert_id, row["created_at"]):
                yield f"{name} came after the acknowledgement"
            if row["channel"] in is_over:
                yield f"{name} came after the end"


def wrong_messages(
    rules: Rules, alert: Mapping[str, Any], owed: Rows, configured: Iterable[str]
) -> tuple[list[str], list[str]]:
    """The missing and superfluous beginnings and ends of an outage: whoever hears of one hears of both.

    ``owed``: the notifications about the outage.
    """
    first = rules.first_channels(alert, configured)
    lost, needless = [], []
    for channel in configured:
        here = [row for row in owed if row["channel"] == channel]
        sent = [row["kind"] for row in here if row["status"] != "SUPPRESSED"]
        ends = [row for row in here if row["kind"] == "RECOVERY"]
        is_told = channel in first or "ESCALATION" in sent
        if channel in first and not {row["kind"] for row in here} & {"OUTAGE", "FLAPPING"}:
            lost.append(f"no beginning of alert {alert['id']} is owed to {channel}")
        if alert["status"] == "RESOLVED" and is_told and not ends:
            lost.append(f"the RECOVERY of alert {alert['id']} is not owed to {channel}")
        if ends and not is_told:
            needless.append(f"{channel} was never sent a step of alert {alert['id']}, and is owed its RECOVERY")
        if set(sent) == {"RECOVERY"}:
            needless.append(f"{channel} heard of the end of alert {alert['id']} alone")
        if alert["id"] not in rules.reopened and max(sent.count("OUTAGE"), sent.count("RECOVERY")) > 1:
            needless.append(f"alert {alert['id']} owes {sent} to {channel}")
    return lost, needless


def wrong_states(
    events: Rows, monitors: Rows, alerts: Iterable[Mapping[str, Any]], steady: int
) -> tuple[list[str], list[str]]:
    """Monitors that fail in the end without an active outage, and those with one that have been working for long.

    ``steady``: after so many successes of a monitor nothing holds its alert open.
    """
    active = {alert["subject"] for alert in alerts if alert["kind"] == "OUTAGE" and alert["status"] != "RESOLVED"}
    lost, needless = [], []
    for monitor in monitors:
        about = [event for event in events if event["monitor_id"] == monitor["id"] and not event["is_inconclusive"]]
        last = [event["is_success"] for event in sorted(about, key=lambda event: (event["timestamp"], event["id"]))]
        if last and not last[-1] and monitor["name"] not in active:
            lost.append(f"{monitor['name']} fails in the end and has no active alert")
        if len(last) >= steady and all(last[-steady:]) and monitor["name"] in active:
            needless.append(f"{monitor['name']} works in the end and has an active alert")
    return lost, needless


def _by_alert(owed: Rows) -> defaultdict[int, Rows]:
    found: defaultdict[int, Rows] = defaultdict(list)
    for row in owed:
        found[row["alert_id"]].append(row)
    return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
