"""Events in: what is stored of them, and what they change of alerts."""

import pytest

from shared.models import ChangeKind, CheckAttempt, Event, as_text
from shared.store import Store
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine_and_pooler
from tests.support.store.steps import add, opened, report, rows

pytestmark = on_each_engine_and_pooler


def test_an_event_is_stored_as_reported(store: Store) -> None:
    reported = Event(
        target_url="https://Shop.example/a b",
        timestamp=at(0),
        is_success=False,
        status_code=503,
        response_time_ms=12.5,
        error_message="HTTP 503 Service Unavailable",
        location="seoul",
        dns_ms=1,
        connect_ms=2,
        tls_ms=3,
        first_byte_ms=4,
        ip="192.0.2.1",
        certificate_expires_at=at(86_400),
        condition="[STATUS] (503) == 200",
        message="try later",
        attempts=(CheckAttempt(timestamp=at(-1), status_code=503),),
    )
    add(store, reported)
    with store.database.snapshot() as snapshot:
        row = dict(snapshot.rows("SELECT * FROM events")[0])
    assert row.pop("received_at") == "2025-01-08T13:00:00.000Z"
    assert row == {
        "id": 1,
        "monitor_id": 1,
        "event_id": reported.event_id,
        "location": "seoul",
        "target_url": "https://Shop.example/a b",
        "timestamp": "2025-01-08T12:00:00.000Z",
        "is_success": 0,
        "status_code": 503,
        "response_time_ms": 12.5,
        "dns_ms": 1,
        "connect_ms": 2,
        "tls_ms": 3,
        "first_byte_ms": 4,
        "error_message": "HTTP 503 Service Unavailable",
        "cause": None,
        "is_inconclusive": 0,
        "ip": "192.0.2.1",
        "certificate_expires_at": "2025-01-09T12:00:00.000Z",
        "condition": "[STATUS] (503) == 200",
        "message": "try later",
        "attempts": '[{"timestamp": "2025-01-08T11:59:59.000Z", "status_code": 503, "response_time_ms": null, '
        '"error_message": null}]',
    }


def test_a_failure_opens_one_alert_and_owes_each_channel(store: Store) -> None:
    ingested = report(store, ok=False)
    assert ingested.change is ChangeKind.OPENED
    assert ingested.alert is not None
    assert ingested.alert.shown() == {
        "id": 1,
        "kind": "OUTAGE",
        "subject": "shop",
        "target_url": "http://shop/",
        "status": "OPEN",
        "cause": "connection refused",
        "failed_at": "2025-01-08T12:00:00.000Z",
        "opened_at": "2025-01-08T12:00:00.000Z",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "resolved_by": None,
        "locations": [],
        "dependents": [],
        "still_failing": [],
        "still_failing_from": [],
        "suppressed_by": None,
        "timings": {"confirmed_seconds": 0, "opened_seconds": 3600, "delivered": {}},
    }
    _, owed = store.alerts.get(1)
    assert [(notification.channel, notification.kind, notification.status) for notification in owed] == [
        ("a", "OUTAGE", "PENDING"),
        ("b", "OUTAGE", "PENDING"),
    ]
    assert [notification.id for notification in owed] == ingested.notification_ids


def test_further_failures_keep_the_alert_and_owe_nothing(store: Store) -> None:
    opened(store)
    again = report(store, 30, ok=False)
    assert (again.change, again.notification_ids) == (None, [])
    assert again.alert is not None
    assert again.alert.id == 1
    assert len(store.alerts.page(limit=10)) == 1


def test_a_success_resolves_the_alert_and_owes_a_recovery(store: Store) -> None:
    """It ends when the success was seen, not when it was received."""
    opened(store)
    assert report(store, 90, ok=True).change is ChangeKind.RESOLVED
    alert, owed = store.alerts.get(1)
    assert (alert.status, alert.resolved_at, alert.resolved_by) == ("RESOLVED", at(90), None)
    recoveries = [(notification.kind, notification.is_manual, notification.occurred_at) for notification in owed[2:]]
    assert recoveries == [("RECOVERY", False, at(90))] * 2


def test_monitors_are_distinguished_by_name(store: Store) -> None:
    assert opened(store, "shop").id != opened(store, "blog").id
    report(store, 10, ok=True, monitor="blog")
    assert [(alert.subject, alert.status) for alert in store.alerts.page(limit=10)] == [
        ("blog", "RESOLVED"),
        ("shop", "OPEN"),
    ]


def test_the_same_event_again_changes_nothing(store: Store) -> None:
    first = report(store, ok=False, event_id="e")
    before = rows(store, "SELECT * FROM monitors"), rows(store, "SELECT * FROM notifications")
    again = report(store, 500, ok=True, monitor="other", event_id="e")
    assert (again.is_duplicate, again.id, again.change, again.notification_ids) == (True, first.id, None, [])
    assert before == (rows(store, "SELECT * FROM monitors"), rows(store, "SELECT * FROM notifications"))
    assert rows(store, "SELECT count(*) FROM events") == [(1,)]


def test_an_event_twice_in_one_batch_is_stored_once(store: Store) -> None:
    both = add(store, event(ok=False, event_id="e"), event(ok=False, event_id="e"))
    assert [ingested.is_duplicate for ingested in both] == [False, True]


def test_a_late_event_is_stored_and_changes_no_state(store: Store) -> None:
    report(store, 60, ok=True)
    late = report(store, 30, ok=False)
    assert (late.change, late.reason) == (None, "late")
    assert store.alerts.page(limit=10) == []
    assert rows(store, "SELECT count(*) FROM events") == [(2,)]


def test_a_future_event_freezes_no_monitor(store: Store) -> None:
    report(store, 10_000_000, ok=True, received=0)
    assert rows(store, "SELECT timestamp FROM events") == [(as_text(at(10_000_000)),)]
    assert report(store, 5, ok=False, received=5).change is ChangeKind.OPENED


def test_a_batch_is_judged_by_time_and_returned_as_given(store: Store) -> None:
    ingested = add(store, event(60, ok=True), event(0, ok=False), event(30, ok=False))
    assert [each.change for each in ingested] == [ChangeKind.RESOLVED, ChangeKind.OPENED, None]


def test_equal_times_are_judged_in_the_order_of_arrival(store: Store) -> None:
    assert [each.change for each in add(store, event(ok=False), event(ok=True))] == ["OPENED", "RESOLVED"]


def test_a_batch_that_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    class Broken(Event):
        @property
        def is_conclusive(self) -> bool:
            raise RuntimeError

    broken = Broken(target_url="http://t/", timestamp=at(1), is_success=True)
    with pytest.raises(RuntimeError):
        add(store, event(ok=False), broken)
    tables = ("events", "monitors", "alerts", "notifications")
    assert [rows(store, f"SELECT count(*) FROM {table}") for table in tables] == [[(0,)]] * 4
    assert report(store, ok=False).change is ChangeKind.OPENED
