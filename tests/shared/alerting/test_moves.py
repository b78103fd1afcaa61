"""A person's moves of an alert, and random events and moves."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.alerting import (
    IllegalMove,
    Moves,
    Situation,
    TooManyMoves,
    count_move,
    decide,
    has_news,
    judge_channel,
    monitor_after_move,
    move,
)
from shared.models import Alert, AlertStatus, AttemptStatus, ChangeKind, MonitorState
from tests.support.builders import NEVER_FLAPS, alert, at, event, monitor

OPEN, ACK, RESOLVED = AlertStatus.OPEN, AlertStatus.ACK, AlertStatus.RESOLVED

MOVES = [
    (OPEN, ACK, None, "acknowledged"),
    (ACK, OPEN, None, "the acknowledgement is taken back"),
    (OPEN, RESOLVED, None, "resolved by hand"),
    (ACK, RESOLVED, None, "acknowledged, then resolved by hand"),
    (RESOLVED, OPEN, None, "reopened"),
    (OPEN, OPEN, None, "the same again"),
    (ACK, ACK, None, "the same again"),
    (RESOLVED, RESOLVED, OPEN, "the same again, whatever else is active"),
]


@pytest.mark.parametrize(("start", "to", "other", "why"), MOVES)
def test_a_person_may_move_an_alert(start: AlertStatus, to: AlertStatus, other: AlertStatus | None, why: str) -> None:
    before = alert(start)
    moved = move(before, to, by="lee", at=at(60), other_active=alert(other) if other else None)
    assert moved.status is to
    if start is to:
        assert moved == before, "nothing changes, not even the name of the person"
        return
    assert (moved.acknowledged_at, moved.acknowledged_by) == {
        ACK: (at(60), "lee"),
        OPEN: (None, None),
        RESOLVED: (before.acknowledged_at, before.acknowledged_by),
    }[to]
    assert (moved.resolved_at, moved.resolved_by) == ((at(60), "lee") if to is RESOLVED else (None, None))


@pytest.mark.parametrize(
    ("to", "other", "why"),
    [
        (ACK, None, "an ended outage is not acknowledged: it is reopened first"),
        (ACK, OPEN, "nor while another is active"),
        (OPEN, OPEN, "a monitor has one active alert: the other one is it"),
        (OPEN, ACK, "also if that one is acknowledged"),
    ],
)
def test_a_person_may_not_move_an_ended_alert(to: AlertStatus, other: AlertStatus | None, why: str) -> None:
    with pytest.raises(IllegalMove) as refused:
        move(alert(RESOLVED), to, by=None, at=at(60), other_active=alert(other) if other else None)
    assert "RESOLVED" in str(refused.value), why
    assert to in str(refused.value)


@pytest.mark.parametrize(
    ("count", "since", "now", "expected", "why"),
    [
        (0, None, 0, (1, 0), "the first move of all"),
        (3, 0, 59, (4, 0), "within the minute it counts"),
        (10, 0, 60, (1, 60), "after the minute the count begins again"),
        (10, 3600, 0, (1, 0), "so it does if the clock was set back"),
    ],
)
def test_moves_are_counted_by_the_minute(
    count: int, since: float | None, now: float, expected: tuple[int, float], why: str
) -> None:
    moves = Moves(count, None if since is None else at(since))
    assert count_move(alert(), moves, at(now)) == Moves(expected[0], at(expected[1])), why


@pytest.mark.parametrize(("now", "wait"), [(0, 60), (0.5, 60), (59.9, 1)])
def test_the_eleventh_move_within_a_minute_has_to_wait(now: float, wait: int) -> None:
    with pytest.raises(TooManyMoves, match=f"try again in {wait} s") as refused:
        count_move(alert(), Moves(10, at(0)), at(now))
    assert refused.value.retry_after == wait


@pytest.mark.parametrize(
    ("status", "refused", "change", "why"),
    [
        (AttemptStatus.FAILED, None, ChangeKind.OPENED, "the channel refuses permanently"),
        (AttemptStatus.FAILED, OPEN, None, "people were notified of that"),
        (AttemptStatus.FAILED, ACK, None, "and somebody knows"),
        (AttemptStatus.SENT, OPEN, ChangeKind.RESOLVED, "it accepts messages again"),
        (AttemptStatus.SENT, ACK, ChangeKind.RESOLVED, "also if somebody knows"),
        (AttemptStatus.SENT, None, None, "as it should be"),
        (AttemptStatus.RETRY, None, None, "a later attempt may succeed"),
        (AttemptStatus.RETRY, OPEN, None, "neither worse nor better"),
        (AttemptStatus.EXPIRED, None, None, "the message's age is not the channel's word"),
    ],
)
def test_an_attempt_says_of_its_channel(
    status: AttemptStatus, refused: AlertStatus | None, change: ChangeKind | None, why: str
) -> None:
    assert judge_channel(status, alert(refused) if refused else None) is change, why


class AlertOfOneMonitor(RuleBasedStateMachine):
    """Events and people act at random; a model that only counts says what has to come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.monitor = monitor(MonitorState.UNKNOWN, threshold=2, checked=None)
        self.alerts: list[Alert] = []
        self.time = 0.0
        # The model: the failures in a row that count, and whether an alert is on.
        self.failures = 0
        self.is_on = False
        self.opened = 0
        # The notifications, in order.
        self.heard: list[str] = []

    @property
    def active(self) -> Alert | None:
        return next((alert for alert in self.alerts if alert.status.is_active), None)

    def receive(self, place: float, *, ok: bool) -> ChangeKind | None:
        situation = Situation(self.monitor, self.active, at(place), at(1e6), limits=NEVER_FLAPS)
        decision = decide(situation, event(place, ok=ok))
        self.monitor = decision.monitor
        if decision.change is not None:
            self.heard.append("DOWN" if decision.change is ChangeKind.OPENED else "UP")
        if decision.change is ChangeKind.OPENED:
            self.alerts.append(alert(id=len(self.alerts) + 1, failed_at=at(place)))
        elif decision.change is ChangeKind.RESOLVED:
            self.set(self.active, RESOLVED)
        return decision.change

    def set(self, which: Alert | None, to: AlertStatus) -> None:
        assert which is not None
        self.alerts[which.id - 1] = which._replace(status=to)

    @rule(ok=st.booleans(), gap=st.sampled_from([0.0, 0.5, 30.0]))
    def check_arrives(self, ok: bool, gap: float) -> None:
        self.time += gap
        change = self.receive(self.time, ok=ok)
        self.failures = 0 if ok else self.failures + 1
        if ok:
            assert change is (ChangeKind.RESOLVED if self.is_on else None)
            self.is_on = False
        elif self.is_on or self.failures < 2:
            assert change is None
        else:
            assert change is ChangeKind.OPENED
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
        if has_news(which, moved):
            self.heard.append("DOWN" if moved.status.is_active else "UP")
        if which.status.is_active and to is RESOLVED:
            self.monitor = monitor_after_move(self.monitor, alert(RESOLVED), at(0))
            self.failures, self.is_on = 0, False
        elif to.is_active:
            self.is_on = True

    @invariant()
    def at_most_one_alert_is_active(self) -> None:
        assert sum(alert.status.is_active for alert in self.alerts) == self.is_on
        assert len(self.alerts) == self.opened

    @invariant()
    def a_monitor_that_is_down_is_told_as_down(self) -> None:
        last = self.heard[-1] if self.heard else "UP"
        assert (last == "DOWN") is self.is_on
        assert self.heard == ["DOWN", "UP"] * (len(self.heard) // 2) + ["DOWN"] * self.is_on
        assert last == "DOWN" or self.monitor.state is not MonitorState.DOWN

    @invariant()
    def the_state_says_what_is_known(self) -> None:
        if self.monitor.state is MonitorState.UP:
            assert self.failures == 0
        if self.monitor.state is MonitorState.DOWN:
            assert self.failures > 0


TestAlertOfOneMonitor = pytest.mark.slow(AlertOfOneMonitor.TestCase)
TestAlertOfOneMonitor.settings = settings(max_examples=150, stateful_step_count=30)
