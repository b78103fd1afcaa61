"""Compare what the channels received with what the store says: lost, repeated, out of order."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.store import Retention
from tests.support.running import rows_of
from tests.torture.channel import Life, Receipt
from tests.torture.judgement import upkeep
from tests.torture.judgement.rules import Rules, due_follow_ups, needless_follow_ups, wrong_messages, wrong_states

Rows = list[dict[str, Any]]
# After so many successes nothing flaps, and a monitor works from every location.
STEADY = 45


@dataclass
class Verdict:
    """The counts, and a line for each breach of the contract.

    ``follow_ups``: the reminders and steps of escalations that were certainly due. ``pruned``: alerts that were pruned.
    """

    alerts: int = 0
    owed: int = 0
    follow_ups: int = 0
    pruned: int = 0
    refused: int = 0
    copies_of_the_dead: int = 0
    copies_for_lack_of_an_answer: int = 0
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether the contract is kept."""
        return not self.broken

    @property
    def broken(self) -> list[str]:
        """Every breach of the contract."""
        return [*self.lost, *self.repeated, *self.out_of_order]

    def add(self, other: "Verdict") -> None:
        """Add another verdict to this one."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def judge(
    database: str,
    receipts: Mapping[str, Sequence[Receipt]],
    lives: Sequence[Life],
    acknowledged: Iterable[str] = (),
    *,
    rules: Rules | None = None,
    retention: Retention | None = None,
) -> Verdict:
    """Judge a system that has settled.

    ``database``: its DATABASE_URL. ``receipts``: what each configured channel accepted, in order. ``acknowledged``: the
    ids of the events whose receipt was confirmed, or that a kill left in the backlog. ``rules``: they decide which
    outages there are, and which messages are sent; then each has to be sent, or its row has to name the rule.
    ``retention``: for how long upkeep keeps what it prunes, which ``upkeep.keep_what_is_pruned`` keeps for us.
    """
    names = ("monitors", "events", "alerts", "notifications", "notification_logs")
    tables = {name: rows_of(database, f"SELECT * FROM {name} ORDER BY id") for name in names}
    verdict = Verdict()
    if retention:
        _judge_upkeep(verdict, database, tables, retention, lives)
    # An edit of a message is judged apart: it is no message, and nobody is promised one.
    tables["notifications"], edits = _apart(tables["notifications"])
    logs: dict[int, Rows] = defaultdict(list)
    for row in tables["notification_logs"]:
        logs[row["notification_id"]].append(row)
    alerts = {alert["id"]: alert for alert in tables["alerts"]}
    verdict.alerts, verdict.owed = len(alerts), len(tables["notifications"])
    verdict.lost += [
        f"event {event_id} was acknowledged and is not stored"
        for event_id in set(acknowledged) - {event["event_id"] for event in tables["events"]}
    ]
    if rules:
        _judge_by_rules(verdict, rules, tables, alerts, list(receipts))
    else:
        for monitor in tables["monitors"]:
            _judge_alerts(verdict, monitor, tables)
        for alert in alerts.values():
            _judge_owed(verdict, alert, tables["notifications"], set(receipts))
    known = {row["id"]: row for row in tables["notifications"]}
    for channel, accepted in receipts.items():
        taken: dict[int, list[Receipt]] = defaultdict(list)
        for receipt in accepted:
            for number in receipt.notification_ids:
                taken[number].append(receipt)
        verdict.repeated += [f"{channel} received #{number}, which is not owed" for number in set(taken) - set(known)]
        owed = [row for row in known.values() if row["channel"] == channel]
        for row in owed:
            _judge_delivery(verdict, row, taken[row["id"]], logs[row["id"]], lives)
        _judge_order(verdict, channel, [row for row in owed if taken[row["id"]]], alerts, accepted)
    for edit in edits:
        _judge_edit(verdict, edit, known.get(edit["edits"]), logs[edit["id"]])
    return verdict


def _apart(notifications: Rows) -> tuple[Rows, Rows]:
    """The messages, and the edits of messages."""
    edits = [row for row in notifications if row["kind"] == "UPDATE"]
    return [row for row in notifications if row["kind"] != "UPDATE"], edits


def _judge_edit(verdict: Verdict, edit: dict[str, Any], edited: dict[str, Any] | None, logs: Rows) -> None:
    """An edit is about a message that was sent, and was tried until its row says how that ended."""
    name = f"#{edit['id']} (UPDATE to {edit['channel']})"
    statuses = [log["status"] for log in logs]
    if edited is None or (edited["status"], edited["channel"]) != ("SENT", edit["channel"]):
        verdict.repeated.append(f"{name} edits what was not sent")
    if edit["status"] not in ("SENT", "FAILED", "EXPIRED"):
        verdict.lost.append(f"{name} is still {edit['status']} in the end")
    elif statuses[-1:] != [edit["status"]] or len(set(statuses[:-1]) - {"RETRY"}) > 0:
        verdict.repeated.append(f"{name} is {edit['status']}, and its attempts are {statuses}")


def _judge_upkeep(
    verdict: Verdict, database: str, tables: dict[str, Rows], retention: Retention, lives: Sequence[Life]
) -> None:
    """Nothing went too early, everything was counted before, and no number was given twice. Adds what was pruned."""
    tables["rollups"] = rows_of(database, "SELECT * FROM rollups ORDER BY id")
    for name in ("events", "alerts", "notifications", "notification_logs", "rollups"):
        pruned = upkeep.pruned_rows(database, name)
        tables[name] = sorted([*pruned, *tables[name]], key=lambda row: row["id"])
        verdict.pruned += len(pruned) if name == "alerts" else 0
    tables["rollups"] += upkeep.packed_days(database)
    folded = rows_of(database, "SELECT event_id FROM folded")
    verdict.lost += upkeep.lost_by_pruning(tables, retention, lives)
    verdict.lost += upkeep.miscounted(tables, folded[0]["event_id"] if folded else 0)
    verdict.repeated += upkeep.given_twice(tables)


def _judge_by_rules(
    verdict: Verdict,
    rules: Rules,
    tables: Mapping[str, Rows],
    alerts: Mapping[int, dict[str, Any]],
    channels: list[str],
) -> None:
    """Each outage has its messages, and what follows it comes at its times. In the end each monitor has its state."""
    owed = tables["notifications"]
    found = [wrong_states(tables["events"], tables["monitors"], alerts.values(), STEADY)]
    found += [
        wrong_messages(rules, alert, [row for row in owed if row["alert_id"] == alert["id"]], channels)
        for alert in alerts.values()
        if alert["kind"] == "OUTAGE"
    ]
    for lost, needless in found:
        verdict.lost += lost
        verdict.repeated += needless
    verdict.follow_ups, missing = due_follow_ups(rules, alerts, owed)
    verdict.lost += missing
    verdict.repeated += needless_follow_ups(rules, alerts, owed)


def _judge_alerts(verdict: Verdict, monitor: dict[str, Any], tables: Mapping[str, Rows]) -> None:
    """Each outage in the monitor's events has one alert, and no other alert exists, unless a person resolved one."""
    alerts = [alert for alert in tables["alerts"] if (alert["kind"], alert["subject"]) == ("OUTAGE", monitor["name"])]
    if any(alert["resolved_by"] for alert in alerts):
        return
    newest, is_down, expected = "", False, []
    for event in tables["events"]:
        at = min(event["timestamp"], event["received_at"])
        if event["monitor_id"] != monitor["id"] or event["is_inconclusive"] or at < newest:
            continue
        newest = at
        if not event["is_success"] and not is_down:
            expected.append("OPEN")
        elif event["is_success"] and is_down:
            expected[-1] = "RESOLVED"
        is_down = not event["is_success"]
    found = ["RESOLVED" if alert["status"] == "RESOLVED" else "OPEN" for alert in alerts]
    if len(found) < len(expected):
        verdict.lost.append(f"{monitor['name']} has {len(found)} alerts for {len(expected)} outages")
    elif found != expected:
        verdict.repeated.append(f"{monitor['name']} has the alerts {found} for the outages {expected}")


def _judge_owed(verdict: Verdict, alert: dict[str, Any], notifications: Rows, channels: set[str]) -> None:
    """Each message about an alert is owed once to each channel."""
    kinds = ["OUTAGE"] + ["RECOVERY"] * (alert["status"] == "RESOLVED")
    for channel in channels if alert["kind"] == "OUTAGE" else ():
        owed = [row["kind"] for row in notifications if (row["alert_id"], row["channel"]) == (alert["id"], channel)]
        for kind in kinds:
            if kind not in owed:
                verdict.lost.append(f"the {kind} of alert {alert['id']} is not owed to {channel}")
        if len(owed) > len(kinds):
            verdict.repeated.append(f"alert {alert['id']} owes {owed} to {channel}")


def _judge_delivery(
    verdict: Verdict, row: dict[str, Any], taken: Sequence[Receipt], logs: Rows, lives: Sequence[Life]
) -> None:
    """The message arrived, or the log says why not, and the contract allows each copy."""
    # The channel may accept a life's last message after the next life has begun.
    taken = sorted(taken, key=lambda receipt: receipt.life)
    name = f"#{row['id']} ({row['kind']} to {row['channel']})"
    statuses = [log["status"] for log in logs]
    if row["status"] == "SUPPRESSED":
        if taken:
            verdict.repeated.append(f"{name} was accepted, and a rule kept it back")
        if statuses[-1:] != ["SUPPRESSED"] or not logs[-1]["reason"]:
            verdict.lost.append(f"{name} was not sent, and no rule says why")
        verdict.refused += 1
        return
    statuses = [status for status in statuses if status != "HELD"]
    if row["status"] not in ("SENT", "FAILED", "EXPIRED"):
        verdict.lost.append(f"{name} is still {row['status']} in the end")
    elif statuses[-1:] != [row["status"]] or len(set(statuses[:-1]) - {"RETRY"}) > 0:
        verdict.repeated.append(f"{name} is {row['status']}, and its attempts are {statuses}")
    elif row["status"] != "SENT":
        verdict.refused += 1
    elif not taken:
        verdict.lost.append(f"{name} is marked SENT and was not accepted")
    elif not _has_lived(lives[taken[-1].life], logs[-1]["attempted_at"]):
        verdict.repeated.append(f"{name} was accepted again after a life that had recorded it as sent")
    # A failed message may be tried again in a list, with other lines beside its own.
    texts = {(receipt.notification_ids, receipt.words) for receipt in taken}
    if len(texts) > len({ids for ids, _ in texts}):
        verdict.repeated.append(f"{name} reads differently in its copies")
    for receipt, following in itertools.pairwise(taken):
        if not receipt.is_answered or _was_given_up(receipt, logs):
            verdict.copies_for_lack_of_an_answer += 1
        elif following.life > receipt.life:
            verdict.copies_of_the_dead += 1
        else:
            verdict.repeated.append(f"{name} was accepted twice in life {receipt.life}, which knew of the first copy")


def _has_lived(life: Life, at: str) -> bool:
    # The store keeps whole milliseconds.
    began_at = life.began_at - timedelta(milliseconds=1)
    return began_at <= datetime.fromisoformat(at) and (life.ended_at is None or _time(at) <= life.ended_at)


def _was_given_up(receipt: Receipt, logs: Rows) -> bool:
    """Whether the sender's deadline passed before it read the response, by the row of the attempt."""
    return receipt.at is not None and any(
        log["status"] == "RETRY"
        and "no answer within" in (log["answer"] or "")
        and _time(log["attempted_at"]) <= receipt.at
        and receipt.at <= _time(log["attempted_at"]) + timedelta(milliseconds=log["duration_ms"] + 1000)
        for log in logs
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _judge_order(
    verdict: Verdict, channel: str, arrived: Rows, alerts: Mapping[int, dict[str, Any]], accepted: Sequence[Receipt]
) -> None:
    """The first copies about one subject arrive in the order in which they became owed."""
    first = {
        number: place for place, receipt in reversed(list(enumerate(accepted))) for number in receipt.notification_ids
    }
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(arrived, key=lambda row: row["id"]):
        alert = alerts[row["alert_id"]]
        subject = (alert["kind"], alert["subject"])
        before = newest.get(subject)
        if before is not None and first[row["id"]] <= first[before["id"]]:
            verdict.out_of_order.append(f"{channel} received #{row['id']} before #{before['id']} of {subject[1]}")
        newest[subject] = row
