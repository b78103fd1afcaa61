"""When the next ping of a heartbeat is missed: the whole specification as tables, and against a small model.

Times are seconds after noon. A ping is due within 100 s: its period and its grace.
"""

from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.alerting import Reason, Situation, WatchPeriod, decide, extend_watch
from shared.alerting.heartbeats import Beat, after_change, after_gap, after_ping, in_order, run_ms
from shared.models import AlertStatus, ChangeKind, MonitorState
from tests.support.builders import alert, at, event, monitor

WITHIN = timedelta(seconds=100)
NEVER = Beat()


def beat(pinged: float | None = 0, missed: float | None = 100, began: float | None = None) -> Beat:
    return Beat(*(None if seconds is None else at(seconds) for seconds in (pinged, began, missed)))


@pytest.mark.parametrize(
    ("before", "is_start", "is_watched", "after", "why"),
    [
        (NEVER, False, True, beat(50, 150), "the first ping"),
        (beat(), False, True, beat(50, 150), "the next one"),
        (beat(0, None), False, True, beat(50, 150), "after a miss"),
        (beat(0, 100, began=0), False, True, beat(50, 150), "the end of a run"),
        (NEVER, True, True, beat(50, 150, began=50), "before the first ping, a run begins: its end is due"),
        (beat(), True, True, beat(50, 150, began=50), "a run begins: its end is due within period and grace"),
        (beat(0, 100, began=0), True, True, beat(50, 100, began=50), "the run before died: the first end stays due"),
        (beat(0, None, began=0), True, True, beat(50, 150, began=50), "the run before was missed already"),
        (beat(0, 9999, began=0), True, True, beat(50, 150, began=50), "the clock was set back since"),
        (beat(0, None), False, False, beat(50, None), "paused: nothing is missed"),
        (beat(0, None), True, False, beat(50, None, began=50), "paused: nor is the end of a run"),
    ],
)
def test_a_ping_says_when_the_next_one_is_missed(
    before: Beat, is_start: bool, is_watched: bool, after: Beat, why: str
) -> None:
    assert after_ping(before, at(50), WITHIN, is_start=is_start, is_watched=is_watched) == after, why


@pytest.mark.parametrize(("began", "milliseconds"), [(None, None), (0, 50_000), (49.75, 250), (50, 0), (51, None)])
def test_a_run_lasts_from_its_start_to_its_end(began: float | None, milliseconds: float | None) -> None:
    assert run_ms(beat(began=began), at(50)) == milliseconds


@pytest.mark.parametrize(
    ("before", "watched_until", "now", "missed", "why"),
    [
        (NEVER, 20, 500, None, "before the first ping nothing is missed"),
        (beat(0, None), 20, 500, None, "what was noticed is not noticed again"),
        (beat(), 20, 500, 600, "the ping may have come while nobody was there, so the next one may take as long"),
        (beat(), 20, 95, 195, "also if it was not due yet"),
        (beat(), None, 500, 600, "nobody has ever watched"),
        (beat(480, 580), 20, 500, 600, "it came during the gap"),
        (beat(), 100, 500, 100, "it was missed before the gap"),
        (beat(0, 600), 520, 720, 800, "a second gap adds its own length"),
        (beat(0, 1100), 520, 720, 820, "but the ping never has longer than period and grace"),
        (beat(0, 100, began=0), 20, 500, 600, "the end of a run too"),
        (beat(0, 150), 180, 90, 150, "the clock was set back: as it is"),
        (beat(9000, 9100), 9010, 90, 190, "set back by hours: nobody waits for hours"),
    ],
)
def test_a_gap_in_the_watch_is_no_miss(
    before: Beat, watched_until: float | None, now: float, missed: float | None, why: str
) -> None:
    until = None if watched_until is None else at(watched_until)
    assert after_gap(before, WITHIN, until, at(now)) == before._replace(
        missed_at=None if missed is None else at(missed)
    ), why


class Change(NamedTuple):
    """A policy before and after: in how many seconds a ping is due (None: no heartbeat), and whether it is watched."""

    before: float | None = 100
    within: float | None = 100
    was_watched: bool = True
    is_watched: bool = True


@pytest.mark.parametrize(
    ("known", "change", "after", "why"),
    [
        (beat(), Change(), beat(), "something else has changed"),
        (beat(), Change(within=300), beat(0, 300), "a longer period counts from the last ping"),
        (beat(), Change(within=80), beat(0, 80), "so does a shorter one"),
        (beat(), Change(within=20), beat(0, 70), "but the sender has that time from the change on"),
        (beat(0, 60), Change(within=20), beat(0, 60), "and never more than it had before"),
        (beat(0, 600), Change(within=300), beat(0, 800), "after a gap, the gap counts on"),
        (beat(0, None), Change(within=300), beat(0, None), "what was missed stays missed until the next ping"),
        (NEVER, Change(within=300), NEVER, "before the first ping nothing is missed"),
        (beat(began=10), Change(is_watched=False), beat(0, None), "a pause"),
        (beat(0, None), Change(was_watched=False), beat(0, 150), "resumed: the next ping is due from then on"),
        (NEVER, Change(was_watched=False), NEVER, "resumed, and there has never been a ping"),
        (beat(began=10), Change(within=None), NEVER, "it is no heartbeat any more"),
        (NEVER, Change(before=None), NEVER, "it has become one"),
    ],
)
def test_a_changed_policy_says_when_the_next_ping_is_missed(known: Beat, change: Change, after: Beat, why: str) -> None:
    spans = {
        name: None if seconds is None else timedelta(seconds=seconds)
        for name, seconds in (("before", change.before), ("within", change.within))
    }
    found = after_change(known, at(50), was_watched=change.was_watched, is_watched=change.is_watched, **spans)
    assert found == after, why


@pytest.mark.parametrize(
    ("place", "newest", "now", "found", "why"),
    [
        (10, None, 10, 10, "the first event"),
        (10, 5, 10, 10, "the usual case"),
        (10, 12, 10, 12, "another process saved first, although it asked for the time later"),
        (10, 18, 20, 18, "noticed later than it was due"),
        (10, 99, 10, 10, "the clock was set back"),
    ],
)
def test_a_ping_is_never_late(place: float, newest: float | None, now: float, found: float, why: str) -> None:
    assert in_order(at(place), None if newest is None else at(newest), at(now)) == at(found), why


@pytest.mark.parametrize(
    ("state", "failures", "threshold", "active", "change", "reason", "why"),
    [
        (MonitorState.UP, 0, 3, None, ChangeKind.OPENED, Reason.PING_MISSED, "at once, whatever the threshold"),
        (MonitorState.PENDING, 1, 3, None, ChangeKind.OPENED, Reason.PING_MISSED, "after a run that failed too"),
        (MonitorState.UNKNOWN, 0, 3, None, ChangeKind.OPENED, Reason.PING_MISSED, "after a pause"),
        (MonitorState.DOWN, 3, 3, AlertStatus.ACK, None, Reason.STILL_DOWN, "no second alert"),
    ],
)
def test_a_missed_ping_opens_at_once(
    state: MonitorState,
    failures: int,
    threshold: int,
    active: AlertStatus | None,
    change: ChangeKind | None,
    reason: Reason,
    why: str,
) -> None:
    before = monitor(state, failures, threshold)
    situation = Situation(before, alert(active) if active else None, at(0), at(0), is_ping_missed=True)
    decision = decide(situation, event(ok=False))
    assert (decision.change, decision.reason, decision.monitor.state) == (change, reason, MonitorState.DOWN), why
    assert decision.monitor.consecutive_failures == failures + 1


def test_a_missed_ping_of_a_paused_monitor_changes_nothing() -> None:
    situation = Situation(monitor(is_watched=False), None, at(0), at(0), is_ping_missed=True)
    assert decide(situation, event(ok=False)).reason is Reason.NOT_WATCHED


# --- against a model ------------------------------------------------------------------------------------------------


class World:
    """A heartbeat, its watch and a clock, moved on by the rules; and how long it was watched since its last ping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.beat, self.watch = NEVER, WatchPeriod(at(0), at(0))
        self.is_missed = False
        # The model: seconds since the last ping in which somebody watched, and the gaps since.
        self.watched, self.gaps = 0.0, 0

    def ping(self) -> None:
        """A ping comes."""
        self.beat = after_ping(self.beat, at(self.now), WITHIN, is_start=False, is_watched=True)
        self.is_missed, self.watched, self.gaps = False, 0.0, 0

    def pass_time(self, seconds: float, *, is_on: bool = True) -> None:
        """Time passes; the machine is on, and a review comes at its end, or it was off until then."""
        self.now += seconds
        if is_on:
            self.watched += seconds
        saved, self.watch = self.watch, extend_watch(self.watch, at(self.now))
        if self.watch.started_at != saved.started_at:
            self.gaps += 1
            self.beat = after_gap(self.beat, WITHIN, saved.seen_at, at(self.now))
        if self.beat.missed_at is not None and self.beat.missed_at <= at(self.now):
            self.is_missed = True
            self.beat = self.beat._replace(missed_at=None)


STEPS = st.lists(
    st.one_of(
        st.just(("ping", 0.0)),
        st.tuples(st.just("on"), st.floats(0.5, 60)),
        st.tuples(st.just("off"), st.floats(91, 50_000)),
    ),
    min_size=1,
    max_size=80,
)


@pytest.mark.slow
@given(steps=STEPS)
def test_a_miss_is_noticed_neither_early_nor_twice_as_late(steps: list[tuple[str, float]]) -> None:
    """Never while it was watched for less than period and grace, and at the latest after twice that."""
    world = World()
    world.ping()
    for what, seconds in steps:
        if what == "ping":
            world.ping()
        else:
            world.pass_time(seconds, is_on=what == "on")
        if world.is_missed:
            # The watch is known to the millisecond.
            assert world.watched >= WITHIN.total_seconds() - 0.01
        elif world.gaps == 0:
            assert world.watched < WITHIN.total_seconds() + 0.01
        else:
            assert world.watched < 2 * WITHIN.total_seconds() + 60


@pytest.mark.slow
@given(
    period=st.floats(5, 99),
    before=st.integers(0, 5),
    off=st.floats(91, 50_000),
    review=st.floats(0.5, 60),
)
def test_a_job_that_pings_survives_one_gap(period: float, before: int, off: float, review: float) -> None:
    """A job that goes on pinging in time is never missed, whatever pings are lost meanwhile."""
    world = World()
    next_ping = period

    def run_until(end: float) -> None:
        nonlocal next_ping
        while world.now < end:
            step = min(review, end - world.now, next_ping - world.now)
            world.pass_time(max(step, 0.001))
            if world.now >= next_ping:
                world.ping()
                next_ping += period
            assert not world.is_missed

    world.ping()
    run_until(period * before + period / 2)
    world.pass_time(off, is_on=False)
    assert not world.is_missed
    while next_ping < world.now:
        next_ping += period  # these were lost
    run_until(world.now + 5 * period)
