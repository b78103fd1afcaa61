"""The effect of a channel's rules on a message. Each row says why."""

from datetime import time, timedelta
from typing import Any

import pytest

from shared.alerting.routing.routes import (
    Matter,
    Verdict,
    begun,
    decide,
    ends_with_acknowledgement,
    select,
    untold,
)
from shared.models import NotificationKind, NotificationStatus
from shared.models.channel import QuietHours, Route
from tests.support.builders import NOON, at

EVERYTHING = Route()
ENDS_ONLY = Route(only=frozenset({"RECOVERY"}))
OUTAGES = Route(only=frozenset({"OUTAGE"}))
LATER = Route(delay=timedelta(minutes=5))
# Noon is inside, and so is the end of the delay.
QUIET = Route(quiet_hours=QuietHours(time(11), time(13)))
BOTH = Route(quiet_hours=QuietHours(time(11), time(13)), delay=timedelta(minutes=5))
LONG = Route(quiet_hours=QuietHours(time(11), time(13)), delay=timedelta(hours=2))


def matter(kind: str = "OUTAGE", opened: float = 0) -> Matter:
    return Matter(NotificationKind(kind), at(opened))


@pytest.mark.parametrize(
    ("why", "kind", "route", "seconds", "rules", "verdict"),
    [
        ("a channel without rules gets everything", "OUTAGE", EVERYTHING, 0, {}, "PENDING"),
        ("the monitor is silenced", "OUTAGE", EVERYTHING, 0, {"held_by": "silence"}, "HELD silence"),
        # only
        ("a kind that it names", "OUTAGE", OUTAGES, 0, {}, "PENDING"),
        ("a kind that it does not name", "RECOVERY", OUTAGES, 0, {}, "SUPPRESSED only"),
        ("also of what is about no monitor", "AGENT_SILENT", OUTAGES, 0, {}, "SUPPRESSED only"),
        ("what is never sent need not be held", "REMINDER", OUTAGES, 0, {"held_by": "silence"}, "SUPPRESSED only"),
        ("nobody heard of the outage that this ends", "RECOVERY", ENDS_ONLY, 0, {"untold": "only"}, "SUPPRESSED only"),
        # An outage that a channel has not heard of does not end there.
        ("its outage was kept back", "RECOVERY", EVERYTHING, 0, {"untold": "flapping"}, "SUPPRESSED flapping"),
        ("its outage was sent", "RECOVERY", EVERYTHING, 0, {"held_by": "silence"}, "HELD silence"),
        ("this is the beginning itself", "OUTAGE", EVERYTHING, 0, {"untold": "delay"}, "PENDING"),
        # delay
        ("it may end soon", "OUTAGE", LATER, 0, {}, "HELD delay 300"),
        ("an event may come late", "OUTAGE", LATER, 299.9, {}, "HELD delay 300"),
        ("it has lasted", "OUTAGE", LATER, 300, {}, "PENDING"),
        ("slow is not urgent either", "DEGRADED", LATER, 0, {}, "HELD delay 300"),
        ("one message takes the outage's place", "FLAPPING", LATER, 0, {}, "HELD delay 300"),
        ("the step's own time has come, the channel's has not", "ESCALATION", LATER, 299, {}, "HELD delay 300"),
        ("an agent may come back", "AGENT_SILENT", LATER, 0, {}, "HELD delay 300"),
        ("its outage was told of", "RECOVERY", LATER, 10, {}, "PENDING"),
        ("a reminder comes late by itself", "REMINDER", LATER, 10, {}, "PENDING"),
        ("messages are lost meanwhile", "CHANNEL_REFUSED", LATER, 10, {}, "PENDING"),
        ("the outage opened before the clock was set back", "OUTAGE", LATER, -3600, {}, "PENDING"),
        ("two clocks differ a little", "OUTAGE", LATER, -2, {}, "HELD delay 300"),
        # quiet hours
        ("they are held", "OUTAGE", QUIET, 0, {}, "HELD quiet_hours 3600"),
        ("every kind is", "CHANNEL_REFUSED", QUIET, 0, {}, "HELD quiet_hours 3600"),
        ("an end is, too", "RECOVERY", QUIET, 0, {}, "HELD quiet_hours 3600"),
        ("they are over", "OUTAGE", QUIET, 3600, {}, "PENDING"),
        ("they have not begun", "OUTAGE", QUIET, -3601, {}, "PENDING"),
        # Both: whatever lasts longer.
        ("first the delay", "OUTAGE", BOTH, 0, {}, "HELD delay 300"),
        ("then the quiet hours", "OUTAGE", BOTH, 300, {}, "HELD quiet_hours 3600"),
        ("a reminder has no delay", "REMINDER", BOTH, 0, {}, "HELD quiet_hours 3600"),
        ("a delay may outlast them", "OUTAGE", LONG, 3600, {}, "HELD delay 7200"),
        ("and then nothing holds it", "OUTAGE", LONG, 7200, {}, "PENDING"),
    ],
)  # fmt: skip
def test_a_channels_rules(
    why: str, kind: str, route: Route, seconds: float, rules: dict[str, Any], verdict: str
) -> None:
    status, *rest = verdict.split()
    rule, ends_at = rest[0] if rest else None, at(float(rest[1])) if rest[1:] else None
    assert decide(matter(kind), route, at(seconds), **rules) == Verdict(NotificationStatus(status), rule, ends_at), why


def test_a_kind_that_only_the_configuration_knows_is_not_delayed() -> None:
    drill = Matter("DRILL", NOON)  # type: ignore[arg-type]  # a kind that comes with drills
    assert decide(drill, LATER, NOON).status is NotificationStatus.PENDING


@pytest.mark.parametrize(
    ("why", "kind", "rule", "route", "seconds", "is_over"),
    [
        ("it waited to see whether somebody has it", "OUTAGE", "delay", LATER, 10, True),
        ("nobody has looked since its delay ended", "OUTAGE", "delay", LATER, 400, True),
        ("the silence held it first, the delay would now", "OUTAGE", "silence", LATER, 10, True),
        ("others want to know of what goes on", "OUTAGE", "quiet_hours", QUIET, 10, False),
        ("the same for a silence", "OUTAGE", "silence", EVERYTHING, 10, False),
        ("a reminder says that nobody has it", "REMINDER", "quiet_hours", QUIET, 10, True),
        ("so does a step", "ESCALATION", "quiet_hours", QUIET, 10, True),
        ("an end is news all the same", "RECOVERY", "quiet_hours", QUIET, 10, False),
    ],
)
def test_what_an_acknowledgement_ends(
    why: str, kind: str, rule: str, route: Route, seconds: float, is_over: bool
) -> None:
    assert ends_with_acknowledgement(matter(kind), rule, route, at(seconds)) is is_over, why


@pytest.mark.parametrize(
    ("why", "said", "expected"),
    [
        ("nothing was owed", [], None),
        ("it was sent", ["OUTAGE SENT"], None),
        ("it will be sent before its end", ["OUTAGE PENDING"], None),
        ("the channel refused, and may take the end", ["OUTAGE FAILED"], None),
        ("it waits still", ["OUTAGE HELD delay"], "delay"),
        ("it will never be sent", ["OUTAGE SUPPRESSED acknowledged"], "acknowledged"),
        ("the newest rule says it", ["FLAPPING SUPPRESSED only", "OUTAGE SUPPRESSED flapping"], "flapping"),
        ("a reminder was kept back, the outage was not", ["OUTAGE SENT", "REMINDER SUPPRESSED silence"], None),
        ("a later message was sent", ["OUTAGE SUPPRESSED only", "REMINDER SENT"], None),
        ("it was reopened, which was kept back", ["OUTAGE SENT", "RECOVERY SENT", "OUTAGE HELD silence"], "silence"),
        ("it was reopened, which was sent", ["OUTAGE HELD delay", "RECOVERY SENT", "OUTAGE SENT"], None),
        ("the end was never sent, so the beginning holds", ["OUTAGE SENT", "RECOVERY HELD silence"], None),
        ("a row from before there were reasons", ["OUTAGE SUPPRESSED"], "resolved"),
    ],
)  # fmt: skip
def test_which_channels_have_heard_nothing(why: str, said: list[str], expected: str | None) -> None:
    rows = []
    for text in said:
        kind, status, reason = (*text.split(), None)[:3]
        rows.append({"channel": "ops", "kind": kind, "status": status, "reason": reason})
    other = {"channel": "mail", "kind": "OUTAGE", "status": "SENT", "reason": None}
    assert untold([other, *rows]) == ({} if expected is None else {"ops": expected}), why


@pytest.mark.parametrize(
    ("why", "said", "hears"),
    [
        ("it joined since", [], False),
        ("it was notified", ["OUTAGE SENT"], True),
        ("a rule kept the beginning back, and its row says so", ["OUTAGE SUPPRESSED"], True),
        ("a reminder says it too", ["REMINDER PENDING"], True),
        ("it was gone when the alert was reopened", ["OUTAGE SENT", "RECOVERY SENT"], False),
        ("also if the message of the end was edited", ["OUTAGE SENT", "RECOVERY SENT", "UPDATE SENT"], False),
        ("also if that end was not taken", ["OUTAGE SENT", "RECOVERY FAILED"], False),
        ("it was reopened there", ["OUTAGE SENT", "RECOVERY SENT", "OUTAGE PENDING"], True),
        ("the end was held, and is not sent any more", ["OUTAGE SENT", "RECOVERY HELD"], True),
        ("the end of a flapping was kept back", ["FLAPPING SENT", "RECOVERY SUPPRESSED"], True),
    ],
)
def test_which_channels_hear_of_an_end(why: str, said: list[str], hears: bool) -> None:
    pairs = [text.split() for text in said]
    rows = [{"channel": "ops", "kind": kind, "status": status, "reason": None} for kind, status in pairs]
    assert begun(rows) == ({"ops"} if hears else set()), why


CONFIGURED = {"console": Route("console"), "ops": Route("slack"), "web": Route("slack"), "mail": Route("email")}


@pytest.mark.parametrize(
    ("names", "selected"),
    [
        (["ops"], ["ops"]),
        # In the order of the configuration, each once.
        (["mail", "ops", "ops", "kind:slack"], ["ops", "web", "mail"]),
        (["kind:slack"], ["ops", "web"]),
        (["kind:telegram", "kind:", "slack", "gone"], []),
        ([], []),
    ],
)
def test_channels_are_selected_by_name_or_kind(names: list[str], selected: list[str]) -> None:
    assert list(select(names, CONFIGURED)) == selected


def test_a_channel_without_a_kind_is_selected_by_name_alone() -> None:
    assert list(select(["kind:"], {"a": EVERYTHING})) == []
