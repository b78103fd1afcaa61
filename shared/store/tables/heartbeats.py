"""The columns of the table ``monitors`` that say when a heartbeat was pinged, and by which token."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.alerting.heartbeats import Beat
from shared.models import as_text, as_time
from shared.monitors.due import GRACE_SECONDS
from shared.settings.durations import seconds_of
from shared.store.engines.database import Row, Transaction

if TYPE_CHECKING:
    from shared.monitors.parts import Heartbeat

# The signs that Gatus writes as a hyphen in a key.
_HYPHENS = str.maketrans(dict.fromkeys(" /_,.#+&", "-"))
_TIMES = ("pinged_at", "began_at", "missed_at")
_SAVE = """
    UPDATE monitors SET pinged_at = :pinged_at, began_at = :began_at, missed_at = :missed_at
    WHERE id = :id"""


def token_hash(token: str | None) -> str | None:
    """Under what a heartbeat's token is found: looking it up takes as long for every wrong one."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest() if token else None


def with_token(transaction: Transaction, token: str) -> list[Row]:
    """The monitors that have this token; usually one."""
    sql = "SELECT * FROM monitors WHERE token_hash = :token_hash AND removed_at IS NULL ORDER BY id"
    return transaction.rows(sql, token_hash=token_hash(token))


def watched(transaction: Transaction, monitor_id: int) -> Row | None:
    """The row of a monitor with a policy, unless nobody watches it."""
    sql = "SELECT * FROM monitors WHERE id = :id AND policy IS NOT NULL AND is_watched = 1"
    return transaction.row(sql, id=monitor_id)


def key_of(row: Row) -> str:
    """``<group>_<name>`` as Gatus writes it in URLs: ``core_nightly-backup``. Without a group it begins with ``_``."""
    return "_".join(part.strip().lower().translate(_HYPHENS) for part in (row["group_name"] or "", row["name"]))


def missed(transaction: Transaction, now: datetime, limit: int) -> list[Row]:
    """The monitors whose next ping should have come by ``now``, the longest missed first."""
    sql = """SELECT * FROM monitors WHERE missed_at IS NOT NULL AND missed_at <= :now AND is_watched = 1
        ORDER BY missed_at, id LIMIT :limit"""
    return transaction.rows(sql, now=as_text(now), limit=limit)


def expected(transaction: Transaction) -> list[Row]:
    """The monitors of which a ping is expected."""
    return transaction.rows("SELECT * FROM monitors WHERE missed_at IS NOT NULL AND policy IS NOT NULL")


def beat_of(row: Row) -> Beat:
    """The row's columns about the monitor's pings."""
    return Beat(*(as_time(row[name]) for name in _TIMES))


def save(transaction: Transaction, monitor_id: int, beat: Beat) -> None:
    """Write what a ping, or its lack, changes."""
    times = {name: as_text(at) if at else None for name, at in zip(_TIMES, beat, strict=True)}
    transaction.rows(_SAVE, id=monitor_id, **times)


def within_of(row: Row) -> timedelta | None:
    """The period and the grace of the row's monitor; None if it is no heartbeat."""
    # The models of a policy and of a heartbeat would cost each ping's cold start 20 ms.
    heartbeat = json.loads(row["policy"]).get("heartbeat") if row["policy"] else None
    if not heartbeat:
        return None
    return timedelta(seconds=seconds_of(heartbeat["period"]) + seconds_of(heartbeat.get("grace", GRACE_SECONDS)))


def is_upside_down(row: Row) -> bool:
    """Whether the row's monitor is expected to fail."""
    return bool(row["policy"] and json.loads(row["policy"]).get("upside_down"))


def within(heartbeat: "Heartbeat") -> timedelta:
    """How long after a ping the next one has to come."""
    return timedelta(seconds=heartbeat.period + heartbeat.grace)
