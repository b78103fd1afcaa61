"""Compute again what former versions stored of policies, once, when a store is updated."""

from datetime import datetime

from pydantic import ValidationError

from shared.store.engines.database import Transaction
from shared.store.tables import policies, replay_facts


def renew_policies(transaction: Transaction, now: datetime) -> None:
    """Everything that a former version stored otherwise. A row that is right stays as it is."""
    _renew_longest_checks(transaction, now)
    _free_heartbeats(transaction, now)


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
