"""The tables ``sessions`` and ``failed_sign_ins``: who is signed in to the dashboard, and who tried in vain."""

from datetime import datetime

from shared.models import as_text
from shared.store.engines.database import Row, Transaction

_ADD = "INSERT INTO sessions (hash, name, ends_at) VALUES (:hash, :name, :ends_at)"
_TRY = "INSERT INTO failed_sign_ins (address, at) VALUES (:address, :at) RETURNING id"


def add(transaction: Transaction, session_hash: str, name: str | None, ends_at: datetime) -> None:
    """A new session."""
    transaction.rows(_ADD, hash=session_hash, name=name, ends_at=as_text(ends_at))


def get(transaction: Transaction, session_hash: str, now: datetime) -> Row | None:
    """The session with this hash, unless it has ended."""
    sql = "SELECT * FROM sessions WHERE hash = :hash AND ends_at > :now"
    return transaction.row(sql, hash=session_hash, now=as_text(now))


def rename(transaction: Transaction, session_hash: str, name: str | None) -> None:
    """The holder of the session."""
    transaction.rows("UPDATE sessions SET name = :name WHERE hash = :hash", name=name, hash=session_hash)


def extend(transaction: Transaction, session_hash: str, ends_at: datetime) -> None:
    """Let a session end at this time; one that has ended meanwhile stays so."""
    transaction.rows(
        "UPDATE sessions SET ends_at = :ends_at WHERE hash = :hash", ends_at=as_text(ends_at), hash=session_hash
    )


def remove(transaction: Transaction, session_hash: str) -> None:
    """End a session."""
    transaction.rows("DELETE FROM sessions WHERE hash = :hash", hash=session_hash)


def remove_ended(transaction: Transaction, now: datetime) -> None:
    """Forget the sessions that have ended."""
    transaction.rows("DELETE FROM sessions WHERE ends_at <= :now", now=as_text(now))


def failed(transaction: Transaction, address: str, since: datetime) -> int:
    """How many sign-ins from an address failed since then."""
    sql = "SELECT count(*) AS failed FROM failed_sign_ins WHERE address = :address AND at > :since"
    row = transaction.row(sql, address=address, since=as_text(since))
    return int(row["failed"]) if row else 0


def add_failed(transaction: Transaction, address: str, at: datetime) -> int:
    """Count a sign-in as failed; its id."""
    [row] = transaction.rows(_TRY, address=address, at=as_text(at))
    return int(row["id"])


def forgive(transaction: Transaction, failed_id: int) -> None:
    """Count it no more, since it was right."""
    transaction.rows("DELETE FROM failed_sign_ins WHERE id = :id", id=failed_id)


def forget_failed(transaction: Transaction, before: datetime) -> None:
    """Forget those that failed before then."""
    transaction.rows("DELETE FROM failed_sign_ins WHERE at <= :before", before=as_text(before))
