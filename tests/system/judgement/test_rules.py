"""The judge of the kill tests reckons by itself what follows an outage, and finds what is missing or too much."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models import as_text
from tests.torture.judgement.rules import (
    FollowUp,
    Review,
    Rules,
    due_follow_ups,
    needless_follow_ups,
    wrong_messages,
    wrong_states,
)

# Reminders each minute to "a", one step to "b", and one to "c" that repeats.
FOLLOW_UPS = (FollowUp(None, ("a",), 60, 60), FollowUp(1, ("b",), 30), FollowUp(2, ("c",), 90, 20))
Row = dict[str, Any]


def at(seconds: float) -> str:
    return as_text(datetime(2025, 1, 8, 12, tzinfo=UTC) + timedelta(seconds=seconds))


def rules(*reviews: Review, **seen: Any) -> Rules:
    return Rules(("m",), ("a",), FOLLOW_UPS, list(reviews), **seen)


def review(seconds: float, *open_alerts: int) -> Review:
    return Review(at(seconds), at(seconds + 1), frozenset(open_alerts))


def alert(number: int = 1, status: str = "OPEN", subject: str = "m") -> Row:
    return {"id": number, "kind": "OUTAGE", "subject": subject, "status": status, "opened_at": at(0)}


def owed(kind: str, channel: str, seconds: float = 0, number: int | None = None, status: str = "SENT") -> Row:
    said = {"kind": kind, "number": number, "channel": channel, "status": status}
    return {"id": int(seconds), "alert_id": 1, "created_at": at(seconds), **said}


ALL = [
    owed("ESCALATION", "b", 30.5, 1),
    owed("REMINDER", "a", 60.5, 1),
    owed("ESCALATION", "c", 90.5, 2),
    owed("ESCALATION", "c", 111, 2, "SUPPRESSED"),
    owed("REMINDER", "a", 125.0, 2),
]


@pytest.mark.parametrize(
    ("made", "reviews", "due", "missing", "why"),
    [
        (ALL, [review(125, 1)], 3, 0, "all is there, also what a rule kept back"),
        ([], [review(29, 1)], 0, 0, "nothing is due yet"),
        ([], [review(125)], 0, 0, "the alert was not OPEN all the time, so nobody knows"),
        (ALL[1:], [review(125, 1)], 3, 1, "the first step is lost"),
        (ALL[:3], [review(125, 1)], 3, 2, "a repeated step and the second reminder are lost"),
        (ALL, [review(123, 1)], 3, 1, "the reminder came only after the review had responded"),
        ([], [review(31, 1), review(32, 1)], 1, 1, "one complaint for one step"),
        (ALL, [review(125, 2)], 0, 1, "an alert that was OPEN is gone"),
    ],
)
def test_a_review_sees_to_all_that_is_due(
    made: list[Row], reviews: list[Review], due: int, missing: int, why: str
) -> None:
    count, complaints = due_follow_ups(rules(*reviews), {1: alert()}, made)
    assert (count, len(complaints)) == (due, missing), (why, complaints)


@pytest.mark.parametrize(
    ("made", "seen", "complaint"),
    [
        (ALL, {}, None),
        ([owed("REMINDER", "a", 59.9, 1)], {}, "before its time"),
        ([owed("REMINDER", "a", 61, 1), owed("REMINDER", "a", 119, 2)], {}, "twice for one time"),
        ([owed("ESCALATION", "b", 31, 1), owed("ESCALATION", "b", 900, 1)], {}, "twice for one time"),
        ([owed("ESCALATION", "c", 31, 1)], {}, "not owed by any rule"),
        ([owed("ESCALATION", "c", 95, 3)], {}, "not owed by any rule"),
        (ALL, {"acknowledged": {1: at(120)}}, "after the acknowledgement"),
        (ALL, {"acknowledged": {1: at(125)}}, None),
        ([owed("RECOVERY", "b", 20), owed("ESCALATION", "b", 31, 1)], {}, "after the end"),
        ([owed("REMINDER", "a", 1, 1)], {"reopened": {1}}, None),
    ],
)
def test_nothing_follows_that_no_rule_owes(made: list[Row], seen: dict[str, Any], complaint: str | None) -> None:
    found = list(needless_follow_ups(rules(**seen), {1: alert()}, made))
    assert complaint in found[0] if complaint else found == [], found


@pytest.mark.parametrize(
    ("made", "status", "complaint"),
    [
        ([owed("OUTAGE", "a"), owed("RECOVERY", "a")], "RESOLVED", None),
        ([owed("FLAPPING", "a"), owed("RECOVERY", "a")], "RESOLVED", None),
        ([], "OPEN", "no beginning of alert 1"),
        ([owed("OUTAGE", "a")], "RESOLVED", "the RECOVERY of alert 1"),
        ([*ALL[:1], owed("OUTAGE", "a"), owed("RECOVERY", "a")], "RESOLVED", "not owed to b"),
        ([owed("OUTAGE", "a"), owed("RECOVERY", "a"), owed("RECOVERY", "b")], "RESOLVED", "b was never sent a step"),
        ([owed("OUTAGE", "a", status="SUPPRESSED"), owed("RECOVERY", "a")], "RESOLVED", "the end of alert 1 alone"),
        ([owed("OUTAGE", "a"), owed("OUTAGE", "a", 1)], "OPEN", "alert 1 owes ['OUTAGE', 'OUTAGE']"),
    ],
)
def test_who_hears_of_a_beginning_hears_of_its_end(made: list[Row], status: str, complaint: str | None) -> None:
    lost, needless = wrong_messages(rules(), alert(status=status), made, ["a", "b", "c"])
    assert complaint in [*lost, *needless][0] if complaint else lost + needless == [], (lost, needless)


@pytest.mark.parametrize(
    ("outcomes", "status", "complaint"),
    [
        ([1, 0], "OPEN", None),
        ([0, 1, 1], "RESOLVED", None),
        ([1, 0], "RESOLVED", "fails in the end"),
        ([0, 1], "OPEN", None),
        ([0, 1, 1], "OPEN", "works in the end"),
    ],
)
def test_in_the_end_each_monitor_has_its_state(outcomes: list[int], status: str, complaint: str | None) -> None:
    """An outage may be open until two checks in a row succeeded."""
    events = [
        {"id": number, "monitor_id": 7, "is_success": outcome, "is_inconclusive": 0, "timestamp": at(number)}
        for number, outcome in enumerate(outcomes)
    ]
    lost, needless = wrong_states(events[::-1], [{"id": 7, "name": "m"}], [alert(status=status)], steady=2)
    assert complaint in [*lost, *needless][0] if complaint else lost + needless == [], (lost, needless)
