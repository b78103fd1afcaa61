"""The messages that ``only`` and ``delay`` keep from a channel, in the store: every decision has its row."""

from datetime import timedelta

from shared.models.channel import Route
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.routes import channels, fail, logs, move, owed, recover, review, watch
from tests.support.store.steps import claim, report, settle

pytestmark = on_each_engine

LATER = Route(delay=timedelta(minutes=5))


# --- only -------------------------------------------------------------------------------------------------------------


def test_what_only_leaves_out_is_suppressed(store: Store) -> None:
    routes = channels(ops=Route(only=frozenset({"OUTAGE"})))
    assert len(fail(store, routes)) == 2
    assert len(recover(store, routes, 10)) == 1
    assert logs(store) == [(1, "RECOVERY", "SUPPRESSED", "only")]
    assert owed(store) == [("OUTAGE", "PENDING"), ("RECOVERY", "SUPPRESSED")]
    assert owed(store, "other") == [("OUTAGE", "PENDING"), ("RECOVERY", "PENDING")]


def test_a_channel_hears_of_no_end_without_its_beginning(store: Store) -> None:
    routes = channels(ops=Route(only=frozenset({"RECOVERY"})))
    fail(store, routes)
    recover(store, routes, 10)
    assert logs(store) == [(1, "OUTAGE", "SUPPRESSED", "only"), (2, "RECOVERY", "SUPPRESSED", "only")]


def test_what_is_left_out_holds_nothing_up(store: Store) -> None:
    routes = channels(ops=Route(only=frozenset({"REMINDER"})))
    watch(store, routes, reminder_interval="1m")
    fail(store, routes)
    review(store, routes, 60)
    found = claim(store, 60, "ops")
    assert found is not None
    assert found.notification.kind == "REMINDER"


# --- delay ------------------------------------------------------------------------------------------------------------


def test_an_outage_that_lasts_is_sent_once_its_delay_ends(store: Store) -> None:
    routes = channels(ops=LATER)
    assert fail(store, routes) == [2], "the other channel is notified at once"
    review(store, routes, 299.9)
    assert (claim(store, 299.9, "ops"), owed(store)) == (None, [("OUTAGE", "HELD")])
    review(store, routes, 300)
    settle(store, "SENT", 300, "ops")
    assert logs(store) == [(1, "OUTAGE", "HELD", "delay"), (1, "OUTAGE", "SENT", "delay")]
    assert len(recover(store, routes, 310)) == 2, "an end is not delayed"


def test_an_outage_that_ends_before_is_never_sent(store: Store) -> None:
    routes = channels(ops=LATER)
    fail(store, routes)
    assert len(recover(store, routes, 299)) == 1
    review(store, routes, 301)
    assert logs(store) == [
        (1, "OUTAGE", "HELD", "delay"),
        (1, "OUTAGE", "SUPPRESSED", "delay"),
        (2, "RECOVERY", "SUPPRESSED", "delay"),
    ]
    assert claim(store, 999, "ops") is None


def test_an_outage_that_somebody_has_is_never_sent(store: Store) -> None:
    routes = channels(ops=LATER)
    fail(store, routes)
    move(store, routes, "ACK", 200)
    review(store, routes, 301)
    assert logs(store) == [(1, "OUTAGE", "HELD", "delay"), (1, "OUTAGE", "SUPPRESSED", "acknowledged")]
    recover(store, routes, 400)
    assert logs(store)[2:] == [(2, "RECOVERY", "SUPPRESSED", "acknowledged")]
    assert owed(store, "other") == [("OUTAGE", "PENDING"), ("RECOVERY", "PENDING")]


def test_a_person_who_resolves_before_suppresses_both(store: Store) -> None:
    routes = channels(ops=LATER)
    fail(store, routes)
    move(store, routes, "RESOLVED", 200)
    assert owed(store) == [("OUTAGE", "SUPPRESSED"), ("RECOVERY", "SUPPRESSED")]
    # It was open for so long already.
    move(store, routes, "OPEN", 400)
    assert owed(store)[2:] == [("OUTAGE", "PENDING")]


def test_an_acknowledgement_after_the_delay_changes_nothing(store: Store) -> None:
    routes = channels(ops=LATER)
    fail(store, routes)
    review(store, routes, 300)
    move(store, routes, "ACK", 301)
    assert owed(store) == [("OUTAGE", "PENDING")]


def test_the_delay_counts_from_the_opening_and_not_from_the_event_s_arrival(store: Store) -> None:
    routes = channels(ops=LATER)
    assert len(report(store, 0, ok=False, received=301, channels=routes).notification_ids) == 2


def test_a_reminder_waits_for_what_the_delay_holds(store: Store) -> None:
    routes = channels(ops=LATER)
    watch(store, routes, reminder_interval="4m")
    fail(store, routes)
    review(store, routes, 240)
    review(store, routes, 300)
    review(store, routes, 480)
    assert logs(store) == [(1, "OUTAGE", "HELD", "delay"), (2, "REMINDER", "SUPPRESSED", "delay")]
    assert owed(store) == [("OUTAGE", "PENDING"), ("REMINDER", "SUPPRESSED"), ("REMINDER", "PENDING")]
    assert owed(store, "other") == [("OUTAGE", "PENDING"), ("REMINDER", "PENDING"), ("REMINDER", "PENDING")]


def test_a_delay_goes_on_when_a_silence_ends(store: Store) -> None:
    routes = channels(ops=LATER)
    report(store, -10, ok=True, received=-10, channels=routes)
    silence = store.windows.add(Window(kind="silence", all=True, starts_at=at(-5), duration=3600), now=at(-5))
    fail(store, routes)
    assert store.windows.remove(silence.planned.id, now=at(100), channels=routes) == [2]
    assert owed(store) == [("OUTAGE", "HELD")]
    review(store, routes, 300)
    assert owed(store) == [("OUTAGE", "PENDING")]


def test_a_delay_that_is_taken_away_holds_nothing(store: Store) -> None:
    fail(store, channels(ops=LATER))
    review(store, channels(ops=Route()), 1)
    assert owed(store) == [("OUTAGE", "PENDING")]
