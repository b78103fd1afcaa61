"""Messages that are owed to channels: claimed by one sender, in their order, recorded, and listed."""

import pytest

from shared.models import Attempt, AttemptStatus, Change, ChangeKind, NotificationStatus, as_json
from shared.store import Store
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine_and_pooler
from tests.support.store.steps import CHANNELS, add, claim, claimed, claimed_id, opened, report, rows, settle, statuses

pytestmark = on_each_engine_and_pooler


# --- leases and the order of messages ---------------------------------------------------------------------------------


def test_only_one_sender_holds_a_lease_until_it_expires(store: Store) -> None:
    opened(store)
    assert claimed_id(store, 3600) == 1
    assert claimed_id(store, 3629.9) is None
    assert claimed_id(store, 3630) == 1, "its sender died: the next takes over"


def test_channels_do_not_wait_for_each_other(store: Store) -> None:
    opened(store)
    assert (claimed_id(store, channel="a"), claimed_id(store, channel="b")) == (1, 2)


def test_a_request_shares_out_its_own_messages_alone(store: Store) -> None:
    opened(store)
    opened(store, "blog")
    shares = store.notifications.shares([2, 4])
    assert {channel: share.ids for channel, share in shares.items()} == {"b": {2, 4}}, "3 is another request's, to a"
    settle(store, "SENT", channel="b")
    assert store.notifications.shares([1, 2, 4])["b"].ids == {4}


@pytest.mark.parametrize("outcome", ["SENT", "FAILED"])
def test_a_recovery_waits_until_its_outage_is_settled_there(store: Store, outcome: str) -> None:
    opened(store)
    report(store, 60, ok=True)
    settle(store, "RETRY", due=3700)
    assert claimed_id(store, 3650) is None, "the OUTAGE is not due yet, and the RECOVERY waits for it"
    assert settle(store, outcome, 3700) == 1
    assert claimed_id(store, 3700) == 3
    assert claimed_id(store, 3700, "b") == 2, "the other channel has its own order"


def test_a_recovery_is_sent_after_its_outage_expired(store: Store) -> None:
    opened(store)
    report(store, 60, ok=True, received=7200)
    expired = store.notifications.expire(now=at(8000), created_before=at(3601))
    assert [notification.id for notification in expired] == [1, 2]
    assert [(log.status, log.notification_id) for log in store.notifications.logs(limit=9)] == [
        ("EXPIRED", 2),
        ("EXPIRED", 1),
    ]
    assert claimed_id(store, 8000) == 3


def test_a_leased_notification_does_not_expire(store: Store) -> None:
    opened(store)
    claim(store, 3600)
    during = store.notifications.expire(now=at(3601), created_before=at(9999))
    assert [notification.id for notification in during] == [2]
    after = store.notifications.expire(now=at(3631), created_before=at(9999))
    assert [notification.id for notification in after] == [1]


def test_a_newer_outage_waits_for_the_older_recovery(store: Store) -> None:
    opened(store)
    settle(store, "SENT")
    add(store, event(60, ok=True), event(90, ok=False))
    settle(store, "RETRY", due=4000)
    assert claimed_id(store, 3700) is None
    assert claimed_id(store, 4000) == 3


def test_other_monitors_do_not_wait(store: Store) -> None:
    opened(store, "shop")
    settle(store, "RETRY", due=9000)
    opened(store, "blog")
    assert claimed_id(store) == 3


def test_a_claim_among_ids_takes_no_other(store: Store) -> None:
    opened(store, "shop")
    ids = report(store, ok=False, monitor="blog").notification_ids
    owed = claim(store, lease=0, among=ids)
    assert owed is not None
    assert owed.notification.id == ids[0]
    assert claim(store, lease=0, among=[]) is None


def test_a_settled_notification_is_never_sent_again(store: Store) -> None:
    opened(store)
    settle(store, "SENT")
    assert claimed_id(store, 99_999) is None
    assert store.notifications.due(["a"], now=at(99_999)) == set()
    assert store.notifications.due(["a", "b"], now=at(99_999)) == {"b"}


# --- attempts ---------------------------------------------------------------------------------------------------------


def test_every_field_of_an_attempt_is_recorded(store: Store) -> None:
    opened(store)
    settle(store, "RETRY", due=3700)
    assert [as_json(log) for log in store.notifications.logs(limit=9)] == [
        {
            "id": 1,
            "notification_id": 1,
            "alert_id": 1,
            "kind": "OUTAGE",
            "channel": "a",
            "status": "RETRY",
            "attempted_at": "2025-01-08T13:00:00.000Z",
            "duration_ms": 1.0,
            "answer": "retry",
            "reason": None,
        }
    ]
    notification = store.alerts.get(1)[1][0]
    assert (notification.status, notification.attempts, notification.due_at) == ("PENDING", 1, at(3700))
    assert notification.leased_until is None


def test_a_sender_without_its_lease_undoes_nothing(store: Store) -> None:
    """Its lease expired, and another sender holds the next one."""
    opened(store)
    slow = claimed(store, 3600).notification
    assert claimed_id(store, 3640) == 1
    store.notifications.record(Attempt(slow, AttemptStatus.FAILED, at(3600), 9, "refused"), channels={})
    assert store.alerts.get(1)[1][0].status is NotificationStatus.SENDING
    store.notifications.record(Attempt(slow, AttemptStatus.SENT, at(3600), 9, "ok"), channels={})
    assert store.alerts.get(1)[1][0].status is NotificationStatus.SENT, "the channel accepted it"
    assert len(store.notifications.logs(limit=9)) == 2


def test_recording_an_attempt_again_changes_nothing(store: Store) -> None:
    """The store recorded it, and its sender did not learn that."""
    opened(store)
    opened(store, "blog")
    notification = claimed(store, 3600).notification

    def record(*, is_late: bool, took: float = 0.1 + 0.2) -> Change | None:
        attempt = Attempt(notification, AttemptStatus.FAILED, at(3600), took, None, is_late=is_late)
        return store.notifications.record(attempt, channels=CHANNELS)

    changed = record(is_late=True)
    assert changed
    assert changed.kind is ChangeKind.OPENED
    settle(store, "SENT", 3601)
    before = [rows(store, f"SELECT * FROM {table} ORDER BY id") for table in ("alerts", "notifications")]
    assert record(is_late=True) is None
    assert [rows(store, f"SELECT * FROM {table} ORDER BY id") for table in ("alerts", "notifications")] == before
    assert statuses(store) == ["FAILED", "SENT"]
    record(is_late=True, took=0.301)
    assert len(store.notifications.logs(limit=9)) == 3, "another attempt has its own"


def test_logs_are_listed_newest_first_by_alert_and_page(store: Store) -> None:
    opened(store, "shop")
    opened(store, "blog")
    for _ in range(2):
        settle(store, "SENT", channel="a")
        settle(store, "SENT", channel="b")
    assert [log.id for log in store.notifications.logs(limit=3)] == [4, 3, 2]
    assert [log.id for log in store.notifications.logs(limit=3, before=2)] == [1]
    assert {log.alert_id for log in store.notifications.logs(limit=9, alert_id=2)} == {2}
