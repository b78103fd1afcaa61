"""The alert's state machine: its whole specification as a table, and against a model that never looks at the code."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.alerting import Change, IllegalMove, Reason, after_manual_resolve, decide, move, place_in_time
from shared.models import Alert, AlertKind, AlertStatus, Event, Monitor, MonitorState

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
UP, DOWN, PENDING, UNKNOWN = MonitorState.UP, MonitorState.DOWN, MonitorState.PENDING, MonitorState.UNKNOWN
OPEN, ACK, RESOLVED = AlertStatus.OPEN, AlertStatus.ACK, AlertStatus.RESOLVED


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(seconds: float = 0, *, ok: bool) -> Event:
    return Event(target_url="http://t/", timestamp=at(seconds), is_success=ok)


def monitor(state: MonitorState, failures: int = 0, threshold: int = 1, checked: float | None = -30) -> Monitor:
    return Monitor(
        name="m",
        target_url="http://t/",
        failure_threshold=threshold,
        state=state,
        consecutive_failures=failures,
        failing_since=at(-60) if failures else None,
        last_checked_at=None if checked is None else at(checked),
    )


def alert(status: AlertStatus) -> Alert:
    return Alert(
        id=1,
        kind=AlertKind.OUTAGE,
        subject="m",
        target_url="http://t/",
        status=status,
        cause="connection refused",
        failed_at=at(-60),
        opened_at=at(-60),
        acknowledged_at=at(-40) if status is ACK else None,
        acknowledged_by="kim" if status is ACK else None,
        resolved_at=at(-20) if status is RESOLVED else None,
    )


@dataclass
class Row:
    why: str
    monitor: Monitor
    active: AlertStatus | None
    is_success: bool
    state: MonitorState
    failures: int
    change: Change | None
    reason: Reason
    is_failing_since_now: bool = False


DECISIONS = [
    Row("a first look that succeeds", monitor(UNKNOWN, checked=None), None, True, UP, 0, None, Reason.HEALTHY),
    Row("a success among successes", monitor(UP), None, True, UP, 0, None, Reason.HEALTHY),
    Row(
        "a first look that fails is an outage already, as in the original",
        monitor(UNKNOWN, checked=None),
        None,
        False,
        DOWN,
        1,
        Change.OPENED,
        Reason.THRESHOLD_MET,
        is_failing_since_now=True,
    ),
    Row(
        "the first failure after successes opens",
        monitor(UP),
        None,
        False,
        DOWN,
        1,
        Change.OPENED,
        Reason.THRESHOLD_MET,
        is_failing_since_now=True,
    ),
    Row("a further failure keeps the alert", monitor(DOWN, 1), OPEN, False, DOWN, 2, None, Reason.STILL_DOWN),
    Row("ACK is active too: no second alert", monitor(DOWN, 1), ACK, False, DOWN, 2, None, Reason.STILL_DOWN),
    Row("a success ends it", monitor(DOWN, 3), OPEN, True, UP, 0, Change.RESOLVED, Reason.RECOVERED),
    Row("also once it is acknowledged", monitor(DOWN, 3), ACK, True, UP, 0, Change.RESOLVED, Reason.RECOVERED),
    Row(
        "one failure of three is no outage yet",
        monitor(UP, threshold=3),
        None,
        False,
        PENDING,
        1,
        None,
        Reason.BELOW_THRESHOLD,
        is_failing_since_now=True,
    ),
    Row(
        "two of three neither",
        monitor(PENDING, 1, threshold=3),
        None,
        False,
        PENDING,
        2,
        None,
        Reason.BELOW_THRESHOLD,
    ),
    Row(
        "the third of three opens, and the outage began with the first",
        monitor(PENDING, 2, threshold=3),
        None,
        False,
        DOWN,
        3,
        Change.OPENED,
        Reason.THRESHOLD_MET,
    ),
    Row(
        "a success among failures counts from nothing again",
        monitor(PENDING, 2, threshold=3),
        None,
        True,
        UP,
        0,
        None,
        Reason.HEALTHY,
    ),
    Row(
        "a failure after somebody resolved by hand opens a new alert",
        after_manual_resolve(monitor(DOWN, 5)),
        None,
        False,
        DOWN,
        1,
        Change.OPENED,
        Reason.THRESHOLD_MET,
        is_failing_since_now=True,
    ),
    Row(
        "with a threshold it has to be met anew after that",
        after_manual_resolve(monitor(DOWN, 5, threshold=2)),
        None,
        False,
        PENDING,
        1,
        None,
        Reason.BELOW_THRESHOLD,
        is_failing_since_now=True,
    ),
    Row(
        "a reopened alert of a healthy monitor waits for the next success",
        monitor(UP),
        OPEN,
        True,
        UP,
        0,
        Change.RESOLVED,
        Reason.RECOVERED,
    ),
    Row(
        "a failure under a reopened alert opens no second one, whatever the threshold",
        monitor(UP, threshold=3),
        OPEN,
        False,
        DOWN,
        1,
        None,
        Reason.STILL_DOWN,
        is_failing_since_now=True,
    ),
    Row(
        "a late failure changes nothing",
        monitor(UP, checked=10),
        None,
        False,
        UP,
        0,
        None,
        Reason.LATE,
    ),
    Row(
        "a late success ends no outage",
        monitor(DOWN, 1, checked=10),
        OPEN,
        True,
        DOWN,
        1,
        None,
        Reason.LATE,
    ),
    Row(
        "of equal times the later arrival is the newer",
        monitor(UP, checked=0),
        None,
        False,
        DOWN,
        1,
        Change.OPENED,
        Reason.THRESHOLD_MET,
        is_failing_since_now=True,
    ),
]


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: row.why)
def test_an_event_means(row: Row) -> None:
    active = alert(row.active) if row.active else None
    decision = decide(row.monitor, active, event(ok=row.is_success), at(0), at(100))
    after = decision.monitor
    assert (after.state, after.consecutive_failures, decision.change, decision.reason) == (
        row.state,
        row.failures,
        row.change,
        row.reason,
    )
    if decision.reason is Reason.LATE:
        assert after == row.monitor
        return
    assert after.last_checked_at == at(0)
    if row.is_success:
        assert after.failing_since is None
    else:
        assert after.failing_since == (at(0) if row.is_failing_since_now else at(-60))


def test_the_newest_target_url_is_the_monitors() -> None:
    moved = Event(target_url="http://new/", monitor="m", timestamp=at(0), is_success=True)
    assert decide(monitor(UP), None, moved, at(0), at(1)).monitor.target_url == "http://new/"


def test_an_event_from_the_future_stands_at_its_receipt() -> None:
    assert place_in_time(event(3600, ok=True), at(0)) == at(0)


def test_an_event_from_the_past_stands_at_its_own_time() -> None:
    assert place_in_time(event(-3600, ok=True), at(0)) == at(-3600)


MOVES = [
    (OPEN, ACK, None, "acknowledged"),
    (ACK, OPEN, None, "the acknowledgement is taken back"),
    (OPEN, RESOLVED, None, "resolved by hand"),
    (ACK, RESOLVED, None, "resolved by hand once acknowledged"),
    (RESOLVED, OPEN, None, "reopened"),
    (OPEN, OPEN, None, "the same again"),
    (ACK, ACK, None, "the same again"),
    (RESOLVED, RESOLVED, OPEN, "the same again, whatever else is active"),
]


@pytest.mark.parametrize(("start", "to", "other", "why"), MOVES)
def test_a_person_may_move_an_alert(start: AlertStatus, to: AlertStatus, other: AlertStatus | None, why: str) -> None:
    before = alert(start)
    moved = move(before, to, by="lee", at=at(0), other_active=alert(other) if other else None)
    assert moved.status is to
    if start is to:
        assert moved == before, "nothing changes, not even who did it"
        return
    assert (moved.acknowledged_at, moved.acknowledged_by) == {
        ACK: (at(0), "lee"),
        OPEN: (None, None),
        RESOLVED: (before.acknowledged_at, before.acknowledged_by),
    }[to]
    assert (moved.resolved_at, moved.resolved_by) == ((at(0), "lee") if to is RESOLVED else (None, None))


@pytest.mark.parametrize(
    ("to", "other", "why"),
    [
        (ACK, None, "an ended outage is not acknowledged: it is reopened first"),
        (ACK, OPEN, "nor while another is active"),
        (OPEN, OPEN, "one active alert a monitor: the other one is it"),
        (OPEN, ACK, "also when that one is acknowledged"),
    ],
)
def test_an_ended_alert_does_not(to: AlertStatus, other: AlertStatus | None, why: str) -> None:
    with pytest.raises(IllegalMove) as refused:
        move(alert(RESOLVED), to, by=None, at=at(0), other_active=alert(other) if other else None)
    assert "RESOLVED" in str(refused.value), why
    assert to in str(refused.value)


class AlertOfOneMonitor(RuleBasedStateMachine):
    """Events and people act at random; a model that only counts says what has to come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.monitor = Monitor(name="m", target_url="http://t/", failure_threshold=2)
        self.alerts: list[Alert] = []
        self.time = 0.0
        # The model: the failures in a row that count, and whether an alert is on.
        self.failures = 0
        self.is_on = False
        self.opened = 0

    @property
    def active(self) -> Alert | None:
        return next((each for each in self.alerts if each.status.is_active), None)

    def receive(self, place: float, *, ok: bool) -> Change | None:
        decision = decide(self.monitor, self.active, event(place, ok=ok), at(place), at(1e6))
        self.monitor = decision.monitor
        if decision.change is Change.OPENED:
            self.alerts.append(alert(OPEN).model_copy(update={"id": len(self.alerts) + 1, "failed_at": at(place)}))
        elif decision.change is Change.RESOLVED:
            self.set(self.active, RESOLVED)
        return decision.change

    def set(self, which: Alert | None, to: AlertStatus) -> None:
        assert which is not None
        self.alerts[which.id - 1] = which.model_copy(update={"status": to})

    @rule(ok=st.booleans(), gap=st.sampled_from([0.0, 0.5, 30.0]))
    def check_arrives(self, ok: bool, gap: float) -> None:
        self.time += gap
        change = self.receive(self.time, ok=ok)
        self.failures = 0 if ok else self.failures + 1
        if ok:
            assert change is (Change.RESOLVED if self.is_on else None)
            self.is_on = False
        elif self.is_on or self.failures < 2:
            assert change is None
        else:
            assert change is Change.OPENED
            self.is_on, self.opened = True, self.opened + 1

    @rule(ok=st.booleans(), age=st.floats(0.001, 1000))
    def late_report_arrives(self, ok: bool, age: float) -> None:
        if self.monitor.last_checked_at is None:
            return
        before = self.monitor
        assert self.receive(self.time - age - 0.001, ok=ok) is None
        assert self.monitor == before

    @rule(to=st.sampled_from(AlertStatus), index=st.integers(0, 20))
    def person_moves(self, to: AlertStatus, index: int) -> None:
        if index >= len(self.alerts):
            return
        which = self.alerts[index]
        other = self.active if self.active != which else None
        is_legal = which.status is to or which.status.is_active or (to is OPEN and not self.is_on)
        try:
            moved = move(which, to, by=None, at=at(self.time), other_active=other)
        except IllegalMove:
            assert not is_legal
            return
        assert is_legal
        self.alerts[index] = moved
        if which.status.is_active and to is RESOLVED:
            self.monitor = after_manual_resolve(self.monitor)
            self.failures, self.is_on = 0, False
        elif to.is_active:
            self.is_on = True

    @invariant()
    def at_most_one_alert_is_active(self) -> None:
        assert sum(each.status.is_active for each in self.alerts) == self.is_on
        assert len(self.alerts) == self.opened

    @invariant()
    def the_state_says_what_is_known(self) -> None:
        if self.monitor.state is UP:
            assert self.failures == 0
        if self.monitor.state is DOWN:
            assert self.failures > 0


TestAlertOfOneMonitor = AlertOfOneMonitor.TestCase
TestAlertOfOneMonitor.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
