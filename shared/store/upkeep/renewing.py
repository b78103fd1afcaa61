"""Compute again what former versions stored, once, when a store is updated."""

from collections import defaultdict
from datetime import datetime

from pydantic import ValidationError

from shared.settings.secrets import without_password
from shared.store.engines.database import Row, Transaction
from shared.store.renames import rename
from shared.store.tables import policies, replay_facts

_URL_WITH_USER = "%://%@%"
_NAMED_AFTER_URLS = """
    SELECT id, name, last_checked_at, EXISTS (
        SELECT 1 FROM alerts WHERE kind = 'OUTAGE' AND subject = monitors.name AND status IN ('OPEN', 'ACK')) AS is_down
    FROM monitors WHERE name LIKE :url ORDER BY id"""


def renew(transaction: Transaction, now: datetime) -> None:
    """Everything that a former version stored otherwise. A row that is right stays as it is."""
    _mask_passwords(transaction, now)
    _renew_longest_checks(transaction, now)
    _free_heartbeats(transaction, now)


def _mask_passwords(transaction: Transaction, now: datetime) -> None:
    """Mask the passwords of URLs. Version 0.1 stored them, and named a monitor after its whole URL."""
    replay_facts.mask_names(transaction)
    for table in ("monitors", "alerts", "old_events"):
        found = f"SELECT DISTINCT target_url FROM {table} WHERE target_url LIKE :url"  # noqa: S608  # our own names
        for row in transaction.rows(found, url=_URL_WITH_USER):
            if (masked := without_password(row["target_url"])) != row["target_url"]:
                sql = f"UPDATE {table} SET target_url = :masked WHERE target_url = :url"  # noqa: S608  # our own names
                transaction.rows(sql, masked=masked, url=row["target_url"])
    named: defaultdict[str, list[Row]] = defaultdict(list)
    for row in transaction.rows(_NAMED_AFTER_URLS, url=_URL_WITH_USER):
        named[without_password(row["name"])].append(row)
    for name, rows in named.items():
        _name_alike(transaction, name, rows, now)


def _name_alike(transaction: Transaction, name: str, rows: list[Row], now: datetime) -> None:
    """Give ``name`` to one of these monitors, whose names differ in the password: the one that is down goes on.

    Otherwise the one that was checked last. The others keep their histories under names of their own.
    """
    masked = [row for row in rows if row["name"] == name]
    [going_on] = masked or [max(rows, key=lambda row: (row["is_down"], str(row["last_checked_at"])))]
    for row in rows:
        if row["name"] != name:
            rename(transaction, row["id"], row["name"], name if row is going_on else f"{name} ({row['id']})")
            replay_facts.add_policy(transaction, row["id"], now)


def _renew_longest_checks(transaction: Transaction, now: datetime) -> None:
    """Store of every policy how long a check may take, with all its tries.

    Otherwise a monitor that nobody edits would become UNKNOWN while its checks last.
    """
    for row in policies.with_retries(transaction):
        try:
            policy = policies.policy_of(row)
        except ValidationError:
            continue  # a policy that nobody can read any more must not keep the whole store from being opened
        if policy is not None and row["timeout_seconds"] != policy.longest_check:
            policies.set_longest_check(transaction, row["id"], policy.longest_check)
            replay_facts.add_policy(transaction, row["id"], now)


def _free_heartbeats(transaction: Transaction, now: datetime) -> None:
    """Let no heartbeat have locations or a quorum: a ping comes from no location, and would never count."""
    for monitor_id in policies.free_heartbeats(transaction):
        replay_facts.add_policy(transaction, monitor_id, now)
