"""The table ``drills``: those that are under way, and how the others went."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.models import as_text
from shared.store.engines.database import Transaction

_ADD = """
    INSERT INTO drills (alert_id, channels, need_ack_seconds) VALUES (:alert_id, :channels, :need_ack_seconds)"""


class UnderWay(NamedTuple):
    """A drill that is not over. ``channels``: who got it."""

    id: int
    alert_id: int
    channels: Sequence[str]
    need_ack_seconds: float | None


def add(transaction: Transaction, alert_id: int, channels: Collection[str], need_ack_seconds: float | None) -> None:
    """A drill that begins."""
    names = json.dumps(list(channels), ensure_ascii=False)
    transaction.rows(_ADD, alert_id=alert_id, channels=names, need_ack_seconds=need_ack_seconds)


def under_way(transaction: Transaction) -> UnderWay | None:
    """The drill that is not over, if there is one."""
    row = transaction.row("SELECT * FROM drills WHERE finished_at IS NULL ORDER BY id LIMIT 1")
    if row is None:
        return None
    return UnderWay(row["id"], row["alert_id"], json.loads(row["channels"]), row["need_ack_seconds"])


def finish(transaction: Transaction, drill_id: int, result: Mapping[str, Any], now: datetime) -> None:
    """Write how it went."""
    sql = "UPDATE drills SET finished_at = :now, result = :result WHERE id = :id"
    transaction.rows(sql, id=drill_id, now=as_text(now), result=json.dumps(result, ensure_ascii=False))


def last(transaction: Transaction) -> dict[str, Any] | None:
    """How the last one went that is over."""
    row = transaction.row("SELECT result FROM drills WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1")
    return dict(json.loads(row["result"])) if row else None


def prune(transaction: Transaction, before: str, most: int) -> int:
    """Delete the oldest that were over before then, but for the newest; how many."""
    sql = """DELETE FROM drills WHERE id IN (
        SELECT id FROM drills WHERE finished_at < :before AND id < (SELECT max(id) FROM drills)
        ORDER BY id LIMIT :most) RETURNING id"""
    return len(transaction.rows(sql, before=before, most=most))
