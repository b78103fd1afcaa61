"""The table ``subscriber_mails``: the outbox of what subscribers of status pages are owed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from shared.models import as_text
from shared.store.engines.database import Row, Transaction

_ADD = """
    INSERT INTO subscriber_mails (subscriber_id, announcement_id, status, created_at, due_at)
    VALUES (:subscriber_id, :announcement_id, 'PENDING', :at, :at)"""
# A subscriber's mails go out in their order, so that no recovery comes before its outage: each waits for every earlier
# one that is still owed.
_DUE = """
    SELECT due.id FROM subscriber_mails due JOIN subscribers whose ON whose.id = due.subscriber_id
    WHERE due.status = 'PENDING' AND due.due_at <= :now
      AND (due.leased_until IS NULL OR due.leased_until <= :now OR due.leased_until > :longest_lease)
      AND whose.slug IN (%s)
      AND NOT EXISTS (
        SELECT 1 FROM subscriber_mails earlier
        WHERE earlier.subscriber_id = due.subscriber_id AND earlier.status = 'PENDING' AND earlier.id < due.id)
    ORDER BY due.due_at, due.id LIMIT 1"""
_CLAIM = f"""
    UPDATE subscriber_mails SET leased_until = :leased_until, attempts = attempts + 1 WHERE id = ({_DUE})
    RETURNING *"""  # noqa: S608  # our own text
# If the lease was taken over meanwhile, the new holder decides, except that a mail that was sent is sent. SQLite gives
# the number of a deleted row out again: the time tells whether it is the same mail.
_SETTLE = """
    UPDATE subscriber_mails SET status = :status, due_at = :due_at, leased_until = NULL
    WHERE id = :id AND created_at = :created_at AND status = 'PENDING'
      AND (attempts = :attempts OR :status = 'SENT') RETURNING id"""
_PUT_OFF = """
    UPDATE subscriber_mails SET due_at = :until WHERE status = 'PENDING' AND due_at < :until
      AND subscriber_id IN (SELECT id FROM subscribers WHERE slug IN (%s))"""
_EXPIRE = """
    UPDATE subscriber_mails SET status = 'EXPIRED', leased_until = NULL
    WHERE status = 'PENDING' AND created_at < :before AND (leased_until IS NULL OR leased_until <= :now)
    RETURNING id"""
# Those that are being sent now are not stopped.
_WITHDRAW = """
    UPDATE subscriber_mails SET status = 'WITHDRAWN', leased_until = NULL
    WHERE announcement_id = :announcement_id AND status = 'PENDING'
      AND (id = :id OR leased_until IS NULL OR leased_until <= :now) RETURNING id"""
_PRUNE = """
    DELETE FROM subscriber_mails WHERE id IN (
        SELECT id FROM subscriber_mails WHERE status <> 'PENDING' AND created_at < :before ORDER BY id LIMIT :most)
    RETURNING id"""


def add(transaction: Transaction, subscriber_ids: Sequence[int], announcement_id: int | None, at: datetime) -> None:
    """Owe each of them a mail."""
    rows = [{"subscriber_id": each, "announcement_id": announcement_id, "at": as_text(at)} for each in subscriber_ids]
    transaction.run_each(_ADD, rows)


def is_any_due(transaction: Transaction, slugs: Collection[str], *, now: datetime, longest_lease: datetime) -> bool:
    """Whether there is anything to claim for these pages."""
    parts, named = _named(slugs)
    return bool(transaction.rows(_DUE % parts, **named, now=as_text(now), longest_lease=as_text(longest_lease)))


def claim(
    transaction: Transaction, slugs: Collection[str], *, now: datetime, leased_until: datetime, longest_lease: datetime
) -> Row | None:
    """Lease the next due mail of these pages, if there is one; the longest due goes first."""
    parts, named = _named(slugs)
    times = {"now": now, "leased_until": leased_until, "longest_lease": longest_lease}
    return transaction.row(_CLAIM % parts, **named, **{name: as_text(time) for name, time in times.items()})


def _named(slugs: Collection[str]) -> tuple[str, dict[str, Any]]:
    named = {f"slug_{number}": slug for number, slug in enumerate(slugs)}
    return ", ".join(f":{name}" for name in named), named


def settle(
    transaction: Transaction, mail_id: int, created_at: datetime, attempts: int, status: str, due_at: datetime
) -> bool:
    """Give a mail the status that an attempt means; whether that changed it."""
    times = {"created_at": as_text(created_at), "due_at": as_text(due_at)}
    return bool(transaction.rows(_SETTLE, id=mail_id, attempts=attempts, status=status, **times))


def put_off(transaction: Transaction, slugs: Collection[str], until: datetime) -> None:
    """Let the mails of these pages that are due earlier wait until then."""
    parts, named = _named(slugs)
    transaction.rows(_PUT_OFF % parts, **named, until=as_text(until))


def withdraw(transaction: Transaction, mail: Row, now: datetime) -> int:
    """Send neither this leased mail nor the others of its announcement, which has nothing to say any more; how many."""
    named = {"announcement_id": mail["announcement_id"], "id": mail["id"], "now": as_text(now)}
    return len(transaction.rows(_WITHDRAW, **named))


def confirmed(transaction: Transaction, subscriber_id: int) -> None:
    """A mail that still asks for a confirmation is not sent any more."""
    sql = """DELETE FROM subscriber_mails
        WHERE subscriber_id = :id AND announcement_id IS NULL AND status = 'PENDING'"""
    transaction.rows(sql, id=subscriber_id)


def failing_since(transaction: Transaction, subscriber_id: int) -> str | None:
    """When the first of a subscriber's last mails that all failed for good was owed."""
    sql = """SELECT min(created_at) AS since FROM subscriber_mails
        WHERE subscriber_id = :subscriber_id AND status = 'FAILED' AND id > coalesce((
            SELECT max(id) FROM subscriber_mails WHERE subscriber_id = :subscriber_id AND status = 'SENT'), 0)"""
    row = transaction.row(sql, subscriber_id=subscriber_id)
    return row["since"] if row else None


def has_expired(transaction: Transaction, before: datetime) -> bool:
    """Whether there may be anything for ``expire``."""
    sql = "SELECT 1 FROM subscriber_mails WHERE status = 'PENDING' AND created_at < :before LIMIT 1"
    return transaction.row(sql, before=as_text(before)) is not None


def expire(transaction: Transaction, *, now: datetime, before: datetime) -> int:
    """Give up what was created before then and nobody is sending now; how many."""
    return len(transaction.rows(_EXPIRE, now=as_text(now), before=as_text(before)))


def prune(transaction: Transaction, before: str, most: int) -> int:
    """Delete some old ones that are settled; how many."""
    return len(transaction.rows(_PRUNE, before=before, most=most))
