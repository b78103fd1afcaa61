"""The rows of the table ``alerts`` that status pages show: that a monitor fails, or is slow."""

from collections.abc import Sequence

from shared.alerting.situation import Reason
from shared.models import AlertKind
from shared.store.engines.database import Row, Transaction, in_parts

_SHOWN = (AlertKind.OUTAGE, AlertKind.DEGRADED)
_KINDS = ", ".join(f"'{kind.value}'" for kind in _SHOWN)
_OTHERS = ", ".join(f"'{kind.value}'" for kind in AlertKind if kind not in _SHOWN)
_UNWATCHED = f"""
    SELECT alerts.id FROM alerts JOIN monitors ON monitors.name = alerts.subject
    JOIN state_changes ON monitor_id = monitors.id AND at = resolved_at
    WHERE reason IN ('{Reason.PAUSED}', '{Reason.REMOVED}') AND alerts.id IN"""  # noqa: S608  # our own names
_SELECT = "SELECT id, kind, subject, status, cause_data, failed_at, resolved_at FROM alerts WHERE"


def active(transaction: Transaction) -> list[Row]:
    """The active alerts that say that a monitor fails or is slow, newest first: two of a monitor at most."""
    sql = f"{_SELECT} kind IN ({_KINDS}) AND status IN ('OPEN', 'ACK') ORDER BY id DESC"
    return transaction.rows(sql)


def ended(transaction: Transaction, monitors: Sequence[str], since: str, most: int) -> list[Row]:
    """Those of these monitors that ended at or after a time, the ones that ended last; newest first."""
    # The other kinds: by the ones that are asked for, SQLite would go through nearly all alerts that there ever were.
    sql = f"""{_SELECT} kind NOT IN ({_OTHERS}) AND resolved_at >= :since AND subject IN ({{}})
        ORDER BY resolved_at DESC LIMIT :most"""
    asked = [transaction.ask(sql.format(some), since=since, most=most, **named) for some, named in in_parts(monitors)]
    found = sorted((row for answer in asked for row in answer()), key=lambda row: row["resolved_at"], reverse=True)
    return sorted(found[:most], key=lambda row: row["id"], reverse=True)


def unwatched(transaction: Transaction, ids: Sequence[int]) -> set[int]:
    """Those of these alerts that ended because their monitor was paused or removed: nobody knows how it went on."""
    asked = [transaction.ask(f"{_UNWATCHED} ({some})", **named) for some, named in in_parts(ids)]
    return {row["id"] for answer in asked for row in answer()}
