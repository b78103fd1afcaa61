"""A monitor that goes up and down: what is sent when that begins, goes on and ends."""

from typing import NamedTuple

import pytest

from shared.alerting import Decision, Reason, Situation, decide
from shared.alerting.rules.flapping import share_of_changes
from shared.models import ChangeKind, Monitor, MonitorState, NotificationKind
from tests.support.builders import alert, at, event, monitor

DOWN, UP = MonitorState.DOWN, MonitorState.UP
OPENS, ENDS = ChangeKind.OPENED, ChangeKind.RESOLVED
FLAPPING, RECOVERY, OUTAGE = NotificationKind.FLAPPING, NotificationKind.RECOVERY, NotificationKind.OUTAGE

# Nine changes among ten outcomes: just enough.
RESTLESS = "+-+-+-+-+-"


@pytest.mark.parametrize(
    ("outcomes", "share"),
    [
        ("+" * 21, 0.0),
        ("+-" * 10 + "+", 1.0),
        ("+" * 20 + "-", 1.2 / 20),
        ("-" + "+" * 20, 0.8 / 20),
        ("-+", 1.2 / 20),
        (RESTLESS, 0.502),
        ("", 0.0),
    ],
)
def test_recent_changes_weigh_more(outcomes: str, share: float) -> None:
    assert share_of_changes(outcomes) == pytest.approx(share, abs=0.0005)


class Row(NamedTuple):
    """The outcomes so far with whether an alert is open, and the next check; and what comes of it."""

    why: str
    outcomes: str
    is_open: bool
    ok: bool
    expected: tuple[MonitorState, ChangeKind | None, Reason, NotificationKind | None]


STARTS = [
    Row("nine outcomes say nothing yet", RESTLESS[2:], False, False, (DOWN, OPENS, Reason.THRESHOLD_MET, None)),
    Row(
        "a tenth that is enough: one message takes the outage's place",
        RESTLESS[:9],
        False,
        False,
        (DOWN, OPENS, Reason.FLAPPING, FLAPPING),
    ),
    Row(
        "if a success is what is enough, it takes the recovery's place, and the alert stays open",
        "-+-+-+-+-",
        True,
        True,
        (DOWN, None, Reason.FLAPPING, FLAPPING),
    ),
    Row(
        "without an outage there is nothing to keep back",
        "-+-+-+-+-+-+-+-+-+-",
        False,
        True,
        (UP, None, Reason.HEALTHY, None),
    ),
    Row("a steady outage does not flap", "+++++++++-----", True, False, (DOWN, None, Reason.STILL_DOWN, None)),
]


@pytest.mark.parametrize("row", STARTS, ids=lambda row: row.why)
def test_flapping_starts(row: Row) -> None:
    before = monitor(DOWN if row.is_open else UP, int(row.is_open), outcomes=row.outcomes)
    decision = decide(situation(before, is_open=row.is_open), event(ok=row.ok))
    assert outcome(decision) == row.expected
    assert decision.monitor.is_flapping is (decision.reason is Reason.FLAPPING)


def test_below_the_threshold_nothing_flaps() -> None:
    """With a threshold of three, failures that come one by one are no outage, however many there are."""
    before = monitor(UP, threshold=3, outcomes="+-" * 10 + "+")
    decision = decide(situation(before), event(ok=False))
    assert outcome(decision) == (MonitorState.PENDING, None, Reason.BELOW_THRESHOLD, None)
    assert not decision.monitor.is_flapping


GOES_ON = [
    Row("a recovery is kept back", "+-" * 10, True, True, (DOWN, None, Reason.FLAPPING, RECOVERY)),
    Row("an outage too", "-+" * 10, True, False, (DOWN, None, Reason.FLAPPING, OUTAGE)),
    Row(
        "between the two limits it goes on",
        "+" * 9 + "-+-+-+-+++++",
        True,
        True,
        (DOWN, None, Reason.FLAPPING, None),
    ),
    Row(
        "once it is stable, it has recovered",
        "-+-+-" + "+" * 16,
        True,
        True,
        (UP, ENDS, Reason.RECOVERED, None),
    ),
    Row(
        "once it only fails, it is an outage like others",
        "-+-+-" + "-" * 16,
        True,
        False,
        (DOWN, None, Reason.STILL_DOWN, None),
    ),
]


@pytest.mark.parametrize("row", GOES_ON, ids=lambda row: row.why)
def test_flapping_goes_on_until_it_is_stable(row: Row) -> None:
    last_ok = row.outcomes[-1] == "+"
    run = len(row.outcomes) - len(row.outcomes.rstrip(row.outcomes[-1]))
    counters = {"consecutive_successes": run} if last_ok else {"failures": run}
    before = monitor(DOWN, outcomes=row.outcomes, is_flapping=True, **counters)
    decision = decide(situation(before, is_open=True), event(ok=row.ok))
    assert outcome(decision) == row.expected
    assert decision.is_kept_back is (decision.reason is Reason.FLAPPING)
    assert decision.monitor.is_flapping is (decision.reason is Reason.FLAPPING)


def test_only_the_last_outcomes_are_kept() -> None:
    after = decide(situation(monitor(UP, outcomes="+" * 21)), event(ok=False)).monitor
    assert after.outcomes == "+" * 20 + "-"


def test_work_under_maintenance_is_no_flapping() -> None:
    before = monitor(UP, outcomes=RESTLESS[:9])
    inside = situation(before)._replace(is_in_maintenance=True)
    assert decide(inside, event(ok=False)).monitor.outcomes == before.outcomes


def test_a_whole_story_is_two_messages() -> None:
    """From the first flap to the end there are as few messages as can be."""
    now, is_open, said = monitor(UP, outcomes="+" * 21), False, []
    for number, ok in enumerate([False, True] * 20 + [True] * 25):
        step = Situation(now, alert() if is_open else None, at(number), at(number))
        decision = decide(step, event(number, ok=ok))
        now = decision.monitor
        if decision.message and not decision.is_kept_back:
            said.append(str(decision.message))
        elif decision.change:
            said.append(str(decision.change))
        is_open = decision.change is OPENS or (is_open and decision.change is not ENDS)
    assert said[-2:] == ["FLAPPING", str(ENDS)], said
    assert said.count("FLAPPING") == 1
    assert len(said) < 14


def situation(before: Monitor, *, is_open: bool = False) -> Situation:
    return Situation(before, alert() if is_open else None, at(0), at(0))


def outcome(decision: Decision) -> tuple[MonitorState, ChangeKind | None, Reason, NotificationKind | None]:
    return decision.monitor.state, decision.change, decision.reason, decision.message
