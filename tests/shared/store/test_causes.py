"""A cause is stored as data beside its text, and messages in every language are made from it, on each engine."""

from typing import Any

import pytest

from shared.messages import compose
from shared.models import AlertKind, Attempt, AttemptStatus, Cause, as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import NOON, at
from tests.support.store.steps import CHANNELS, MIGRATIONS, claimed, report

NOT_FOUND = Cause.of("host_not_found", host="shop.example")


def fail(store: Store, seconds: float = 0, **fields: Any) -> None:
    """A check fails, and its event says no more than ``fields``."""
    report(store, seconds, ok=False, received=seconds, **{"error_message": None} | fields)


def message(store: Store, language: str, channel: str = "a", seconds: float = 0) -> str:
    """The channel's next message, without the parts that do not name the cause."""
    owed = claimed(store, seconds, channel)
    sent = Attempt(owed.notification, AttemptStatus.SENT, at(seconds), 1.0, "ok")
    store.notifications.record(sent, channels=CHANNELS)
    text = compose(owed.alert, owed.notification, language)  # type: ignore[arg-type]
    return " · ".join(text.split(" · ")[:2])


def stored(store: Store) -> list[tuple[object, ...]]:
    sql = """SELECT events.cause, error_message, alerts.cause_data, alerts.cause AS text
             FROM events JOIN alerts ON alerts.opened_at = events.timestamp"""
    with store.database.snapshot() as snapshot:
        return [tuple(dict(row).values()) for row in snapshot.rows(sql)]


def test_a_cause_is_stored_with_the_event_and_the_alert(store: Store) -> None:
    fail(store, cause=NOT_FOUND, error_message="host not found: shop.example")
    json = '{"code":"host_not_found","parameters":{"host":"shop.example"}}'
    assert stored(store) == [(json, "host not found: shop.example", json, "host not found: shop.example")]
    [alert] = store.alerts.page(limit=9)
    assert alert.cause_data == NOT_FOUND
    assert "cause_data" not in alert.shown(), "responses keep their fields"
    assert message(store, "en", "a") == "OUTAGE shop (http://shop/) · cause: host not found: shop.example"
    assert message(store, "ko", "b") == "장애 shop (http://shop/) · 원인: 호스트를 찾을 수 없음: shop.example"


def test_a_recovery_names_the_first_cause(store: Store) -> None:
    fail(store, 0, cause=NOT_FOUND)
    fail(store, 1, cause=Cause.of("connection_refused"))
    report(store, 2, ok=True, received=2)
    message(store, "ko", seconds=3)
    assert message(store, "ko", seconds=3) == "복구 shop (http://shop/) · 원인: 호스트를 찾을 수 없음: shop.example"


@pytest.mark.parametrize(
    ("reported", "text", "english", "korean", "why"),
    [
        ({"error_message": "disk full"}, "disk full", "disk full", "disk full", "a reporter that sends no cause"),
        ({"error_message": ""}, "", "unknown", "알 수 없음", "the text stays as it was sent"),
        ({}, None, "unknown", "알 수 없음", "nothing is known"),
        (
            {"cause": NOT_FOUND},
            "host not found: shop.example",
            "host not found: shop.example",
            "호스트를 찾을 수 없음: shop.example",
            "a reporter that sends no text",
        ),
        (
            {"cause": Cause.of("disk_full", disk="/"), "error_message": "disk full: /"},
            "disk full: /",
            "disk full: /",
            "disk full: /",
            "a code of a newer agent",
        ),
    ],
)
def test_an_events_cause_and_text_are_kept_as_reported(
    store: Store, reported: dict[str, Any], text: str | None, english: str, korean: str, why: str
) -> None:
    fail(store, **reported)
    [alert] = store.alerts.page(limit=9)
    assert (alert.cause, alert.cause_data) == (text, reported.get("cause")), why
    assert message(store, "en", "a").endswith(f" · cause: {english}")
    assert message(store, "ko", "b").endswith(f" · 원인: {korean}")


def test_the_stores_own_alerts_have_causes(store: Store) -> None:
    fail(store, agent="seoul", interval_seconds=30, is_inconclusive=True, cause=Cause.of("connection_refused"))
    for minutes in range(4):
        store.agents.review(now=at(60 * minutes), channels=CHANNELS)
    found = {alert.kind: (alert.cause, alert.cause_data) for alert in store.alerts.page(limit=9)}
    offline = "every check failed, and so did the connectivity check"
    assert found == {
        AlertKind.LOCATION_OFFLINE: (offline, Cause.of("location_offline")),
        AlertKind.AGENT_SILENT: ("no checks received", Cause.of("no_checks_received")),
    }


def test_a_refusal_keeps_the_channels_words(store: Store) -> None:
    fail(store, cause=NOT_FOUND)
    failed = Attempt(claimed(store, 0).notification, AttemptStatus.FAILED, NOON, 1.0, "Chat not found")
    change = store.notifications.record(failed, channels=CHANNELS)
    assert change is not None
    assert (change.alert.cause, change.alert.cause_data) == ("Chat not found", None)


def test_an_alert_from_before_the_update_is_shown_as_reported(database: Database) -> None:
    migrate(database, as_text(NOON), MIGRATIONS[:2])
    with database.transaction() as transaction:
        transaction.rows(
            """INSERT INTO monitors (name, target_url, state, consecutive_failures, failing_since, last_checked_at)
               VALUES ('shop', 'http://shop/', 'DOWN', 1, :noon, :noon)""",
            noon=as_text(NOON),
        )
        transaction.rows(
            """INSERT INTO alerts (kind, subject, target_url, status, cause, failed_at, opened_at)
               VALUES ('OUTAGE', 'shop', 'http://shop/', 'OPEN', 'connection refused', :noon, :noon)""",
            noon=as_text(NOON),
        )
        transaction.rows(
            """INSERT INTO notifications (alert_id, channel, kind, status, occurred_at, created_at, due_at)
               VALUES (1, 'a', 'OUTAGE', 'SENT', :noon, :noon, :noon)""",
            noon=as_text(NOON),
        )
    assert migrate(database, as_text(NOON)) == [path.stem for path in MIGRATIONS[2:]]
    store = Store(database)
    report(store, 30, ok=True, received=30)
    [alert] = store.alerts.page(limit=9)
    assert (alert.cause, alert.cause_data) == ("connection refused", None)
    assert message(store, "ko", seconds=30) == "복구 shop (http://shop/) · 원인: connection refused"
