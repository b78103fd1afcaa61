"""Locations without a connection: one alert, no outage, and an end with the next conclusive check."""

import pytest

from shared.models import AlertKind, Cause, ChangeKind, MonitorState
from shared.store import Store
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import add, move
from tests.support.store.watching import OFFLINE, about_agent, check, history, owed, states


def run_offline(
    store: Store, seconds: float, received: float | None = None
) -> list[tuple[ChangeKind | None, AlertKind]]:
    """A run of the agent in which every check fails, and the connectivity check too."""
    runs = [
        check(store, seconds + number / 10, ok=False, monitor=name, received=received, is_inconclusive=True)
        for number, name in enumerate(("shop", "blog", "wiki"))
    ]
    return [change for run in runs for change in about_agent(run)]


@on_each_engine
def test_an_offline_location_is_one_alert_and_no_outage(store: Store) -> None:
    check(store, 0)
    assert run_offline(store, 30) == [(ChangeKind.OPENED, OFFLINE)]
    assert run_offline(store, 60) == []
    assert history(store) == [(OFFLINE, "seoul", "OPEN")]
    assert set(states(store).values()) == {"UNKNOWN"}
    alert = store.alerts.get(1)[0]
    assert (alert.cause, alert.failed_at) == ("every check failed, and so did the connectivity check", at(30))
    assert owed(store, 1) == [("LOCATION_OFFLINE", "a"), ("LOCATION_OFFLINE", "b")]


@pytest.mark.parametrize("ok", [True, False])
def test_a_conclusive_check_brings_a_location_online(store: Store, ok: bool) -> None:
    run_offline(store, 30)
    assert about_agent(check(store, 60, ok=ok)) == [(ChangeKind.RESOLVED, OFFLINE)]
    assert history(store) == [(OFFLINE, "seoul", "RESOLVED")] + ([] if ok else [("OUTAGE", "shop", "OPEN")])
    assert states(store) == {"shop": "UP" if ok else "DOWN", "blog": "UNKNOWN", "wiki": "UNKNOWN"}
    assert owed(store, 1)[2:] == [("RECOVERY", "a"), ("RECOVERY", "b")]


@on_each_engine
def test_a_monitor_that_cannot_be_checked_takes_no_location_offline(store: Store) -> None:
    lacks = Cause.of("value_missing", name="MONITOR_TOKEN")
    for run in range(3):
        assert about_agent(check(store, 30 * run)) == []
        failed = check(store, 30 * run + 1, ok=False, monitor="api", is_inconclusive=True, cause=lacks)
        assert about_agent(failed) == []
    assert history(store) == []
    assert states(store) == {"shop": "UP", "api": "UNKNOWN"}


def test_an_agent_short_of_something_says_so(store: Store) -> None:
    check(store, 0, ok=False, is_inconclusive=True, cause=Cause.of("agent_short_of_threads"))
    [alert] = store.alerts.page(limit=9)
    assert (alert.kind, alert.cause) == (OFFLINE, "not checked: the agent can start no further thread")


def test_an_older_outage_outlasts_the_time_offline(store: Store) -> None:
    check(store, 0, ok=False)
    run_offline(store, 30)
    assert states(store)["shop"] == "UNKNOWN"
    assert check(store, 60, ok=False).change is None
    assert states(store)["shop"] == "DOWN"
    assert check(store, 90).change is ChangeKind.RESOLVED
    assert history(store) == [("OUTAGE", "shop", "RESOLVED"), (OFFLINE, "seoul", "RESOLVED")]


def test_late_inconclusive_checks_change_nothing(store: Store) -> None:
    for name in ("shop", "blog", "wiki"):
        check(store, 60, monitor=name)
    assert run_offline(store, 30, received=70) == []
    assert history(store) == []
    assert set(states(store).values()) == {"UP"}


def test_late_checks_bring_no_location_online(store: Store) -> None:
    run_offline(store, 30)
    assert about_agent(check(store, 20, received=40)) == []
    assert history(store) == [(OFFLINE, "seoul", "OPEN")]


def test_a_time_offline_that_is_posted_at_once_keeps_its_times(store: Store) -> None:
    seen = [(90, True), (30, False), (0, True), (60, False)]
    events = [event(seconds, ok=ok, is_inconclusive=not ok, agent="seoul") for seconds, ok in seen]
    add(store, *events, received=100)
    [alert] = store.alerts.page(limit=9)
    assert (alert.kind, alert.failed_at, alert.resolved_at) == (OFFLINE, at(30), at(90))


def test_a_location_resolved_by_hand_is_not_opened_again(store: Store) -> None:
    """It is once the location was online and goes offline again."""
    run_offline(store, 30)
    move(store, 1, "RESOLVED", 40)
    assert run_offline(store, 60) == []
    assert about_agent(check(store, 90)) == []
    assert run_offline(store, 120) == [(ChangeKind.OPENED, OFFLINE)]


@on_each_engine
def test_a_reopened_location_ends_with_the_next_check(store: Store) -> None:
    run_offline(store, 30)
    check(store, 60)
    move(store, 1, "OPEN", 70)
    assert run_offline(store, 90) == [], "no second one"
    check(store, 120)
    assert history(store) == [(OFFLINE, "seoul", "RESOLVED")]


def test_an_inconclusive_event_without_an_agent_opens_nothing(store: Store) -> None:
    assert check(store, 0, ok=False, agent=None, is_inconclusive=True).changes == []
    assert states(store) == {"shop": MonitorState.UNKNOWN}
    assert history(store) == []
