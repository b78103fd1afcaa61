"""Rows of ``monitors`` that nobody may be checking. In a module of its own: only health asks."""

import json

from shared.alerting.health import NEVER, WatchedGroup
from shared.models import as_time
from shared.models.cause import OF_ONE_CHECK
from shared.store.engines.database import Row, Transaction

_OF_AGENTS = "is_watched = 1 AND interval_seconds IS NOT NULL"
# Monitors share few values of these.
_PLACED = f"""
    SELECT min(name) AS name, count(*) AS monitors, interval_seconds, locations, quorum, NULL AS made_at, NULL AS since,
        max(last_checked_at) AS last_checked_at
    FROM monitors WHERE {_OF_AGENTS} AND (locations IS NOT NULL OR quorum IS NOT NULL)
    GROUP BY interval_seconds, locations, quorum ORDER BY 1"""  # noqa: S608  # our own text
_EACH = f"""
    SELECT name, 1 AS monitors, interval_seconds, locations, quorum, last_checked_at, last_event_id, since,
        (SELECT max(at) FROM replay_facts WHERE monitor_id = monitors.id AND what = 'policy') AS made_at
    FROM monitors WHERE {_OF_AGENTS}"""  # noqa: S608  # our own text
_NEVER_CHECKED = f"{_EACH} AND last_checked_at IS NULL ORDER BY id LIMIT :most"
_UNKNOWN = f"{_EACH} AND state = 'UNKNOWN' AND last_event_id IS NOT NULL ORDER BY id LIMIT :most"
# Right after a file was applied, these may be all its monitors.
_MOST = 1_000


def placed(transaction: Transaction) -> list[WatchedGroup]:
    """The monitors that have locations or a quorum, in groups that are alike."""
    return [_watched(row) for row in transaction.rows(_PLACED)]


def never_checked(transaction: Transaction) -> list[WatchedGroup]:
    """The monitors that were never checked, the oldest first."""
    return [_watched(row) for row in transaction.rows(_NEVER_CHECKED, most=_MOST)]


def unable(transaction: Transaction) -> list[WatchedGroup]:
    """The monitors that the agent could not check when it tried last, for a reason that concerns them alone."""
    unknown = transaction.rows(_UNKNOWN, most=_MOST)
    if not unknown:
        return []
    sql = f"SELECT id, cause, error_message FROM events WHERE id IN ({transaction.marks(len(unknown))})"  # noqa: S608
    tried = transaction.ask_by_position(sql, tuple(row["last_event_id"] for row in unknown))()
    whys = {row["id"]: row["error_message"] or "" for row in tried if _is_of_one_check(row["cause"])}
    return [_watched(row, whys[row["last_event_id"]]) for row in unknown if row["last_event_id"] in whys]


def _is_of_one_check(cause: str | None) -> bool:
    return cause is not None and json.loads(cause)["code"] in OF_ONE_CHECK


def _watched(row: Row, why: str = "") -> WatchedGroup:
    return WatchedGroup(
        row["name"],
        row["interval_seconds"],
        count=int(row["monitors"]),
        locations=json.loads(row["locations"]) if row["locations"] else None,
        quorum=row["quorum"],
        checked_at=as_time(row["last_checked_at"]),
        why=why,
        # A policy that judges as before leaves no fact. If the monitor is watched again, its state begins then.
        made_at=max(as_time(row["made_at"]) or NEVER, as_time(row["since"]) or NEVER),
    )
