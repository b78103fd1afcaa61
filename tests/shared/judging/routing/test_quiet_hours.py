"""A channel's quiet hours hold its messages: what still holds at their end is sent, and what ended in them is not."""

from datetime import time
from typing import Any

from shared.models.channel import QuietHours, Route
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.routes import channels, fail, logs, move, owed, recover, review, watch
from tests.support.store.steps import claim, report, settle

pytestmark = on_each_engine

# Noon, when every test begins, is inside.
NIGHT = Route(quiet_hours=QuietHours(time(11), time(13)))
QUIET_UNTIL = 3600


def test_what_still_holds_at_the_end_of_quiet_hours_is_sent(store: Store) -> None:
    routes = channels(ops=NIGHT)
    assert fail(store, routes) == [2]
    review(store, routes, QUIET_UNTIL - 0.1)
    assert claim(store, QUIET_UNTIL - 0.1, "ops") is None
    review(store, routes, QUIET_UNTIL)
    settle(store, "SENT", QUIET_UNTIL, "ops")
    assert logs(store) == [(1, "OUTAGE", "HELD", "quiet_hours"), (1, "OUTAGE", "SENT", "quiet_hours")]


def test_what_ended_in_quiet_hours_is_never_sent(store: Store) -> None:
    routes = channels(ops=NIGHT)
    fail(store, routes)
    recover(store, routes, 60)
    review(store, routes, QUIET_UNTIL)
    assert logs(store) == [
        (1, "OUTAGE", "HELD", "quiet_hours"),
        (1, "OUTAGE", "SUPPRESSED", "quiet_hours"),
        (2, "RECOVERY", "SUPPRESSED", "quiet_hours"),
    ]


def test_the_end_of_what_was_told_before_is_held_and_sent(store: Store) -> None:
    routes = channels(ops=NIGHT)
    fail(store, routes, -3700)
    settle(store, "SENT", -3690, "ops")
    recover(store, routes, 0)
    assert owed(store) == [("OUTAGE", "SENT"), ("RECOVERY", "HELD")]
    review(store, routes, QUIET_UNTIL)
    assert owed(store) == [("OUTAGE", "SENT"), ("RECOVERY", "PENDING")]


def test_an_outage_that_is_acknowledged_in_quiet_hours_still_holds(store: Store) -> None:
    routes = channels(ops=NIGHT)
    fail(store, routes)
    move(store, routes, "ACK", 60)
    review(store, routes, QUIET_UNTIL)
    assert owed(store) == [("OUTAGE", "PENDING")]


def test_after_quiet_hours_one_reminder_comes_and_not_one_for_each(store: Store) -> None:
    routes = channels(ops=NIGHT)
    watch(store, routes, reminder_interval="10m")
    fail(store, routes, -3700)
    settle(store, "SENT", -3690, "ops")
    for seconds in (-3100, -2500, 500, 1100, 1700):
        review(store, routes, seconds)
    assert [status for _, status in owed(store)] == ["SENT", *["SUPPRESSED"] * 4, "HELD"]
    review(store, routes, QUIET_UNTIL)
    assert owed(store)[-2:] == [("REMINDER", "SUPPRESSED"), ("REMINDER", "PENDING")]


def test_a_step_is_held_until_the_morning_unless_somebody_acknowledges(store: Store) -> None:
    routes = {"first": Route(), "mail": NIGHT}
    for monitor in ("shop", "blog"):
        watch(store, routes, monitor=monitor, channels=["first"], escalation="night")
        report(store, 0, ok=False, received=0, channels=routes, monitor=monitor)
    review(store, routes, 300)
    assert owed(store, "mail") == [("ESCALATION", "HELD"), ("ESCALATION", "HELD")]
    move(store, routes, "ACK", 400)
    review(store, routes, QUIET_UNTIL)
    assert owed(store, "mail") == [("ESCALATION", "SUPPRESSED"), ("ESCALATION", "PENDING")]
    assert logs(store, "mail")[-1] == (1, "ESCALATION", "SUPPRESSED", "acknowledged")


def test_quiet_hours_go_on_when_a_silence_ends(store: Store) -> None:
    routes = channels(ops=NIGHT)
    store.windows.add(Window(kind="silence", all=True, duration=600), now=at(-10))
    fail(store, routes)
    review(store, routes, 700)
    assert (owed(store), owed(store, "other")) == ([("OUTAGE", "HELD")], [("OUTAGE", "PENDING")])
    review(store, routes, QUIET_UNTIL)
    assert owed(store) == [("OUTAGE", "PENDING")]


def test_the_rules_hold_for_what_is_about_no_monitor(store: Store) -> None:
    """An agent that falls silent in quiet hours, and comes back in them."""
    routes = channels(ops=NIGHT)
    checked: dict[str, Any] = {"agent": "seoul", "interval_seconds": 30, "channels": routes}
    report(store, 0, ok=True, received=0, **checked)
    for seconds in range(0, 241, 60):
        store.agents.review(now=at(seconds), channels=routes)
    assert owed(store) == [("AGENT_SILENT", "HELD")]
    report(store, 300, ok=True, received=300, **checked)
    assert owed(store) == [("AGENT_SILENT", "SUPPRESSED"), ("RECOVERY", "SUPPRESSED")]
    assert owed(store, "other") == [("AGENT_SILENT", "PENDING"), ("RECOVERY", "PENDING")]
