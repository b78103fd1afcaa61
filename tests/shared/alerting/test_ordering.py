"""The order of events in time, by the clocks of those who report and of the backend."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.alerting import Reason, Situation, decide, effective_time, is_late
from shared.models import ChangeKind, MonitorState
from tests.support.builders import NEVER_FLAPS, alert, at, event, monitor


def test_a_future_event_counts_from_its_receipt() -> None:
    assert effective_time(event(3600, ok=True), at(0)) == at(0)


def test_a_past_event_counts_from_its_own_time() -> None:
    assert effective_time(event(-3600, ok=True), at(0)) == at(-3600)


@pytest.mark.parametrize(
    ("seen", "sent", "place", "why"),
    [
        (-7, None, -7, "a sender that does not say what time it is, is believed"),
        (-7, 0, -7, "its clock is ours: it was seen 7 s ago, and waited since"),
        (-7, -4.9, -7, "the way to us may take as long"),
        (-7, 4.9, -7, "or honest clocks differ"),
        (-3600, -3600, 0, "a clock that is an hour behind: seen just now"),
        (-3607, -3600, -7, "and an event that waited there for 7 s has waited for 7 s"),
        (3600, 3600, 0, "a clock that is an hour ahead: seen just now"),
        (3593, 3600, -7, "and an event that waited there for 7 s has waited for 7 s"),
        (3607, 3600, 0, "never later than its receipt"),
        (60, -3600, 0, "also if the clock was set back between the check and the report"),
    ],
)
def test_an_event_is_placed_by_the_senders_clock(seen: float, sent: float | None, place: float, why: str) -> None:
    sent_at = None if sent is None else at(sent)
    assert effective_time(event(seen, ok=True), at(0), sent_at) == at(place), why


@pytest.mark.parametrize(("seen", "sent"), [(9999, 1), (1, 9999), (9999, 9999), (1, 1)])
def test_times_that_add_up_to_no_year_are_no_error(seen: int, sent: int) -> None:
    reported = event(ok=True, timestamp=datetime(seen, 1, 1, tzinfo=UTC))
    assert effective_time(reported, at(0), datetime(sent, 12, 31, tzinfo=UTC)) <= at(0)


@pytest.mark.parametrize(
    ("place", "newest", "is_too_late", "why"),
    [
        (0, None, False, "the first of all"),
        (0, -1, False, "newer than the newest"),
        (0, 0, False, "of equal times the later arrival is the newer"),
        (-1, 0, True, "older than an event that counted already"),
        (0, 5, True, "the newest is from a machine whose clock is as far ahead as an honest one may be"),
        (0, 5.1, False, "the newest was placed before the clock was set back"),
        (-9000, 3600, False, "however old this one is: nobody knows which is the newer"),
    ],
)
def test_an_event_received_now_is_late(place: float, newest: float | None, is_too_late: bool, why: str) -> None:
    newest_at = None if newest is None else at(newest)
    assert is_late(at(place), newest_at, at(0)) is is_too_late, why


class EventsWhileTheClockJumps(RuleBasedStateMachine):
    """The clocks of the backend and the agent are reset at random; the agent's checks arrive in order."""

    def __init__(self) -> None:
        super().__init__()
        self.monitor = monitor(MonitorState.UNKNOWN, checked=None)
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
        active = alert() if self.is_on else None
        decision = decide(Situation(self.monitor, active, place, received_at, limits=NEVER_FLAPS), seen)
        self.monitor = decision.monitor
        assert place <= received_at
        # Honest clocks differ by up to 5 seconds: an event from those may really be older. The next check counts.
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
        states = {True: MonitorState.UP, False: MonitorState.DOWN, None: MonitorState.UNKNOWN}
        assert self.monitor.state is states[self.is_up]

    @invariant()
    def no_alert_opens_or_ends_twice(self) -> None:
        expected = [ChangeKind.OPENED, ChangeKind.RESOLVED] * (len(self.changes) // 2) + [
            ChangeKind.OPENED
        ] * self.is_on
        assert self.changes == expected


TestEventsWhileTheClockJumps = pytest.mark.slow(EventsWhileTheClockJumps.TestCase)
TestEventsWhileTheClockJumps.settings = settings(max_examples=150, stateful_step_count=25)
