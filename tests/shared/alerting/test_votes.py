"""Several locations watch one monitor: who votes, and when enough of them see an outage."""

from typing import NamedTuple

import pytest

from shared.alerting import Decision, Reason, Situation, decide
from shared.alerting.rules import maintenance
from shared.alerting.votes import voters_of
from shared.models import ChangeKind, Monitor, MonitorState, value_of
from shared.models.monitor import MonitorLocation
from tests.support.builders import alert, at, event, monitor

UP, DOWN, PENDING = MonitorState.UP, MonitorState.DOWN, MonitorState.PENDING
UNKNOWN, MAINTENANCE = MonitorState.UNKNOWN, MonitorState.MAINTENANCE
OPENS, ENDS = ChangeKind.OPENED, ChangeKind.RESOLVED


def place(name: str, state: MonitorState, checked: float = -10, **fields: object) -> MonitorLocation:
    """The monitor as that location sees it; what fails there has failed for a minute."""
    failures = 1 if state in (DOWN, PENDING) else 0
    known: dict[str, object] = {
        "monitor_id": 1,
        "location": name,
        "state": state,
        "consecutive_failures": failures,
        "failing_since": at(-60) if failures else None,
        "last_checked_at": at(checked),
    }
    return value_of(MonitorLocation, known | fields)


class Row(NamedTuple):
    """How the other locations see the monitor, how seoul did, and what seoul sees now; and what comes of it."""

    why: str
    others: tuple[MonitorLocation, ...]
    seoul: MonitorState
    is_open: bool
    ok: bool
    expected: tuple[MonitorState, ChangeKind | None, Reason]
    quorum: int | None = None


ROWS = [
    Row("one of two is not more than half", (place("b", UP),), UP, False, False, (PENDING, None, Reason.BELOW_QUORUM)),
    Row("two of two are", (place("b", DOWN),), UP, False, False, (DOWN, OPENS, Reason.QUORUM_MET)),
    Row(
        "two of three are",
        (place("b", DOWN), place("c", UP)),
        UP,
        False,
        False,
        (DOWN, OPENS, Reason.QUORUM_MET),
    ),
    Row(
        "a quorum of one is the first that fails",
        (place("b", UP), place("c", UP)),
        UP,
        False,
        False,
        (DOWN, OPENS, Reason.QUORUM_MET),
        quorum=1,
    ),
    Row(
        "a quorum of three needs all three",
        (place("b", DOWN), place("c", UP)),
        UP,
        False,
        False,
        (PENDING, None, Reason.BELOW_QUORUM),
        quorum=3,
    ),
    Row(
        "a location that is silent does not vote",
        (place("b", UP, checked=-181),),
        UP,
        False,
        False,
        (DOWN, OPENS, Reason.QUORUM_MET),
    ),
    Row(
        "three intervals are not silence yet",
        (place("b", UP, checked=-180),),
        UP,
        False,
        False,
        (PENDING, None, Reason.BELOW_QUORUM),
    ),
    Row(
        "a location that is offline does not vote",
        (place("b", UNKNOWN),),
        UP,
        False,
        False,
        (DOWN, OPENS, Reason.QUORUM_MET),
    ),
    Row(
        "the outage ends when fewer see it than the quorum",
        (place("b", DOWN),),
        DOWN,
        True,
        True,
        (PENDING, ENDS, Reason.RECOVERED),
    ),
    Row("and when all see that it works", (place("b", UP),), DOWN, True, True, (UP, ENDS, Reason.RECOVERED)),
    Row(
        "while enough still see it, one success ends nothing",
        (place("b", DOWN), place("c", DOWN)),
        DOWN,
        True,
        True,
        (DOWN, None, Reason.RECOVERING),
    ),
    Row(
        "a silent location does not end an outage that the other still sees",
        (place("b", DOWN, checked=-500),),
        DOWN,
        True,
        False,
        (DOWN, None, Reason.STILL_DOWN),
        quorum=2,
    ),
    Row("all see that it works", (place("b", UP),), UP, False, True, (UP, None, Reason.HEALTHY)),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
def test_a_quorum_decides(row: Row) -> None:
    before = monitor(interval_seconds=60.0, quorum=row.quorum)
    found = judged(before, place("seoul", row.seoul), row.others, is_open=row.is_open, ok=row.ok)
    assert (found.monitor.state, found.change, found.reason) == row.expected


def test_each_location_has_its_own_thresholds() -> None:
    """Two failures of three at each of two locations are four failures, and no outage."""
    before = monitor(threshold=3, success_threshold=2, interval_seconds=60.0)
    others = (place("b", PENDING, consecutive_failures=2),)
    second = judged(before, place("seoul", PENDING), others, ok=False)
    assert (second.change, second.reason) == (None, Reason.BELOW_THRESHOLD)
    third = judged(before, second.place, (place("b", DOWN, consecutive_failures=3),), ok=False)
    assert third.change is OPENS
    assert third.place is not None
    first_success = judged(before, third.place, others, is_open=True, ok=True)
    assert first_success.place is not None
    assert (first_success.place.state, first_success.change) == (DOWN, ENDS), "b is below its threshold again"


def test_the_outage_began_with_the_first_failure_that_anybody_saw() -> None:
    others = (place("b", DOWN, failing_since=at(-300)), place("c", UP))
    found = judged(monitor(interval_seconds=60.0), place("seoul", UP), others, ok=False)
    assert found.monitor.failing_since == at(-300)
    assert [(voter.location, str(voter.state)) for voter in found.voters] == [
        ("seoul", "DOWN"),
        ("b", "DOWN"),
        ("c", "UP"),
    ]


def test_an_old_event_of_one_location_is_late_by_its_own_checks() -> None:
    before = monitor(checked=100, interval_seconds=60.0)
    assert judged(before, place("seoul", UP, checked=-10), (place("b", UP),), ok=False).reason is not Reason.LATE
    assert judged(before, place("seoul", UP, checked=10), (place("b", UP),), ok=False).reason is Reason.LATE


def test_an_offline_location_leaves_the_state_to_the_others() -> None:
    situation = seen(monitor(interval_seconds=60.0), place("seoul", DOWN), (place("b", UP),))
    found = decide(situation, event(ok=False, location="seoul", is_inconclusive=True))
    assert (found.monitor.state, found.reason) == (UP, Reason.INCONCLUSIVE)
    assert found.place is not None
    assert found.place.state is UNKNOWN


def test_a_location_that_the_monitor_does_not_name_has_no_vote() -> None:
    before = monitor(locations=("seoul", "tokyo"))
    found = decide(Situation(before, None, at(0), at(0)), event(ok=False, location="paris"))
    assert (found.monitor, found.change, found.reason) == (before, None, Reason.DOES_NOT_VOTE)
    places = [place("seoul", UP), place("paris", DOWN)]
    assert [each.location for each in voters_of(before, places, at(0), None)] == ["seoul"]


@pytest.mark.parametrize(("timeout", "oldest"), [(60.0, -180), (100.0, -220), (None, -180)])
def test_a_location_whose_check_may_outlast_the_interval_votes_for_longer(timeout: float | None, oldest: int) -> None:
    before = monitor(interval_seconds=60.0, timeout_seconds=timeout)
    places = [place("seoul", UP, checked=oldest), place("paris", UP, checked=oldest - 1)]
    assert [each.location for each in voters_of(before, places, at(0), None)] == ["seoul"]


def test_locations_that_disagree_do_not_flap() -> None:
    """Every other event is a failure, and what they say together never changes."""
    now = monitor(interval_seconds=60.0)
    for number, ok in enumerate([True, False] * 15):
        mine, other = (place("seoul", UP), place("b", DOWN)) if ok else (place("b", DOWN), place("seoul", UP))
        found = decide(seen(now, mine, (other,)), event(number, ok=ok, location=mine.location))
        now = found.monitor
    assert now.outcomes == "+" * 21


@pytest.mark.parametrize(("b", "opens"), [(DOWN, True), (UP, False)])
def test_a_window_that_closes_asks_the_quorum(b: MonitorState, opens: bool) -> None:
    inside = monitor(MAINTENANCE, 3, interval_seconds=60.0)
    places = [place("seoul", DOWN), place("b", b)]
    found = maintenance.end(inside, None, at(0), is_known=True, is_ping_missed=False, places=places)
    assert (found.change is OPENS) is opens


def seen(
    before: Monitor, mine: MonitorLocation, others: tuple[MonitorLocation, ...], *, is_open: bool = False
) -> Situation:
    return Situation(before, alert() if is_open else None, at(0), at(100), place=mine, others=others)


def judged(
    before: Monitor,
    mine: MonitorLocation | None,
    others: tuple[MonitorLocation, ...],
    *,
    ok: bool,
    is_open: bool = False,
) -> Decision:
    assert mine is not None
    return decide(seen(before, mine, others, is_open=is_open), event(ok=ok, location=mine.location))
