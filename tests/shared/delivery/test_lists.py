"""Storms in the store: what may go at once, lists that are leased and recorded together, on both engines."""

import itertools

import pytest

from shared.models import Attempt, AttemptStatus, NotificationStatus
from shared.models.channel import USUAL, Pace
from shared.store import Owed, Store
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.outbox import Claimed
from tests.support.builders import at, event, routes
from tests.support.store.engines import on_each_engine_and_pooler
from tests.support.store.steps import add, report, rows

pytestmark = [on_each_engine_and_pooler, pytest.mark.slow]

GROUP = Pace(20, 62.0)


def fail(store: Store, *numbers: int, seconds: float = 0) -> None:
    """Monitors with these numbers fail at once; each owes one notification to the channel a."""
    add(store, *(event(ok=False, monitor=f"m{each}") for each in numbers), received=seconds, channels=routes("a"))


def single(store: Store, seconds: float = 0, pace: Pace = USUAL) -> Owed | None:
    leased_until = at(seconds + 30)
    return store.notifications.claim("a", now=at(seconds), leased_until=leased_until, pace=pace)


def listed(store: Store, seconds: float, pace: Pace = USUAL) -> Claimed:
    return store.notifications.claim_list("a", now=at(seconds), leased_until=at(seconds + 30), pace=pace)


def ids(claimed: Claimed) -> list[int]:
    return [owed.notification.id for owed in claimed.owed]


def record(store: Store, claimed: Claimed, status: str, seconds: float, **more: object) -> None:
    first, *others = (owed.notification for owed in claimed.owed)
    attempt = Attempt(first, AttemptStatus(status), at(seconds), 1.5, "message 6", listed=tuple(others), **more)  # type: ignore[arg-type]
    store.notifications.record(attempt, channels=routes("a", "b"))


def storm(store: Store, count: int = 9) -> None:
    """``count`` monitors fail, and five messages are sent at once."""
    fail(store, *range(count))
    for _ in range(5):
        owed = single(store)
        assert owed
        record(store, Claimed([owed]), "SENT", 0)


def test_the_first_five_go_at_once_and_the_rest_as_a_list(store: Store) -> None:
    storm(store)
    assert single(store) is None
    assert listed(store, 0) == ([], 2.0)
    assert listed(store, 1.5) == ([], 0.5)
    claimed = listed(store, 2)
    assert ids(claimed) == [6, 7, 8, 9]
    assert [owed.alert.subject for owed in claimed.owed] == ["m5", "m6", "m7", "m8"]
    assert listed(store, 2) == ([], None), "another sender finds nothing"


def test_messages_go_at_once_again_after_ten_seconds(store: Store) -> None:
    storm(store)
    assert single(store, 9.9) is None
    assert single(store, 10)


def test_another_channel_has_its_own_storms(store: Store) -> None:
    storm(store)
    report(store, ok=False, received=0, monitor="other", channels=routes("b"))
    assert store.notifications.claim("b", now=at(0), leased_until=at(30), pace=USUAL)


def test_a_channel_without_a_pace_gets_everything_at_once(store: Store) -> None:
    fail(store, *range(9))
    for _ in range(9):
        assert store.notifications.claim("a", now=at(0), leased_until=at(30))


def test_messages_under_way_count_and_so_do_those_that_failed(store: Store) -> None:
    """Five senders, each in a process of its own, know of each other by the store alone."""
    fail(store, *range(6))
    assert all(single(store) for _ in range(5))
    assert single(store) is None


def test_a_set_back_clock_ends_a_storm(store: Store) -> None:
    storm(store, 6)
    assert single(store, -3600)


@pytest.mark.slow
def test_every_listed_notification_is_sent_with_the_shared_answer(store: Store) -> None:
    storm(store, 305)
    claimed = listed(store, 2)
    assert len(claimed.owed) == 300
    record(store, claimed, "SENT", 2)
    sent = rows(
        store,
        "SELECT notification_id, alert_id, status, attempted_at, answer FROM notification_logs"
        " WHERE id > 5 ORDER BY id",
    )
    assert sent == [(id_, id_, "SENT", "2025-01-08T12:00:02.000Z", "message 6") for id_ in range(6, 306)]
    assert rows(store, "SELECT DISTINCT status, leased_until FROM notifications WHERE id > 5") == [("SENT", None)]


@pytest.mark.parametrize("late", [False, True])
def test_a_late_list_is_recorded_once(store: Store, late: bool) -> None:
    storm(store)
    claimed = listed(store, 2)
    record(store, claimed, "SENT", 2, is_late=late)
    record(store, claimed, "SENT", 2, is_late=True)
    assert len(store.notifications.logs(limit=99)) == 9


def test_a_dead_senders_list_is_taken_over_as_it_was(store: Store) -> None:
    storm(store)
    before = listed(store, 2)
    fail(store, 99, seconds=3)
    assert ids(listed(store, 31.9)) == [10]
    after = listed(store, 33)
    assert ids(after) == ids(before)


def test_a_list_that_failed_is_sent_again_as_it_was(store: Store) -> None:
    storm(store)
    record(store, listed(store, 2), "RETRY", 2, due_at=at(5))
    assert [log.status for log in store.notifications.logs(limit=4)] == ["RETRY"] * 4
    fail(store, 99, seconds=4)
    assert listed(store, 4.5).owed == []
    assert ids(listed(store, 5)) == [6, 7, 8, 9]


def test_a_refused_list_is_failed_and_its_channel_alerted_once(store: Store) -> None:
    storm(store)
    record(store, listed(store, 2), "FAILED", 2)
    assert [log.status for log in store.notifications.logs(limit=4)] == ["FAILED"] * 4
    assert rows(store, "SELECT count(*) FROM alerts WHERE kind = 'CHANNEL_REFUSED'") == [(1,)]


def test_a_sender_of_a_list_without_its_lease_undoes_nothing(store: Store) -> None:
    storm(store)
    slow, other = listed(store, 2), listed(store, 32)
    assert ids(slow) == ids(other)
    record(store, slow, "FAILED", 2)
    assert rows(store, "SELECT DISTINCT status FROM notifications WHERE id > 5 AND channel = 'a'") == [("SENDING",)]
    record(store, slow, "SENT", 2)
    _, found = store.alerts.get(6)
    assert found[0].status is NotificationStatus.SENT, "the channel accepted it"


def test_a_recovery_is_never_listed_before_its_outage(store: Store) -> None:
    storm(store)
    for number in range(9):
        report(store, 1, ok=True, received=1, monitor=f"m{number}", channels=routes("a"))
    outages = listed(store, 4)
    assert ids(outages) == [6, 7, 8, 9]
    others = listed(store, 5)
    assert [(owed.notification.kind, owed.alert.subject) for owed in others.owed] == [
        ("RECOVERY", f"m{number}") for number in range(5)
    ]
    assert listed(store, 9) == ([], None), "the outages are still being sent, and their recoveries wait for them"
    record(store, outages, "SENT", 9)
    assert ids(listed(store, 9)) == [15, 16, 17, 18]


def test_what_is_held_is_not_listed_nor_what_waits_for_it(store: Store) -> None:
    storm(store)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE notifications SET status = 'HELD' WHERE id = 7")
    report(store, 1, ok=True, received=1, monitor="m6", channels=routes("a"))
    assert ids(listed(store, 9)) == [6, 8, 9]


@pytest.mark.slow
def test_a_groups_pace_holds_across_lists(store: Store) -> None:
    """Fifteen single messages a minute at most, and twenty with the lists."""
    sent_at: list[float] = []
    # The engine changes no time, so it is enough to look at every moment of one engine.
    every = 1 if isinstance(store.database, SqliteDatabase) else 10
    for tenth in range(0, 1200, every):
        seconds = tenth / 10
        if tenth % 5 == 0:
            fail(store, 1000 + tenth, seconds=seconds)
        while (owed := single(store, seconds, GROUP)) is not None:
            record(store, Claimed([owed]), "SENT", seconds)
            sent_at.append(seconds)
        while (claimed := listed(store, seconds, GROUP)).owed:
            record(store, claimed, "SENT", seconds)
            sent_at.append(seconds)
    assert all(later - earlier >= 60 for earlier, later in zip(sent_at, sent_at[20:], strict=False))
    assert len(sent_at) > 30
    assert max(later - earlier for earlier, later in itertools.pairwise(sent_at)) < 15
    assert rows(
        store, "SELECT count(*) FROM notifications WHERE status <> 'SENT' AND due_at < '2025-01-08T12:01:45Z'"
    ) == [(0,)]
