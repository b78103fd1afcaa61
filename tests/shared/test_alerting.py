"""The alert's state machine: its whole specification as a table, and against a model that never looks at the code."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.alerting import (
    IllegalMove,
    Reason,
    Situation,
    WatchPeriod,
    decide,
    effective_time,
    extend_watch,
    is_late,
    is_silent,
    judge_channel,
    monitor_after_move,
    move,
    observe_agent,
)
from shared.models import Agent, Alert, AlertKind, AlertStatus, AttemptStatus, ChangeKind, Event, Monitor, MonitorState

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
UP, DOWN, PENDING, UNKNOWN = MonitorState.UP, MonitorState.DOWN, MonitorState.PENDING, MonitorState.UNKNOWN
OPEN, ACK, RESOLVED = AlertStatus.OPEN, AlertStatus.ACK, AlertStatus.RESOLVED


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def event(seconds: float = 0, *, ok: bool, **fields: object) -> Event:
    return Event(target_url="http://t/", timestamp=at(seconds), is_success=ok, **fields)  # type: ignore[arg-type]


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
    change: ChangeKind | None
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
        ChangeKind.OPENED,
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
        ChangeKind.OPENED,
        Reason.THRESHOLD_MET,
        is_failing_since_now=True,
    ),
    Row("a further failure keeps the alert", monitor(DOWN, 1), OPEN, False, DOWN, 2, None, Reason.STILL_DOWN),
    Row("ACK is active too: no second alert", monitor(DOWN, 1), ACK, False, DOWN, 2, None, Reason.STILL_DOWN),
    Row("a success ends it", monitor(DOWN, 3), OPEN, True, UP, 0, ChangeKind.RESOLVED, Reason.RECOVERED),
    Row("also once it is acknowledged", monitor(DOWN, 3), ACK, True, UP, 0, ChangeKind.RESOLVED, Reason.RECOVERED),
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
        ChangeKind.OPENED,
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
        monitor_after_move(monitor(DOWN, 5), alert(RESOLVED)),
        None,
        False,
        DOWN,
        1,
        ChangeKind.OPENED,
        Reason.THRESHOLD_MET,
        is_failing_since_now=True,
    ),
    Row(
        "with a threshold it has to be met anew after that",
        monitor_after_move(monitor(DOWN, 5, threshold=2), alert(RESOLVED)),
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
        ChangeKind.RESOLVED,
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
        ChangeKind.OPENED,
        Reason.THRESHOLD_MET,
        is_failing_since_now=True,
    ),
]


@pytest.mark.parametrize("row", DECISIONS, ids=lambda row: row.why)
def test_an_event_means(row: Row) -> None:
    active = alert(row.active) if row.active else None
    decision = decide(Situation(row.monitor, active, at(0), at(100)), event(ok=row.is_success))
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
    assert decide(Situation(monitor(UP), None, at(0), at(1)), moved).monitor.target_url == "http://new/"


def test_an_event_from_the_future_stands_at_its_receipt() -> None:
    assert effective_time(event(3600, ok=True), at(0)) == at(0)


def test_an_event_from_the_past_stands_at_its_own_time() -> None:
    assert effective_time(event(-3600, ok=True), at(0)) == at(-3600)


@pytest.mark.parametrize(
    ("seen", "sent", "place", "why"),
    [
        (-7, None, -7, "a sender that does not say what time it is, is believed"),
        (-7, 0, -7, "its clock is ours: it was seen 7 s ago, and waited since"),
        (-7, -4.9, -7, "so little may be the way to us"),
        (-7, 4.9, -7, "or honest clocks that differ"),
        (-3600, -3600, 0, "a clock that is an hour behind: seen just now"),
        (-3607, -3600, -7, "and what waited there 7 s waited 7 s"),
        (3600, 3600, 0, "a clock that is an hour ahead: seen just now"),
        (3593, 3600, -7, "and what waited there 7 s waited 7 s"),
        (3607, 3600, 0, "never later than its receipt"),
        (60, -3600, 0, "also where the clock was set back between the look and the report"),
    ],
)
def test_an_event_is_placed_by_the_senders_clock(seen: float, sent: float | None, place: float, why: str) -> None:
    sent_at = None if sent is None else at(sent)
    assert effective_time(event(seen, ok=True), at(0), sent_at) == at(place), why


@pytest.mark.parametrize(("seen", "sent"), [(9999, 1), (1, 9999), (9999, 9999), (1, 1)])
def test_years_that_add_up_to_none_are_placed_all_the_same(seen: int, sent: int) -> None:
    reported = Event(target_url="http://t/", timestamp=datetime(seen, 1, 1, tzinfo=UTC), is_success=True)
    assert effective_time(reported, at(0), datetime(sent, 12, 31, tzinfo=UTC)) <= at(0)


@pytest.mark.parametrize(
    ("place", "newest", "is_too_late", "why"),
    [
        (0, None, False, "the first of all"),
        (0, -1, False, "newer than the newest"),
        (0, 0, False, "of equal times the later arrival is the newer"),
        (-1, 0, True, "older than what counted already"),
        (0, 5, True, "the newest is from a machine whose clock is ahead as honest ones may be"),
        (0, 5.1, False, "the newest was placed before the clock was set back"),
        (-9000, 3600, False, "however old this one is: nobody knows which is the newer"),
    ],
)
def test_an_event_received_now_is_late(place: float, newest: float | None, is_too_late: bool, why: str) -> None:
    newest_at = None if newest is None else at(newest)
    assert is_late(at(place), newest_at, at(0)) is is_too_late, why


@pytest.mark.parametrize(
    ("before", "active", "is_success", "state", "change", "why"),
    [
        (monitor(UP), None, False, UNKNOWN, None, "nobody can say whether it fails"),
        (monitor(UNKNOWN, checked=None), None, False, UNKNOWN, None, "also of one that was never looked at"),
        (monitor(DOWN, 3), OPEN, False, UNKNOWN, None, "an outage neither goes on nor ends"),
        (monitor(PENDING, 1, threshold=3), None, False, UNKNOWN, None, "nor is it a further failure"),
        (monitor(UP), None, True, UP, None, "a success is conclusive, whatever it says of itself"),
        (monitor(DOWN, 3), OPEN, True, UP, ChangeKind.RESOLVED, "and ends an outage"),
    ],
)
def test_an_inconclusive_event_means(
    before: Monitor,
    active: AlertStatus | None,
    is_success: bool,
    state: MonitorState,
    change: ChangeKind | None,
    why: str,
) -> None:
    seen = event(ok=is_success, is_inconclusive=True)
    decision = decide(Situation(before, alert(active) if active else None, at(0), at(1)), seen)
    assert (decision.monitor.state, decision.change) == (state, change), why
    assert decision.monitor.last_checked_at == at(0)
    if not is_success:
        assert decision.reason is Reason.INCONCLUSIVE
        counted = decision.monitor.consecutive_failures, decision.monitor.failing_since
        assert counted == (before.consecutive_failures, before.failing_since), why


def test_a_late_inconclusive_event_changes_nothing() -> None:
    decision = decide(Situation(monitor(UP, checked=10), None, at(0), at(11)), event(ok=False, is_inconclusive=True))
    assert (decision.monitor, decision.reason) == (monitor(UP, checked=10), Reason.LATE)


def test_after_inconclusive_checks_the_failures_count_on() -> None:
    before = decide(
        Situation(monitor(PENDING, 1, threshold=2), None, at(0), at(0)), event(ok=False, is_inconclusive=True)
    ).monitor
    decision = decide(Situation(before, None, at(30), at(30)), event(30, ok=False))
    assert (decision.change, decision.monitor.failing_since) == (ChangeKind.OPENED, at(-60))


def agent(interval: float = 30, seen: float = 0, checked: float = -1, **flags: bool) -> Agent:
    times = {"last_seen_at": at(seen), "last_checked_at": at(checked)}
    return Agent(name="seoul", interval_seconds=interval, **times, **flags)


BOTH = {"is_silent": True, "is_offline": True}
SILENCE_ENDS = (AlertKind.AGENT_SILENT, ChangeKind.RESOLVED)
GOES_OFFLINE, COMES_ONLINE = (
    (AlertKind.LOCATION_OFFLINE, ChangeKind.OPENED),
    (AlertKind.LOCATION_OFFLINE, ChangeKind.RESOLVED),
)


@pytest.mark.parametrize(
    ("flags", "seen", "place", "changes", "why"),
    [
        ({}, {"ok": True}, 0, (), "a check among checks"),
        ({}, {"ok": False}, 0, (), "a failure is the monitor's affair"),
        ({"is_silent": True}, {"ok": True}, 0, (SILENCE_ENDS,), "it is back"),
        ({"is_silent": True}, {"ok": False}, 0, (SILENCE_ENDS,), "also with bad news"),
        ({"is_silent": True}, {"ok": True}, -99, (SILENCE_ENDS,), "also with old news: it reports again"),
        ({}, {"ok": False, "is_inconclusive": True}, 0, (GOES_OFFLINE,), "its place lost its connection"),
        ({}, {"ok": True, "is_inconclusive": True}, 0, (), "what succeeded was connected"),
        ({"is_offline": True}, {"ok": False, "is_inconclusive": True}, 0, (), "still so"),
        ({"is_offline": True}, {"ok": False}, 0, (COMES_ONLINE,), "a failure that is conclusive is one seen online"),
        ({"is_offline": True}, {"ok": True}, 0, (COMES_ONLINE,), "and so is a success"),
        ({"is_offline": True}, {"ok": True}, -99, (), "of before it went offline"),
        ({}, {"ok": False, "is_inconclusive": True}, -99, (), "it was offline, and is not any more"),
        (BOTH, {"ok": True}, 0, (SILENCE_ENDS, COMES_ONLINE), "both at once"),
        (
            {"is_silent": True},
            {"ok": False, "is_inconclusive": True},
            0,
            (SILENCE_ENDS, GOES_OFFLINE),
            "one, then another",
        ),
    ],
)
def test_of_its_agent_an_event_says(
    flags: dict[str, bool], seen: dict[str, bool], place: float, changes: object, why: str
) -> None:
    heard = observe_agent(agent(**flags), event(place, interval_seconds=5, **seen), at(place), at(2))
    assert heard.changes == changes, why
    assert (heard.agent.last_seen_at, heard.agent.is_silent) == (at(2), False)
    is_newest = place == 0
    assert heard.agent.last_checked_at == at(0 if is_newest else -1)
    assert heard.agent.interval_seconds == (5 if is_newest else 30), "an old event says how often it looked once"


def test_an_agent_that_does_not_say_how_often_it_looks_is_believed_to_look_as_before() -> None:
    assert observe_agent(agent(7), event(ok=True), at(0), at(0)).agent.interval_seconds == 7


@pytest.mark.parametrize(
    ("interval", "seen", "started", "now", "is_too_long", "why"),
    [
        (30, 0, -9999, 119.9, False, "2 minutes at least"),
        (30, 0, -9999, 120, True, "and then it is silent"),
        (0.1, 0, -9999, 119.9, False, "also where it looks ten times a second"),
        (60, 0, -9999, 179.9, False, "3 intervals at least"),
        (60, 0, -9999, 180, True, "and then it is silent"),
        (86_400, 0, -9999, 259_199, False, "once a day: three days"),
        (30, 0, 500, 619.9, False, "counted from the start of the watch where that is later"),
        (30, 0, 500, 620, True, "and then it is silent"),
        (30, 125, -9999, 120, False, "seen by another process since the time was asked for"),
        (30, 150, -9999, 120, False, "the clock was set back by less than the watch notices"),
        (30, 150, -9999, 269.9, False, "then it is patient for as much longer"),
        (30, 150, -9999, 270, True, "and then it is silent"),
        (30, 3600, 10, 129.9, False, "the clock was set back by an hour, and the watch began anew"),
        (30, 3600, 10, 130, True, "so that an hour is not waited for"),
    ],
)
def test_an_agent_is_silent(
    interval: float, seen: float, started: float, now: float, is_too_long: bool, why: str
) -> None:
    watch = WatchPeriod(started_at=at(started), seen_at=at(now))
    assert is_silent(agent(interval, seen), watch, at(now)) is is_too_long, why


@pytest.mark.parametrize(
    ("seen", "now", "goes_on", "why"),
    [
        (0, 2, True, "the next look"),
        (0, 60, True, "a scheduler that comes once a minute"),
        (0, 90, True, "and is half a minute late"),
        (0, 90.1, False, "the machine was asleep, or nobody looked: what was missed proves nothing"),
        (0, 3600, False, "or the clock was set an hour ahead"),
        (0, -5, True, "another process's look, a moment ago"),
        (0, -5.1, False, "the clock was set back"),
    ],
)
def test_a_watch_goes_on(seen: float, now: float, goes_on: bool, why: str) -> None:
    before = WatchPeriod(started_at=at(-500), seen_at=at(seen))
    after = extend_watch(before, at(now))
    assert after == (WatchPeriod(at(-500), at(max(seen, now))) if goes_on else WatchPeriod(at(now), at(now))), why


def test_a_watch_begins_with_the_first_look() -> None:
    assert extend_watch(None, at(0)) == WatchPeriod(at(0), at(0))


@given(
    steps=st.lists(st.tuples(st.floats(0.5, 60), st.just(0.0) | st.floats(-9000, 9000)), min_size=1, max_size=60),
    interval=st.sampled_from([1.0, 30.0, 40.0]),
)
@settings(deadline=None)
def test_an_agent_that_checks_is_never_silent_however_the_clock_is_set_back_or_far_ahead(
    steps: list[tuple[float, float]], interval: float
) -> None:
    clock, watch = 0.0, None
    heard, last = agent(interval, seen=0), 0.0
    for seconds, jump in steps:
        # Ahead by less than the watch notices, it cannot be told from a look that was missed.
        clock += seconds + (jump if jump < 0 or jump > 90 else 0)
        last += seconds
        if last >= interval:
            last, heard = 0.0, heard.model_copy(update={"last_seen_at": at(clock)})
        watch = extend_watch(watch, at(clock))
        assert not is_silent(heard, watch, at(clock))


@pytest.mark.parametrize(
    ("status", "refused", "change", "why"),
    [
        (AttemptStatus.FAILED, None, ChangeKind.OPENED, "it refuses for good"),
        (AttemptStatus.FAILED, OPEN, None, "that was told"),
        (AttemptStatus.FAILED, ACK, None, "and somebody knows"),
        (AttemptStatus.SENT, OPEN, ChangeKind.RESOLVED, "it takes messages again"),
        (AttemptStatus.SENT, ACK, ChangeKind.RESOLVED, "also where somebody knows"),
        (AttemptStatus.SENT, None, None, "as it should be"),
        (AttemptStatus.RETRY, None, None, "it may pass"),
        (AttemptStatus.RETRY, OPEN, None, "neither worse nor better"),
        (AttemptStatus.EXPIRED, None, None, "its age is not the channel's word"),
    ],
)
def test_an_attempt_says_of_its_channel(
    status: AttemptStatus, refused: AlertStatus | None, change: ChangeKind | None, why: str
) -> None:
    assert judge_channel(status, alert(refused) if refused else None) is change, why


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

    def receive(self, place: float, *, ok: bool) -> ChangeKind | None:
        decision = decide(Situation(self.monitor, self.active, at(place), at(1e6)), event(place, ok=ok))
        self.monitor = decision.monitor
        if decision.change is ChangeKind.OPENED:
            self.alerts.append(alert(OPEN).model_copy(update={"id": len(self.alerts) + 1, "failed_at": at(place)}))
        elif decision.change is ChangeKind.RESOLVED:
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
        if which.status.is_active and to is RESOLVED:
            self.monitor = monitor_after_move(self.monitor, alert(RESOLVED))
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


class EventsWhileTheClockJumps(RuleBasedStateMachine):
    """The clocks of the backend and the agent are set anew at random; what the agent sees arrives in order."""

    def __init__(self) -> None:
        super().__init__()
        self.monitor = Monitor(name="m", target_url="http://t/")
        self.is_on = False
        self.clock = self.agents_clock = 0.0
        self.is_up: bool | None = None
        self.changes: list[ChangeKind] = []

    @rule(jump=st.sampled_from([-86_400.0, -3600.0, -60.0, -6.0, 6.0, 60.0, 3600.0]) | st.floats(-1e5, 1e5))
    def the_backends_clock_is_set(self, jump: float) -> None:
        self.clock += jump

    @rule(jump=st.sampled_from([-3600.0, -6.0, 6.0, 3600.0]) | st.floats(-1e5, 1e5))
    def the_agents_clock_is_set(self, jump: float) -> None:
        self.agents_clock += jump

    @rule(ok=st.booleans(), gap=st.floats(5.001, 100), way=st.floats(0, 0.5), is_conclusive=st.booleans())
    def a_check_arrives(self, ok: bool, gap: float, way: float, is_conclusive: bool) -> None:
        self.clock, self.agents_clock = self.clock + gap, self.agents_clock + gap
        seen = event(self.agents_clock, ok=ok, is_inconclusive=not is_conclusive)
        # An HTTP date has no fractions.
        sent_at = at(self.agents_clock).replace(microsecond=0)
        received_at = at(self.clock + way)
        place = effective_time(seen, received_at, sent_at)
        newest_at = self.monitor.last_checked_at
        decision = decide(Situation(self.monitor, alert(OPEN) if self.is_on else None, place, received_at), seen)
        self.monitor = decision.monitor
        assert place <= received_at
        # The 5 seconds by which honest clocks differ: what comes in them may really be older. The next check counts.
        is_undecidable = newest_at is not None and received_at < newest_at <= received_at + timedelta(seconds=5)
        assert (decision.reason is Reason.LATE) is is_undecidable
        if is_undecidable:
            return
        self.is_up = ok if ok or is_conclusive else None
        if decision.change:
            self.changes.append(decision.change)
            self.is_on = decision.change is ChangeKind.OPENED
        if self.is_up is not None:
            assert self.is_on is not self.is_up, "no outage is lost, and no recovery"

    @invariant()
    def the_state_is_what_the_last_check_saw(self) -> None:
        assert self.monitor.state is {True: UP, False: DOWN, None: UNKNOWN}[self.is_up]

    @invariant()
    def no_alert_is_opened_twice_or_ends_twice(self) -> None:
        expected = [ChangeKind.OPENED, ChangeKind.RESOLVED] * (len(self.changes) // 2) + [
            ChangeKind.OPENED
        ] * self.is_on
        assert self.changes == expected


TestEventsWhileTheClockJumps = EventsWhileTheClockJumps.TestCase
TestEventsWhileTheClockJumps.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)

TestAlertOfOneMonitor = AlertOfOneMonitor.TestCase
TestAlertOfOneMonitor.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
