"""How a drill went, and whether it is over: a table of what is stored and when."""

from typing import Any

import pytest

from shared.alerting.routing.drills import Sent, judge
from shared.models import AlertKind, AlertStatus, NotificationStatus
from tests.support.builders import alert, at, notification


def sent(channel: str, status: str, *, tries: int = 1, answer: str | None = None, rule: str | None = None) -> Sent:
    fields = {"channel": channel, "status": NotificationStatus(status), "attempts": tries, "reason": rule}
    return Sent(notification("DRILL", **fields), answer)


def drill(status: str = "OPEN", **fields: Any) -> Any:
    return alert(AlertStatus(status), kind=AlertKind.DRILL, delivered={"a": 0.4, "b": 2.0}, **fields)


A, B = sent("a", "SENT"), sent("b", "SENT")


@pytest.mark.parametrize(
    ("status", "messages", "need_ack", "seconds", "is_over"),
    [
        # every channel has it, and nobody has to acknowledge it
        ("OPEN", [A, B], None, 1, True),
        # one waits: not yet tried, tried once, refused twice
        ("OPEN", [A, sent("b", "PENDING", tries=0)], None, 179, False),
        ("OPEN", [A, sent("b", "PENDING", tries=0)], None, 180, True),
        ("OPEN", [A, sent("b", "PENDING", answer="no")], None, 31, False),
        ("OPEN", [A, sent("b", "SENDING", tries=2, answer="no")], None, 29, False),
        ("OPEN", [A, sent("b", "PENDING", tries=2, answer="no")], None, 30, True),
        # a permanent refusal is not waited for, nor is what a rule holds
        ("OPEN", [A, sent("b", "FAILED", answer="no")], None, 1, True),
        ("OPEN", [A, sent("b", "HELD", rule="quiet_hours")], None, 1, True),
        # somebody has to acknowledge it
        ("OPEN", [A, B], 60, 59, False),
        ("OPEN", [A, B], 60, 60, True),
        ("ACK", [A, B], 60, 21, True),
        ("ACK", [A, sent("b", "PENDING", tries=0)], 60, 21, False),
        ("ACK", [A, sent("b", "PENDING", tries=0)], 60, 60, True),
        # resolved by hand
        ("RESOLVED", [A, B], 60, 41, True),
        # no channel
        ("OPEN", [], None, 0, True),
    ],
)
def test_a_drill_is_over(
    status: str, messages: list[Sent], need_ack: float | None, seconds: float, *, is_over: bool
) -> None:
    assert judge(drill(status), messages, need_ack, at(seconds)).is_over is is_over


@pytest.mark.parametrize(
    ("status", "messages", "need_ack", "failed", "refused", "is_ok"),
    [
        ("OPEN", [A, B], None, {}, (), True),
        ("ACK", [A, B], 60, {}, (), True),
        ("RESOLVED", [A, B], 60, {}, (), True),
        ("OPEN", [A, B], 60, {}, (), False),
        # a channel that leaves drills out does not count; one that has quiet hours was not reached
        ("OPEN", [A, sent("b", "SUPPRESSED", rule="only")], None, {}, (), True),
        ("OPEN", [sent("b", "SUPPRESSED", rule="only")], None, {}, (), False),
        ("OPEN", [A, sent("b", "HELD", rule="quiet_hours")], None, {"b": "held back: quiet_hours"}, (), False),
        # what refused for good has its alert already
        ("OPEN", [A, sent("b", "FAILED", answer="no such chat")], None, {"b": "no such chat"}, (), False),
        ("OPEN", [A, sent("b", "PENDING", tries=2, answer="HTTP 503")], None, {"b": "HTTP 503"}, ("b",), False),
        ("OPEN", [A, sent("b", "EXPIRED", answer="too old")], None, {"b": "too old"}, ("b",), False),
        ("OPEN", [A, sent("b", "PENDING", tries=0)], None, {"b": "not sent within 200 s"}, ("b",), False),
        ("OPEN", [], None, {}, (), False),
    ],
)
def test_a_drill_went(
    status: str,
    messages: list[Sent],
    need_ack: float | None,
    failed: dict[str, str],
    refused: tuple[str, ...],
    *,
    is_ok: bool,
) -> None:
    found = judge(drill(status), messages, need_ack, at(200))
    assert (found.failed, found.refused, found.is_ok) == (failed, refused, is_ok)


def test_a_drill_says_who_acknowledged_it_and_how_fast_it_was() -> None:
    found = judge(drill("ACK"), [A, B], 60, at(30))
    assert (found.acknowledged_by, found.delivered) == ("kim", {"a": 0.4, "b": 2.0})
    by_hand = judge(drill("RESOLVED", resolved_by="lee"), [A], 60, at(50))
    assert (by_hand.acknowledged_by, by_hand.is_missed) == ("lee", False)
