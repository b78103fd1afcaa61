"""The meaning of an event for its monitor and the monitor's alert: the whole specification as a table."""

from typing import NamedTuple

import pytest

from shared.alerting import Reason, Situation, decide, monitor_after_move
from shared.models import AlertStatus, ChangeKind, Monitor, MonitorState
from tests.support.builders import alert, at, event, monitor

UP, DOWN, PENDING, UNKNOWN = MonitorState.UP, MonitorState.DOWN, MonitorState.PENDING, MonitorState.UNKNOWN
OPEN, ACK, RESOLVED = AlertStatus.OPEN, AlertStatus.ACK, AlertStatus.RESOLVED
OPENS, ENDS = ChangeKind.OPENED, ChangeKind.RESOLVED


class Outcome(NamedTuple):
    """``since``: when the failures began."""

    state: MonitorState
    failures: int
    since: float | None
    change: ChangeKind | None
    reason: Reason


class Row(NamedTuple):
    """A monitor, its active alert and whether the check succeeded; and what comes of it."""

    why: str
    given: tuple[Monitor, AlertStatus | None, bool]
    outcome: Outcome


DECISIONS = [
    Row(
        "a first check that succeeds",
        (monitor(UNKNOWN, checked=None), None, True),
        Outcome(UP, 0, None, None, Reason.HEALTHY),
    ),
    Row(
        "a success among successes",
        (monitor(UP), None, True),
        Outcome(UP, 0, None, None, Reason.HEALTHY),
    ),
    Row(
        "a first check that fails is an outage already, as in the original",
        (monitor(UNKNOWN, checked=None), None, False),
        Outcome(DOWN, 1, 0, OPENS, Reason.THRESHOLD_MET),
    ),
    Row(
        "the first failure after successes opens",
        (monitor(UP), None, False),
        Outcome(DOWN, 1, 0, OPENS, Reason.THRESHOLD_MET),
    ),
    Row(
        "a further failure keeps the alert",
        (monitor(DOWN, 1), OPEN, False),
        Outcome(DOWN, 2, -60, None, Reason.STILL_DOWN),
    ),
    Row(
        "ACK is active too: no second alert",
        (monitor(DOWN, 1), ACK, False),
        Outcome(DOWN, 2, -60, None, Reason.STILL_DOWN),
    ),
    Row(
        "a success ends it",
        (monitor(DOWN, 3), OPEN, True),
        Outcome(UP, 0, None, ENDS, Reason.RECOVERED),
    ),
    Row(
        "also if it was acknowledged",
        (monitor(DOWN, 3), ACK, True),
        Outcome(UP, 0, None, ENDS, Reason.RECOVERED),
    ),
    Row(
        "one failure of three is no outage yet",
        (monitor(UP, threshold=3), None, False),
        Outcome(PENDING, 1, 0, None, Reason.BELOW_THRESHOLD),
    ),
    Row(
        "two of three neither",
        (monitor(PENDING, 1, threshold=3), None, False),
        Outcome(PENDING, 2, -60, None, Reason.BELOW_THRESHOLD),
    ),
    Row(
        "the third of three opens, and the outage began with the first",
        (monitor(PENDING, 2, threshold=3), None, False),
        Outcome(DOWN, 3, -60, OPENS, Reason.THRESHOLD_MET),
    ),
    Row(
        "after a success the failures count from zero",
        (monitor(PENDING, 2, threshold=3), None, True),
        Outcome(UP, 0, None, None, Reason.HEALTHY),
    ),
    Row(
        "a failure after a person resolved the alert opens a new one",
        (monitor_after_move(monitor(DOWN, 5), alert(RESOLVED), at(-1)), None, False),
        Outcome(DOWN, 1, 0, OPENS, Reason.THRESHOLD_MET),
    ),
    Row(
        "then too a threshold has to be met",
        (monitor_after_move(monitor(DOWN, 5, threshold=2), alert(RESOLVED), at(-1)), None, False),
        Outcome(PENDING, 1, 0, None, Reason.BELOW_THRESHOLD),
    ),
    Row(
        "a reopened alert of a healthy monitor waits for the next success",
        (monitor(UP), OPEN, True),
        Outcome(UP, 0, None, ENDS, Reason.RECOVERED),
    ),
    Row(
        "a failure under a reopened alert opens no second one, whatever the threshold",
        (monitor(UP, threshold=3), OPEN, False),
        Outcome(DOWN, 1, 0, None, Reason.STILL_DOWN),
    ),
    Row(
        "one success of two ends nothing yet",
        (monitor(DOWN, 3, success_threshold=2), OPEN, True),
        Outcome(DOWN, 0, None, None, Reason.RECOVERING),
    ),
    Row(
        "the second of two does",
        (monitor(DOWN, success_threshold=2, consecutive_successes=1), OPEN, True),
        Outcome(UP, 0, None, ENDS, Reason.RECOVERED),
    ),
    Row(
        "a failure in between makes them count from zero",
        (monitor(DOWN, success_threshold=2, consecutive_successes=1), ACK, False),
        Outcome(DOWN, 1, 0, None, Reason.STILL_DOWN),
    ),
    Row(
        "without an outage, one success is enough to be up, whatever success_threshold says",
        (monitor(PENDING, 2, threshold=3, success_threshold=5), None, True),
        Outcome(UP, 0, None, None, Reason.HEALTHY),
    ),
    Row(
        "a late failure changes nothing",
        (monitor(UP, checked=10), None, False),
        Outcome(UP, 0, None, None, Reason.LATE),
    ),
    Row(
        "a late success ends no outage",
        (monitor(DOWN, 1, checked=10), OPEN, True),
        Outcome(DOWN, 1, -60, None, Reason.LATE),
    ),
    Row(
        "if two times are equal, the event that arrives later is the newer",
        (monitor(UP, checked=0), None, False),
        Outcome(DOWN, 1, 0, OPENS, Reason.THRESHOLD_MET),
    ),
]


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: row.why)
def test_an_event_means(row: Row) -> None:
    before, active, ok = row.given
    decision = decide(Situation(before, alert(active) if active else None, at(0), at(100)), event(ok=ok))
    after, outcome = decision.monitor, row.outcome
    since = None if outcome.since is None else at(outcome.since)
    assert (after.state, after.consecutive_failures, after.failing_since) == (outcome.state, outcome.failures, since)
    assert (decision.change, decision.reason) == (outcome.change, outcome.reason)
    if decision.reason is Reason.LATE:
        assert after == before
        return
    assert after.consecutive_successes == (before.consecutive_successes + 1 if ok else 0)
    if after.state is not before.state:
        assert after.since == at(0)
    assert after.last_checked_at == at(0)


def test_a_monitor_has_the_newest_target_url() -> None:
    moved = event(ok=True, target_url="http://new/")
    assert decide(Situation(monitor(UP), None, at(0), at(1)), moved).monitor.target_url == "http://new/"


@pytest.mark.parametrize(
    ("before", "active", "ok", "state", "change", "why"),
    [
        (monitor(UP), None, False, UNKNOWN, None, "nobody can say whether it fails"),
        (monitor(UNKNOWN, checked=None), None, False, UNKNOWN, None, "also if it was never checked"),
        (monitor(DOWN, 3), OPEN, False, UNKNOWN, None, "an outage neither goes on nor ends"),
        (monitor(PENDING, 1, threshold=3), None, False, UNKNOWN, None, "it is no further failure either"),
        (monitor(UP), None, True, UP, None, "a success is conclusive, whatever it says of itself"),
        (monitor(DOWN, 3), OPEN, True, UP, ENDS, "and ends an outage"),
    ],
)
def test_an_inconclusive_event_means(
    before: Monitor,
    active: AlertStatus | None,
    ok: bool,
    state: MonitorState,
    change: ChangeKind | None,
    why: str,
) -> None:
    situation = Situation(before, alert(active) if active else None, at(0), at(1))
    decision = decide(situation, event(ok=ok, is_inconclusive=True))
    assert (decision.monitor.state, decision.change) == (state, change), why
    assert decision.monitor.last_checked_at == at(0)
    if not ok:
        assert decision.reason is Reason.INCONCLUSIVE
        counted = decision.monitor.consecutive_failures, decision.monitor.failing_since
        assert counted == (before.consecutive_failures, before.failing_since), why


def test_a_late_inconclusive_event_changes_nothing() -> None:
    before = monitor(UP, checked=10)
    decision = decide(Situation(before, None, at(0), at(11)), event(ok=False, is_inconclusive=True))
    assert (decision.monitor, decision.reason) == (before, Reason.LATE)


def test_after_inconclusive_checks_the_failures_count_on() -> None:
    situation = Situation(monitor(PENDING, 1, threshold=2), None, at(0), at(0))
    before = decide(situation, event(ok=False, is_inconclusive=True)).monitor
    decision = decide(Situation(before, None, at(30), at(30)), event(30, ok=False))
    assert (decision.change, decision.monitor.failing_since) == (OPENS, at(-60))
