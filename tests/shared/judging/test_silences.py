"""A silence holds messages: what still goes on at its end is sent, what ended inside is not, and each has its row."""

import pytest

from shared.models import AlertStatus
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, claim, report, rows, settle

pytestmark = on_each_engine

LOGS = "SELECT notification_id, kind, status, reason FROM notification_logs WHERE channel = 'a' ORDER BY id"


@pytest.fixture(autouse=True)
def silence(store: Store) -> None:
    """From second 10 to second 70, for the monitor ``shop``."""
    report(store, 0, ok=True, received=0)
    window = Window(kind="silence", monitors=("shop",), starts_at=at(10), duration=60, by="kim")
    store.windows.add(window, now=at(0))


def owed(store: Store) -> list[tuple[object, ...]]:
    """Kind and status of each message to the channel a."""
    return rows(store, "SELECT kind, status FROM notifications WHERE channel = 'a' ORDER BY id")


def logs(store: Store) -> list[tuple[object, ...]]:
    return rows(store, LOGS)


def review(store: Store, seconds: float) -> None:
    store.maintenance.review(now=at(seconds), channels=CHANNELS)


def test_an_outage_inside_is_held_and_sent_at_the_end(store: Store) -> None:
    opened = report(store, 20, ok=False, received=20)
    assert (opened.alert is not None, opened.notification_ids) == (True, []), "there is an alert, and nothing to send"
    review(store, 69.9)
    assert claim(store, 69.9) is None
    assert owed(store) == [("OUTAGE", "HELD")]
    review(store, 70)
    settle(store, "SENT", 70)
    assert owed(store) == [("OUTAGE", "SENT")]
    assert logs(store) == [(1, "OUTAGE", "HELD", "silence"), (1, "OUTAGE", "SENT", "silence")]


def test_what_began_and_ended_inside_is_never_sent(store: Store) -> None:
    report(store, 20, ok=False, received=20)
    report(store, 30, ok=True, received=30)
    review(store, 70)
    assert owed(store) == [("OUTAGE", "SUPPRESSED"), ("RECOVERY", "SUPPRESSED")]
    assert logs(store) == [
        (1, "OUTAGE", "HELD", "silence"),
        (1, "OUTAGE", "SUPPRESSED", "silence"),
        (3, "RECOVERY", "SUPPRESSED", "silence"),
    ]
    assert claim(store, 80) is None


def test_the_recovery_of_an_outage_that_was_told_is_held_to_the_end(store: Store) -> None:
    report(store, 5, ok=False, received=5)
    settle(store, "SENT", 6)
    report(store, 30, ok=True, received=30)
    assert owed(store) == [("OUTAGE", "SENT"), ("RECOVERY", "HELD")]
    review(store, 70)
    assert owed(store) == [("OUTAGE", "SENT"), ("RECOVERY", "PENDING")]


def test_each_channel_gets_what_fits_what_it_was_told(store: Store) -> None:
    report(store, 20, ok=False, received=20)
    store.windows.remove(1, now=at(25), channels=CHANNELS)
    settle(store, "SENT", 26, channel="a")
    store.windows.add(Window(kind="silence", all=True, duration=60), now=at(28))
    report(store, 30, ok=True, received=30)
    assert [each.status for each in store.alerts.get(1)[1]] == ["SENT", "PENDING", "HELD", "HELD"]


def test_ending_it_early_releases_what_it_held(store: Store) -> None:
    report(store, 20, ok=False, received=20)
    assert store.windows.remove(1, now=at(40), channels=CHANNELS) == [1, 2]
    assert claim(store, 40) is not None


def test_a_second_silence_holds_on(store: Store) -> None:
    report(store, 20, ok=False, received=20)
    store.windows.add(Window(kind="silence", all=True, starts_at=at(60), duration=60), now=at(30))
    review(store, 70)
    assert owed(store) == [("OUTAGE", "HELD")]
    review(store, 120)
    assert owed(store) == [("OUTAGE", "PENDING")]


def test_another_monitor_is_not_silenced(store: Store) -> None:
    report(store, 20, ok=False, received=20, monitor="blog")
    assert owed(store) == [("OUTAGE", "PENDING")]


def test_a_message_that_was_held_for_long_has_its_whole_time_to_be_sent(store: Store) -> None:
    store.windows.add(Window(kind="silence", all=True, duration=10 * 86_400), now=at(5))
    report(store, 20, ok=False, received=20)
    ends = 5 + 10 * 86_400
    assert store.notifications.expire(now=at(ends - 1), created_before=at(ends - 86_400)) == []
    review(store, ends)
    assert store.notifications.expire(now=at(ends + 1), created_before=at(ends + 1 - 86_400)) == []
    assert claim(store, ends + 1) is not None


def test_a_person_who_resolves_inside_is_told_of_nothing_that_was_held(store: Store) -> None:
    report(store, 20, ok=False, received=20)
    store.alerts.move(1, AlertStatus.RESOLVED, by="kim", at=at(30), channels=CHANNELS)
    assert owed(store) == [("OUTAGE", "SUPPRESSED"), ("RECOVERY", "SUPPRESSED")]
    store.alerts.move(1, AlertStatus.OPEN, by="kim", at=at(40), channels=CHANNELS)
    assert owed(store)[2:] == [("OUTAGE", "HELD")]


def test_a_newer_outage_waits_for_a_recovery_that_is_held(store: Store) -> None:
    report(store, 5, ok=False, received=5)
    settle(store, "SENT", 6)
    report(store, 30, ok=True, received=30)
    # The silence is over, but nobody has reviewed it yet.
    report(store, 71, ok=False, received=71)
    assert claim(store, 71) is None
    review(store, 72)
    kinds = []
    while (found := claim(store, 72)) is not None:
        kinds.append(found.notification.kind)
        settle_of(store, found.notification.id)
    assert kinds == ["RECOVERY", "OUTAGE"]


def settle_of(store: Store, notification_id: int) -> None:
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE notifications SET status = 'SENT' WHERE id = :id", id=notification_id)
