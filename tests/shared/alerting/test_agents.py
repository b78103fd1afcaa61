"""The facts that events tell about their agent, and when the lack of them is a silence."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.alerting import WatchPeriod, extend_watch, is_silent, observe_agent, tolerated_silence
from shared.alerting.agents import report_interval
from shared.models import Agent, AlertKind, Cause, ChangeKind, value_of
from tests.support.builders import at, event


def agent(interval: float = 30, seen: float = 0, checked: float = -1, **flags: bool) -> Agent:
    known = {"name": "seoul", "interval_seconds": interval, "last_seen_at": at(seen), "last_checked_at": at(checked)}
    return value_of(Agent, {**known, **flags})


SILENT, OFFLINE, BOTH = {"is_silent": True}, {"is_offline": True}, {"is_silent": True, "is_offline": True}
SUCCESS, FAILURE, INCONCLUSIVE = {"ok": True}, {"ok": False}, {"ok": False, "is_inconclusive": True}
NOT_CHECKED = INCONCLUSIVE | {"cause": Cause.of("value_missing", name="MONITOR_TOKEN")}
SHORT = INCONCLUSIVE | {"cause": Cause.of("agent_short_of_files")}
UNREACHED = INCONCLUSIVE | {"cause": Cause.of("network_unreachable")}
SILENCE_ENDS = (AlertKind.AGENT_SILENT, ChangeKind.RESOLVED)
GOES_OFFLINE, COMES_ONLINE = (
    (AlertKind.LOCATION_OFFLINE, ChangeKind.OPENED),
    (AlertKind.LOCATION_OFFLINE, ChangeKind.RESOLVED),
)


@pytest.mark.parametrize(
    ("flags", "seen", "place", "changes", "why"),
    [
        ({}, SUCCESS, 0, (), "a check among checks"),
        ({}, FAILURE, 0, (), "a failure is the monitor's affair"),
        (SILENT, SUCCESS, 0, (SILENCE_ENDS,), "it is back"),
        (SILENT, FAILURE, 0, (SILENCE_ENDS,), "also with bad news"),
        (SILENT, SUCCESS, -99, (SILENCE_ENDS,), "also with old news: it reports again"),
        ({}, INCONCLUSIVE, 0, (GOES_OFFLINE,), "its location lost its connection"),
        ({}, {"ok": True, "is_inconclusive": True}, 0, (), "a check that succeeded was connected"),
        (OFFLINE, INCONCLUSIVE, 0, (), "still so"),
        (OFFLINE, FAILURE, 0, (COMES_ONLINE,), "a conclusive failure was seen online"),
        (OFFLINE, SUCCESS, 0, (COMES_ONLINE,), "and so was a success"),
        (OFFLINE, SUCCESS, -99, (), "from before it went offline"),
        ({}, INCONCLUSIVE, -99, (), "it was offline, and is not any more"),
        ({}, NOT_CHECKED, 0, (), "that check alone could not be made"),
        (OFFLINE, NOT_CHECKED, 0, (), "nor does it show a connection"),
        ({}, UNREACHED, 0, (GOES_OFFLINE,), "the agent knows the cause, and that it is its own connection"),
        ({}, SHORT, 0, (GOES_OFFLINE,), "no check can be made at this location"),
        (BOTH, SUCCESS, 0, (SILENCE_ENDS, COMES_ONLINE), "both at once"),
        (SILENT, INCONCLUSIVE, 0, (SILENCE_ENDS, GOES_OFFLINE), "one, then another"),
    ],
)
def test_an_event_says_of_its_agent(
    flags: dict[str, bool], seen: dict[str, Any], place: float, changes: object, why: str
) -> None:
    observed = observe_agent(agent(**flags), event(place, interval_seconds=5, **seen), at(place), at(2))
    assert observed.changes == changes, why
    assert (observed.agent.last_seen_at, observed.agent.is_silent) == (at(2), False)
    is_newest = place == 0
    assert observed.agent.last_checked_at == at(0 if is_newest else -1)
    assert observed.agent.interval_seconds == (5 if is_newest else 30), "an old event says how often it checked once"


def test_an_agent_keeps_its_interval_if_an_event_names_none() -> None:
    assert observe_agent(agent(7), event(ok=True), at(0), at(0)).agent.interval_seconds == 7


@pytest.mark.parametrize(
    ("interval", "seen", "started", "now", "is_too_long", "why"),
    [
        (30, 0, -9999, 119.9, False, "2 minutes at least"),
        (30, 0, -9999, 120, True, "and then it is silent"),
        (0.1, 0, -9999, 119.9, False, "also if it checks ten times a second"),
        (60, 0, -9999, 179.9, False, "3 intervals at least"),
        (60, 0, -9999, 180, True, "and then it is silent"),
        (86_400, 0, -9999, 259_199, False, "once a day: three days"),
        (30, 0, 500, 619.9, False, "counted from the start of the watch if that is later"),
        (30, 0, 500, 620, True, "and then it is silent"),
        (30, 125, -9999, 120, False, "seen by another process since this one asked for the time"),
        (30, 150, -9999, 120, False, "the clock was set back by less than the watch notices"),
        (30, 150, -9999, 269.9, False, "then we wait for as much longer"),
        (30, 150, -9999, 270, True, "and then it is silent"),
        (30, 3600, 10, 129.9, False, "the clock was set back by an hour, and the watch restarted"),
        (30, 3600, 10, 130, True, "so that we do not wait for an hour"),
    ],
)
def test_an_agent_is_silent(
    interval: float, seen: float, started: float, now: float, is_too_long: bool, why: str
) -> None:
    watch = WatchPeriod(started_at=at(started), seen_at=at(now))
    assert is_silent(agent(interval, seen), watch, at(now)) is is_too_long, why


@pytest.mark.parametrize(
    ("interval", "longest", "tolerated"),
    [(60, 10, 180), (60, 60, 180), (60, 282, 402), (3, 120, 126), (3, 20, 120)],
)
def test_an_agent_may_be_silent_for_as_long_as_its_monitor_is_known(
    interval: float, longest: float, tolerated: float
) -> None:
    """If a check may outlast its interval, its report may come that much later; two minutes are tolerated always."""
    assert tolerated_silence(report_interval(interval, longest)) == timedelta(seconds=tolerated)


def test_an_agent_says_its_interval_if_a_check_lasts_no_longer_than_usual() -> None:
    assert report_interval(2, 10) == 2


@pytest.mark.parametrize(
    ("seen", "now", "goes_on", "why"),
    [
        (0, 2, True, "the next review"),
        (0, 60, True, "a scheduler that comes once a minute"),
        (0, 90, True, "and is half a minute late"),
        (0, 90.1, False, "the machine was asleep, or nobody reviewed: a missing event proves nothing"),
        (0, 3600, False, "or the clock was set an hour ahead"),
        (0, -5, True, "another process's review, a moment ago"),
        (0, -5.1, False, "the clock was set back"),
    ],
)
def test_a_watch_goes_on(seen: float, now: float, goes_on: bool, why: str) -> None:
    before = WatchPeriod(started_at=at(-500), seen_at=at(seen))
    after = extend_watch(before, at(now))
    assert after == (WatchPeriod(at(-500), at(max(seen, now))) if goes_on else WatchPeriod(at(now), at(now))), why


def test_a_watch_begins_with_the_first_review() -> None:
    assert extend_watch(None, at(0)) == WatchPeriod(at(0), at(0))


@pytest.mark.slow
@given(
    steps=st.lists(st.tuples(st.floats(0.5, 60), st.just(0.0) | st.floats(-9000, 9000)), min_size=1, max_size=60),
    interval=st.sampled_from([1.0, 30.0, 40.0]),
)
def test_no_jump_of_the_clock_makes_an_agent_silent(steps: list[tuple[float, float]], interval: float) -> None:
    """The agent checks at its interval, while the clock is set back or far ahead."""
    clock, watch = 0.0, None
    checking, last = agent(interval, seen=0), 0.0
    for seconds, jump in steps:
        # A jump ahead by less than the watch notices cannot be told from a review that was missed.
        clock += seconds + (jump if jump < 0 or jump > 90 else 0)
        last += seconds
        if last >= interval:
            last, checking = 0.0, checking._replace(last_seen_at=at(clock))
        watch = extend_watch(watch, at(clock))
        assert not is_silent(checking, watch, at(clock))
