"""Sessions of the dashboard: begun by a sign-in, ended by a sign-out, and how often a sign-in may fail."""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.store.engines.database import Database
from shared.store.tables import handled_updates, sessions

MOST_FAILED = 5
FAILED_WITHIN = timedelta(minutes=1)


class Try(NamedTuple):
    """A sign-in that is being judged. It counts as failed until it is forgiven. ``left``: how many more may fail."""

    id: int
    left: int


class StoredSession(NamedTuple):
    """A session that has not ended. ``name``: the one that its person gave it."""

    name: str | None


class Sessions:
    """The sessions of one store. It knows tokens by their hashes alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def try_sign_in(self, address: str, *, now: datetime) -> Try | None:
        """Count a sign-in from an address; None if too many have failed within a minute.

        It is counted before it is judged: otherwise many at once would all be judged.
        """
        with self._database.transaction(is_durable=False) as transaction:
            sessions.forget_failed(transaction, now - FAILED_WITHIN)
            before = sessions.failed(transaction, address, now - FAILED_WITHIN)
            if before >= MOST_FAILED:
                return None
            return Try(sessions.add_failed(transaction, address, now), MOST_FAILED - before - 1)

    def forgive(self, tried: Try) -> None:
        """Note that the sign-in did not fail."""
        with self._database.transaction(is_durable=False) as transaction:
            sessions.forgive(transaction, tried.id)

    def use_link(self, token: str, *, now: datetime) -> bool:
        """Note that a link that signs in once was used; False if it was before."""
        with self._database.transaction() as transaction:
            return handled_updates.note(transaction, f"sign-in {_hash(token)}", now)

    def begin(self, token: str, *, name: str | None, former: str | None, ends_at: datetime, now: datetime) -> None:
        """A new session. The ``former`` one of the same browser ends."""
        with self._database.transaction() as transaction:
            sessions.remove_ended(transaction, now)
            if former is not None:
                sessions.remove(transaction, _hash(former))
            sessions.add(transaction, _hash(token), name, ends_at)

    def get(self, token: str, *, now: datetime) -> StoredSession | None:
        """A session; None if there is no such one, or it has ended."""
        with self._database.snapshot() as snapshot:
            row = sessions.get(snapshot, _hash(token), now)
        return StoredSession(row["name"]) if row else None

    def rename(self, token: str, name: str | None) -> None:
        """Give a session a name: it stands beside what its person does."""
        with self._database.transaction() as transaction:
            sessions.rename(transaction, _hash(token), name)

    def extend(self, token: str, *, ends_at: datetime) -> None:
        """Let a session end later, if it is still there."""
        with self._database.transaction(is_durable=False) as transaction:
            sessions.extend(transaction, _hash(token), ends_at)

    def end(self, token: str) -> None:
        """End a session."""
        with self._database.transaction() as transaction:
            sessions.remove(transaction, _hash(token))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
