"""The table ``alerts``."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from shared.alerting import Moves
from shared.models import (
    Alert,
    AlertKind,
    AlertStatus,
    Cause,
    Notification,
    as_json,
    as_text,
    as_time,
    columns_of,
)
from shared.models.alert import SeenFrom
from shared.models.values import MAX_ID
from shared.store.engines.database import Row, Transaction, in_parts, salvaged
from shared.store.tables.scope import KINDS_OF_MONITORS

_ADD = """
    INSERT INTO alerts (kind, subject, target_url, status, cause, cause_data, failed_at, opened_at, created_at,
        locations, dependents, suppressed_by, blocked_by)
    VALUES (:kind, :subject, :target_url, 'OPEN', :cause, :cause_data, :failed_at, :opened_at, :created_at,
        :locations, :dependents, :suppressed_by, :blocked_by) RETURNING *"""

_SAVE = """
    UPDATE alerts SET status = :status, acknowledged_at = :acknowledged_at, acknowledged_by = :acknowledged_by,
        resolved_at = :resolved_at, resolved_by = :resolved_by, still_failing = :still_failing,
        still_failing_from = :still_failing_from
    WHERE id = :id"""
_SAVED = ("id", "status", "acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by")

_SAVE_MOVES = "UPDATE alerts SET moves = :count, moves_since = :since WHERE id = :id"

# The moments of an alert, by its column.
MOMENTS = ("opened_at", "acknowledged_at", "resolved_at")
_ABOUT_MONITOR = f"""
    SELECT * FROM alerts WHERE subject = :subject AND kind IN ({KINDS_OF_MONITORS})
      AND {{moment}} >= :at AND {{moment}} < :until AND ({{moment}} > :at OR id > :after)
    ORDER BY {{moment}}, id LIMIT :most"""  # noqa: S608  # our own names


class AlertNotFound(Exception):
    """No alert has this id."""

    def __init__(self, alert_id: int) -> None:
        super().__init__(f"there is no alert {alert_id}")


def add(
    transaction: Transaction,
    kind: AlertKind,
    subject: str,
    *,
    target_url: str | None = None,
    cause: str | None,
    cause_data: Cause | None = None,
    failed_at: datetime,
    opened_at: datetime,
    locations: Sequence[SeenFrom] = (),
    dependents: Sequence[str] = (),
    suppressed_by: int | None = None,
    blocked_by: str | None = None,
    now: datetime | None = None,
) -> Alert:
    """A new alert, saved ``now``. ``blocked_by``: the monitor that is down, on which the alert's own depends."""
    return transaction.added(
        Alert,
        _ADD,
        kind=kind,
        subject=subject,
        target_url=target_url,
        cause=cause,
        cause_data=cause_data.model_dump_json() if cause_data else None,
        failed_at=as_text(failed_at),
        opened_at=as_text(opened_at),
        created_at=as_text(now) if now else None,
        locations=_json(as_json(tuple(locations))),
        dependents=_json(dependents),
        suppressed_by=suppressed_by,
        blocked_by=blocked_by,
    )


def save(transaction: Transaction, alert: Alert) -> None:
    """Write what can change of an alert."""
    lists = {name: _json(getattr(alert, name)) for name in ("still_failing", "still_failing_from")}
    transaction.run(_SAVE, **columns_of(alert, _SAVED), **lists)


def _json(values: Sequence[Any]) -> str | None:
    return json.dumps(list(values), ensure_ascii=False) if values else None


def moves(transaction: Transaction, alert_id: int) -> Moves:
    """How often people moved the alert lately."""
    row = transaction.row("SELECT moves, moves_since FROM alerts WHERE id = :id", id=alert_id)
    is_moved = row is not None and row["moves_since"]
    return Moves(row["moves"], datetime.fromisoformat(row["moves_since"])) if row and is_moved else Moves()


def save_moves(transaction: Transaction, alert_id: int, moved: Moves) -> None:
    """Write how often people moved the alert."""
    transaction.run(_SAVE_MOVES, id=alert_id, count=moved.number, since=as_text(moved.since) if moved.since else None)


def get(transaction: Transaction, alert_id: int) -> Alert:
    """The alert with this id. Raises AlertNotFound."""
    sql = "SELECT * FROM alerts WHERE id = :id"
    alert = transaction.value(Alert, sql, id=alert_id) if alert_id <= MAX_ID else None
    if alert is None:
        raise AlertNotFound(alert_id)
    return alert


def of_notification(transaction: Transaction, notification: Notification) -> Alert:
    """The alert that a notification is about, whatever its row holds. Raises AlertNotFound."""
    return of_notifications(transaction, [notification])[notification.alert_id]


def of_notifications(transaction: Transaction, about: Sequence[Notification]) -> dict[int, Alert]:
    """The alerts that notifications are about, by id, whatever their rows hold. Raises AlertNotFound."""
    created_at = {each.alert_id: each.created_at for each in about}
    found: dict[int, Alert] = {}
    for ids, named in in_parts(list(created_at)):
        for row in transaction.rows(f"SELECT * FROM alerts WHERE id IN ({ids})", **named):  # noqa: S608  # our own text
            times = dict.fromkeys(("failed_at", "opened_at"), created_at[row["id"]])
            instead: dict[str, Any] = {"kind": AlertKind.OUTAGE, "status": AlertStatus.OPEN, "subject": "?", **times}
            found[row["id"]] = salvaged(Alert, row, **instead)
    for missing in created_at.keys() - found.keys():
        raise AlertNotFound(missing)
    return found


def active(transaction: Transaction, kind: AlertKind, subject: str) -> Alert | None:
    """The alert of this kind and subject that is OPEN or ACK. There is at most one."""
    sql = "SELECT * FROM alerts WHERE kind = :kind AND subject = :subject AND status IN ('OPEN', 'ACK')"
    return transaction.value(Alert, sql, kind=kind, subject=subject)


def active_outages(transaction: Transaction, monitors: Iterable[str]) -> list[Alert]:
    """The outages of these monitors that are OPEN or ACK."""
    sql = "SELECT * FROM alerts WHERE kind = 'OUTAGE' AND status IN ('OPEN', 'ACK') AND subject IN"
    return transaction.values_in(Alert, sql, monitors)


def ask_active(transaction: Transaction, monitors: Iterable[str]) -> Callable[[], list[Alert]]:
    """The alerts about these monitors that are OPEN or ACK; see ``Transaction.ask``."""
    sql = f"SELECT * FROM alerts WHERE kind IN ({KINDS_OF_MONITORS}) AND status IN ('OPEN', 'ACK') AND subject IN"  # noqa: S608  # our own names
    return transaction.ask_values_in(Alert, sql, monitors)


def active_of_monitor(transaction: Transaction, monitor: str) -> list[Alert]:
    """The alerts about a monitor that are OPEN or ACK, its outage first."""
    found = [active(transaction, kind, monitor) for kind in AlertKind if kind.is_of_monitor]
    return [alert for alert in found if alert is not None]


def ends(transaction: Transaction, ids: Sequence[int]) -> dict[int, Row]:
    """The subjects of these alerts, and when they ended, by id; one that was deleted is left out."""
    sql = "SELECT id, subject, resolved_at FROM alerts WHERE id IN"
    asked = [transaction.ask(f"{sql} ({some})", **named) for some, named in in_parts(ids)]
    return {row["id"]: row for answer in asked for row in answer()}


def slow_between(transaction: Transaction, since: str, until: str) -> list[Row]:
    """When which monitor was slow, as far as it was in a span."""
    sql = """SELECT subject, failed_at, resolved_at FROM alerts WHERE kind = 'DEGRADED' AND failed_at < :until
        AND (status IN ('OPEN', 'ACK') OR resolved_at >= :since)"""
    return transaction.rows(sql, since=since, until=until)


def outages_of(transaction: Transaction, monitor: str) -> list[Alert]:
    """Every outage of a monitor, in the order in which they opened."""
    sql = "SELECT * FROM alerts WHERE kind = 'OUTAGE' AND subject = :subject ORDER BY id"
    return transaction.values(Alert, sql, subject=monitor)


def last_ended_at(transaction: Transaction, kind: AlertKind, subject: str) -> datetime | None:
    """When the last alert of this kind and subject ended; None if none ever did."""
    sql = "SELECT max(resolved_at) AS ended_at FROM alerts WHERE kind = :kind AND subject = :subject"
    row = transaction.row(sql, kind=kind, subject=subject)
    return as_time(row["ended_at"]) if row else None


def degraded(transaction: Transaction, monitors: Iterable[str]) -> set[str]:
    """Those of the monitors that are slow."""
    sql = "SELECT * FROM alerts WHERE kind = 'DEGRADED' AND status IN ('OPEN', 'ACK') AND subject IN"
    return {alert.subject for alert in transaction.values_in(Alert, sql, monitors)}


def active_of_kind(transaction: Transaction, kind: AlertKind) -> list[Alert]:
    """The alerts of this kind that are OPEN or ACK, oldest first."""
    sql = "SELECT * FROM alerts WHERE kind = :kind AND status IN ('OPEN', 'ACK') ORDER BY id"
    return transaction.values(Alert, sql, kind=kind)


def count_active(transaction: Transaction) -> int:
    """How many alerts are OPEN or ACK."""
    row = transaction.row("SELECT count(*) AS found FROM alerts WHERE status IN ('OPEN', 'ACK')")
    return int(row["found"]) if row else 0


def counts(transaction: Transaction) -> list[Row]:
    """How many ``alerts`` there are of each ``kind`` and ``status`` of which there are any."""
    return transaction.rows("SELECT kind, status, count(*) AS alerts FROM alerts GROUP BY kind, status")


def page(
    transaction: Transaction,
    *,
    limit: int,
    before: int | None,
    status: AlertStatus | None,
    monitor: str | None,
    kind: AlertKind | None,
) -> list[Alert]:
    """The newest alerts first; ``before``: only those with a smaller id. Summaries only if ``kind`` asks for them."""
    wanted: dict[str, Any] = {"status": status, "subject": monitor, "kind": kind}
    wanted = {column: value for column, value in wanted.items() if value is not None}
    conditions = [*(f"{column} = :{column}" for column in wanted), "id < :before"]
    if kind is None:
        conditions.append("kind <> 'SUMMARY'")  # nothing has happened
    if monitor is not None:
        conditions.append(f"kind IN ({KINDS_OF_MONITORS})")
    return transaction.values(
        Alert,
        f"SELECT * FROM alerts WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit",  # noqa: S608  # our names
        before=MAX_ID if before is None else before,
        limit=limit,
        **wanted,
    )


def about_monitor(
    transaction: Transaction, monitor: str, moment: str, place: tuple[str, int], until: str, most: int
) -> list[Alert]:
    """The alerts about a monitor whose ``moment``, one of MOMENTS, lies behind a time (and an id) and before ``until``.

    Oldest first, at most so many.
    """
    if moment not in MOMENTS:
        raise ValueError(f"{moment} is not one of {', '.join(MOMENTS)}")
    sql = _ABOUT_MONITOR.format(moment=moment)
    return transaction.values(Alert, sql, subject=monitor, at=place[0], after=place[1], until=until, most=most)
