"""The columns of the table ``monitors`` that say what is watched, and how: a monitor's policy and who owns it.

``tables.monitors`` has the columns that say what the events mean.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from shared.models.values import MAX_ID
from shared.monitors.due import due_between
from shared.monitors.policy import Policy
from shared.store.engines.database import Row, Transaction
from shared.store.refusals import MonitorNotFound

_COLUMNS = (
    *("source", "policy", "line", "target_url", "group_name", "tags", "channels", "locations", "interval_seconds"),
    *("failure_threshold", "success_threshold", "reminder_seconds", "escalation"),
    *("max_response_ms", "certificate_limits", "quorum", "depends_on", "timeout_seconds"),
    *("is_watched", "removed_at", "version", "token_hash"),
)
_ADD = f"""
    INSERT INTO monitors (name, {", ".join(_COLUMNS)}) VALUES (:name, {", ".join(f":{name}" for name in _COLUMNS)})
    RETURNING id"""  # noqa: S608  # our own names
_SAVE = f"""
    UPDATE monitors SET name = :name, {", ".join(f"{name} = :{name}" for name in _COLUMNS)}
    WHERE id = :id"""  # noqa: S608  # our own names
_PUT_TARGET = """
    INSERT INTO monitors (name, target_url, source, interval_seconds, timeout_seconds)
    VALUES (:name, :name, 'env', :interval, :timeout)
    ON CONFLICT (name) DO UPDATE SET source = 'env', interval_seconds = excluded.interval_seconds,
        timeout_seconds = excluded.timeout_seconds, policy = NULL,
        is_watched = 1, removed_at = NULL, failure_threshold = 1, success_threshold = 1, channels = NULL,
        reminder_seconds = NULL, escalation = NULL, max_response_ms = NULL, certificate_limits = NULL,
        locations = NULL, quorum = NULL, depends_on = NULL, group_name = NULL, tags = NULL, line = NULL
    WHERE monitors.source IN ('env', 'report') OR monitors.removed_at IS NOT NULL"""
# Any other filter of a page is a column that has to equal it.
_PAGE = "SELECT * FROM monitors WHERE removed_at IS NULL AND id > :after"


class Watched(NamedTuple):
    """The columns of a monitor that decide when it is checked, and where. ``locations``: None means everywhere.

    ``is_target``: only the agent checks it that has it among its own targets.
    """

    id: int
    name: str
    interval: float
    locations: frozenset[str] | None
    is_target: bool

    def is_for(self, location: str, targets: Collection[str]) -> bool:
        """Whether an agent there, which has these ``targets`` of its own, checks it."""
        if self.is_target:
            return self.name in targets
        return self.locations is None or location in self.locations

    def due(self, start: float, end: float) -> float | None:
        """See ``due_between``."""
        return due_between(self.name, self.interval, start, end)


def columns_of(
    policy: Policy, source: str, version: int, *, line: int | None, token_hash: str | None
) -> dict[str, Any]:
    """The stored columns of a policy."""
    return {
        "name": policy.name,
        "source": source,
        "policy": policy.model_dump_json(exclude_defaults=True),
        "line": line,
        "target_url": policy.target,
        "group_name": policy.group,
        "tags": _json(policy.tags or None),
        "channels": _json(policy.channels),
        "locations": _json(policy.locations),
        "interval_seconds": None if policy.heartbeat else policy.interval,
        "failure_threshold": policy.failure_threshold,
        "success_threshold": policy.success_threshold,
        "reminder_seconds": policy.reminder_interval,
        "escalation": policy.escalation,
        "max_response_ms": None if policy.max_response_time is None else policy.max_response_time * 1000,
        "certificate_limits": json.dumps(policy.certificate_expiry) if policy.certificate_expiry else None,
        "quorum": None if policy.quorum == "majority" else policy.quorum,
        "depends_on": _json(policy.depends_on or None),
        "timeout_seconds": policy.longest_check,
        "is_watched": int(policy.enabled),
        "removed_at": None,
        "version": version,
        "token_hash": token_hash,
    }


def _json(values: Sequence[str] | None) -> str | None:
    return None if values is None else json.dumps(list(values), ensure_ascii=False)


def policy_of(row: Row) -> Policy | None:
    """The policy that a row holds; None if its source is 'env' or 'report'."""
    return Policy.model_validate_json(row["policy"]) if row["policy"] else None


def add(transaction: Transaction, columns: dict[str, Any]) -> int:
    """A new monitor; its id."""
    [row] = transaction.rows(_ADD, **columns)
    return int(row["id"])


def save(transaction: Transaction, monitor_id: int, columns: dict[str, Any]) -> None:
    """Replace the policy of a monitor, and its name."""
    transaction.rows(_SAVE, id=monitor_id, **columns)


def save_parents(transaction: Transaction, monitor_id: int, columns: dict[str, Any]) -> None:
    """Write what a monitor depends on, under other names: its ``depends_on``, ``policy`` and ``version``."""
    sql = "UPDATE monitors SET depends_on = :depends_on, policy = :policy, version = :version WHERE id = :id"
    transaction.rows(sql, id=monitor_id, **columns)


def unwatch(transaction: Transaction, monitor_id: int, *, version: int, removed_at: str) -> None:
    """Let a monitor be watched no more. Its events and alerts stay."""
    sql = """UPDATE monitors SET is_watched = 0, removed_at = :removed_at, version = :version, token_hash = NULL,
        wanted_at = NULL, pinged_at = NULL, began_at = NULL, missed_at = NULL WHERE id = :id"""
    transaction.rows(sql, id=monitor_id, removed_at=removed_at, version=version)


def set_line(transaction: Transaction, monitor_id: int, line: int | None) -> None:
    """The monitor's place in its file now."""
    transaction.rows("UPDATE monitors SET line = :line WHERE id = :id", id=monitor_id, line=line)


def set_longest_check(transaction: Transaction, monitor_id: int, seconds: float) -> None:
    """How long a check of the monitor may take."""
    sql = "UPDATE monitors SET timeout_seconds = :seconds WHERE id = :id"
    transaction.rows(sql, id=monitor_id, seconds=seconds)


def with_retries(transaction: Transaction) -> list[Row]:
    """The monitors whose policies say how often a failed check is tried again."""
    sql = "SELECT id, policy, timeout_seconds FROM monitors WHERE policy LIKE :retries ORDER BY id"
    return transaction.rows(sql, retries='%"retries":%')


def free_heartbeats(transaction: Transaction) -> list[int]:
    """Let every heartbeat that has locations or a quorum have none; their ids.

    If a ping was missed, nothing said so: the review may notice it once more.
    """
    sql = """UPDATE monitors SET locations = NULL, quorum = NULL,
        missed_at = CASE WHEN is_watched = 1 AND locations IS NOT NULL THEN COALESCE(missed_at, pinged_at)
            ELSE missed_at END
        WHERE policy IS NOT NULL AND interval_seconds IS NULL AND (locations IS NOT NULL OR quorum IS NOT NULL)
        RETURNING id"""
    return [row["id"] for row in transaction.rows(sql)]


def get(transaction: Transaction, monitor_id: int) -> Row:
    """The monitor with this id, as it is stored. Raises MonitorNotFound."""
    sql = "SELECT * FROM monitors WHERE id = :id AND removed_at IS NULL"
    row = transaction.row(sql, id=monitor_id) if monitor_id <= MAX_ID else None
    if row is None:
        raise MonitorNotFound(monitor_id)
    return row


def every_by_name(transaction: Transaction) -> dict[str, Row]:
    """All monitors, those that were removed among them."""
    return {row["name"]: row for row in transaction.rows("SELECT * FROM monitors")}


def source(transaction: Transaction, monitor_id: int) -> str | None:
    """The owner of the policy of the monitor with this id, be it removed or not."""
    row = transaction.row("SELECT source FROM monitors WHERE id = :id", id=monitor_id)
    return row["source"] if row else None


def named(transaction: Transaction, name: str) -> Row | None:
    """The monitor with this name, be it removed or not."""
    return transaction.row("SELECT * FROM monitors WHERE name = :name", name=name)


def with_escalation(transaction: Transaction, escalation: str) -> list[str]:
    """The names of the monitors made through the API that have this escalation, oldest first."""
    # PostgreSQL would sort names by the collation of its database.
    sql = """SELECT name FROM monitors
        WHERE escalation = :escalation AND source = 'api' AND removed_at IS NULL ORDER BY id"""
    return [row["name"] for row in transaction.rows(sql, escalation=escalation)]


def page(transaction: Transaction, *, limit: int, after: int, tag: str | None, **wanted: Any) -> list[Row]:
    """Monitors in the order of their ids, beginning behind ``after``. ``wanted``: columns and their values."""
    conditions = [f" AND {column} = :{column}" for column in wanted]
    parameters: dict[str, Any] = {**wanted, "limit": limit, "after": after}
    if tag is not None:
        # In the JSON of the tags, a tag stands between quotes, and a quote within it has a backslash before it. LIKE
        # would ignore the case in SQLite, and not in PostgreSQL.
        conditions.append(" AND replace(tags, :tag, '') <> tags")
        parameters["tag"] = json.dumps(tag, ensure_ascii=False)
    return transaction.rows(f"{_PAGE}{''.join(conditions)} ORDER BY id LIMIT :limit", **parameters)


def watched(transaction: Transaction) -> Iterator[Watched]:
    """Everything that agents check."""
    sql = """SELECT id, name, interval_seconds, locations, source FROM monitors
        WHERE is_watched = 1 AND interval_seconds IS NOT NULL ORDER BY id"""
    for row in transaction.rows(sql):
        locations = frozenset(json.loads(row["locations"])) if row["locations"] else None
        yield Watched(row["id"], row["name"], row["interval_seconds"], locations, row["source"] == "env")


def changed_since(transaction: Transaction, version: int) -> list[Row]:
    """The monitors whose policies have changed since that version of the configuration."""
    return transaction.rows("SELECT * FROM monitors WHERE version > :version ORDER BY id", version=version)


def last_checks(transaction: Transaction) -> dict[int, str | None]:
    """When each monitor that agents check was checked last, as text."""
    sql = "SELECT id, last_checked_at FROM monitors WHERE is_watched = 1 AND interval_seconds IS NOT NULL"
    return {row["id"]: row["last_checked_at"] for row in transaction.rows(sql)}


def put_target(transaction: Transaction, name: str, interval: float, timeout: float | None) -> None:
    """Let a target of an agent be a monitor of source 'env', unless somebody owns a policy of that name."""
    transaction.rows(_PUT_TARGET, name=name, interval=interval, timeout=timeout)


def want(transaction: Transaction, monitor_id: int, at: str) -> None:
    """Ask for a check at once."""
    transaction.rows("UPDATE monitors SET wanted_at = :at WHERE id = :id", id=monitor_id, at=at)


def wanted(transaction: Transaction) -> list[int]:
    """The monitors of which somebody asked for a check at once."""
    return [row["id"] for row in transaction.rows("SELECT id FROM monitors WHERE wanted_at IS NOT NULL")]


def clear_wanted(transaction: Transaction, monitor_id: int) -> None:
    """An agent has claimed the check that somebody asked for."""
    transaction.rows("UPDATE monitors SET wanted_at = NULL WHERE id = :id", id=monitor_id)
