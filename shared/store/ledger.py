"""Events in, alerts out: what happened, saved together with what it means and what is owed for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.alerting import Change, Decision, Reason, after_manual_resolve, decide, move, place_in_time
from shared.models import (
    Alert,
    AlertKind,
    AlertStatus,
    Event,
    Monitor,
    Notification,
    NotificationKind,
    as_text,
)
from shared.store.outbox import Outbox, owe
from shared.store.sqlite import MAX_ID, Transaction

_ADD_EVENT = """
    INSERT INTO events (event_id, monitor_id, location, target_url, timestamp, is_success, status_code,
        response_time_ms, dns_ms, connect_ms, tls_ms, first_byte_ms, error_message, received_at)
    VALUES (:event_id, :monitor_id, :location, :target_url, :timestamp, :is_success, :status_code,
        :response_time_ms, :dns_ms, :connect_ms, :tls_ms, :first_byte_ms, :error_message, :received_at)
    RETURNING id"""

_UPDATE_MONITOR = """
    UPDATE monitors SET target_url = :target_url, state = :state, consecutive_failures = :consecutive_failures,
        failing_since = :failing_since, last_checked_at = :last_checked_at
    WHERE id = :id"""

_OPEN_ALERT = """
    INSERT INTO alerts (kind, subject, target_url, status, cause, failed_at, opened_at)
    VALUES (:kind, :subject, :target_url, 'OPEN', :cause, :failed_at, :opened_at) RETURNING *"""

_UPDATE_ALERT = """
    UPDATE alerts SET status = :status, acknowledged_at = :acknowledged_at, acknowledged_by = :acknowledged_by,
        resolved_at = :resolved_at, resolved_by = :resolved_by
    WHERE id = :id"""


class AlertNotFound(Exception):
    """No alert has this id."""

    def __init__(self, alert_id: int) -> None:
        super().__init__(f"there is no alert {alert_id}")


@dataclass(frozen=True)
class Ingested:
    """What became of one event: its row, the alert that it concerns, and the notifications that it newly owes."""

    event: Event
    id: int
    is_duplicate: bool
    decision: Decision | None = None
    alert: Alert | None = None
    notification_ids: list[int] = field(default_factory=list)

    @property
    def change(self) -> Change | None:
        """What the event changed."""
        return self.decision.change if self.decision else None

    @property
    def reason(self) -> Reason | None:
        """Why it changed that, or nothing."""
        return self.decision.reason if self.decision else None


class Store(Outbox):
    """Everything that is stored. The methods raise StoreUnavailable where the database cannot be used."""

    def add_events(self, events: Sequence[Event], *, received_at: datetime, channels: Sequence[str]) -> list[Ingested]:
        """Save events, the alerts that they change and the notifications owed to ``channels``, all or nothing.

        They are judged in the order of their place in time and returned in the order given. An ``event_id`` that is
        stored already changes nothing.
        """
        in_order = sorted(range(len(events)), key=lambda index: place_in_time(events[index], received_at))
        with self.database.transaction() as transaction:
            done = {index: _add_event(transaction, events[index], received_at, channels) for index in in_order}
        return [done[index] for index in range(len(events))]

    def alert(self, alert_id: int) -> tuple[Alert, list[Notification]]:
        """An alert with its notifications, oldest first. Raises AlertNotFound."""
        with self.database.snapshot() as snapshot:
            alert = _alert(snapshot, alert_id)
            rows = snapshot.rows("SELECT * FROM notifications WHERE alert_id = :id ORDER BY id", id=alert_id)
        return alert, [Notification.model_validate(dict(row)) for row in rows]

    def alerts(
        self,
        *,
        limit: int,
        before: int | None = None,
        status: AlertStatus | None = None,
        monitor: str | None = None,
    ) -> list[Alert]:
        """The newest alerts first; ``before``: only those with a smaller id."""
        wanted: dict[str, Any] = {"status": status, "subject": monitor, "kind": monitor and AlertKind.OUTAGE}
        wanted = {column: value for column, value in wanted.items() if value is not None}
        conditions = [f"{column} = :{column}" for column in wanted]
        with self.database.snapshot() as snapshot:
            rows = snapshot.rows(
                f"SELECT * FROM alerts WHERE {' AND '.join([*conditions, 'id < :before'])} "  # noqa: S608
                "ORDER BY id DESC LIMIT :limit",
                before=MAX_ID if before is None else before,
                limit=limit,
                **wanted,
            )
        return [Alert.model_validate(dict(row)) for row in rows]

    def move_alert(
        self, alert_id: int, to: AlertStatus, *, by: str | None, at: datetime, channels: Iterable[str]
    ) -> tuple[Alert, bool, list[int]]:
        """Move an alert by hand: as it is now, whether that changed it, and the notifications newly owed.

        Raises:
            AlertNotFound: no alert has this id.
            IllegalMove: an alert does not go this way.
        """
        with self.database.transaction() as transaction:
            alert = _alert(transaction, alert_id)
            other = _active_alert(transaction, alert.kind, alert.subject)
            moved = move(alert, to, by=by, at=at, other_active=other)
            if moved == alert:
                return alert, False, []
            _save_alert(transaction, moved)
            if to is not AlertStatus.RESOLVED:
                return moved, True, []
            monitor = _monitor(transaction, alert.subject)
            if monitor is not None:
                _save_monitor(transaction, after_manual_resolve(monitor))
            kind = NotificationKind.RECOVERY
            return moved, True, owe(transaction, moved, kind, channels, now=at, is_manual=True, actor=by)

    def summary(self) -> dict[str, Any]:
        """What ``GET /`` tells: the newest check's time (text or None) and the counts of what is still open."""
        with self.database.snapshot() as snapshot:
            row = snapshot.row(
                """SELECT (SELECT max(last_checked_at) FROM monitors) AS last_check,
                    (SELECT count(*) FROM alerts WHERE status IN ('OPEN', 'ACK')) AS open_alerts,
                    (SELECT count(*) FROM notifications WHERE status IN ('PENDING', 'SENDING'))
                        AS owed_notifications"""
            )
        return dict(row or {})


def _add_event(transaction: Transaction, event: Event, received_at: datetime, channels: Iterable[str]) -> Ingested:
    stored = transaction.row("SELECT id FROM events WHERE event_id = :event_id", event_id=event.event_id)
    if stored is not None:
        return Ingested(event, stored["id"], is_duplicate=True)
    monitor = _monitor(transaction, event.monitor) or _new_monitor(transaction, event)
    values = event.model_dump(exclude={"monitor", "timestamp", "agent", "interval_seconds", "is_inconclusive"})
    values |= {"timestamp": as_text(event.timestamp), "received_at": as_text(received_at), "monitor_id": monitor.id}
    row = transaction.row(_ADD_EVENT, **values)
    assert row is not None  # noqa: S101  # looked up above, under the same lock
    active = _active_alert(transaction, AlertKind.OUTAGE, monitor.name)
    at = place_in_time(event, received_at)
    decision = decide(monitor, active, event, at)
    if decision.monitor != monitor:
        _save_monitor(transaction, decision.monitor)
    match decision.change:
        case Change.OPENED:
            alert = _open_alert(transaction, decision.monitor, event.error_message, at)
            owed = owe(transaction, alert, NotificationKind.OUTAGE, channels, now=received_at)
        case Change.RESOLVED if active is not None:
            alert = active.model_copy(update={"status": AlertStatus.RESOLVED, "resolved_at": at})
            _save_alert(transaction, alert)
            owed = owe(transaction, alert, NotificationKind.RECOVERY, channels, now=received_at)
        case _:
            return Ingested(event, row["id"], is_duplicate=False, decision=decision, alert=active)
    return Ingested(event, row["id"], is_duplicate=False, decision=decision, alert=alert, notification_ids=owed)


def _monitor(transaction: Transaction, name: str) -> Monitor | None:
    row = transaction.row("SELECT * FROM monitors WHERE name = :name", name=name)
    return Monitor.model_validate(dict(row)) if row else None


def _new_monitor(transaction: Transaction, event: Event) -> Monitor:
    row = transaction.row(
        "INSERT INTO monitors (name, target_url) VALUES (:name, :target_url) RETURNING *",
        name=event.monitor,
        target_url=event.target_url,
    )
    return Monitor.model_validate(dict(row or {}))


def _save_monitor(transaction: Transaction, monitor: Monitor) -> None:
    transaction.rows(_UPDATE_MONITOR, **monitor.model_dump(mode="json"))


def _alert(transaction: Transaction, alert_id: int) -> Alert:
    row = transaction.row("SELECT * FROM alerts WHERE id = :id", id=alert_id) if alert_id <= MAX_ID else None
    if row is None:
        raise AlertNotFound(alert_id)
    return Alert.model_validate(dict(row))


def _active_alert(transaction: Transaction, kind: AlertKind, subject: str) -> Alert | None:
    row = transaction.row(
        "SELECT * FROM alerts WHERE kind = :kind AND subject = :subject AND status IN ('OPEN', 'ACK')",
        kind=kind,
        subject=subject,
    )
    return Alert.model_validate(dict(row)) if row else None


def _open_alert(transaction: Transaction, monitor: Monitor, cause: str | None, opened_at: datetime) -> Alert:
    row = transaction.row(
        _OPEN_ALERT,
        kind=AlertKind.OUTAGE,
        subject=monitor.name,
        target_url=monitor.target_url,
        cause=cause,
        failed_at=as_text(monitor.failing_since or opened_at),
        opened_at=as_text(opened_at),
    )
    return Alert.model_validate(dict(row or {}))


def _save_alert(transaction: Transaction, alert: Alert) -> None:
    transaction.rows(_UPDATE_ALERT, **alert.model_dump(mode="json"))
