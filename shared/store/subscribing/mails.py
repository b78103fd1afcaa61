"""The mails that subscribers are owed, as delivery works with them: claimed, recorded, given up."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from shared.alerting import CLOCK_TOLERANCE
from shared.logs import step
from shared.settings.status_pages import pages_of
from shared.store.clock import uncertain_until
from shared.store.engines.database import Database, Transaction
from shared.store.subscribing.said import said_now
from shared.store.subscribing.subscribers import Subscriber, subscriber_of
from shared.store.tables import announcements, configuration, subscriber_mails, subscribers

# A mailbox that is refused so often in a row, and for so long, is gone. Servers that lose sight of their mailboxes for
# some hours refuse them all.
MOST_REFUSALS = 3
REFUSED_FOR = timedelta(days=1)
# PUT_OFF: as RETRY, and the others of the same pages wait as long, since they would go the same way.
Outcome = Literal["SENT", "RETRY", "PUT_OFF", "FAILED", "REFUSED"]


class Announced(NamedTuple):
    """The content of a mail. ``kind``: DOWN, UP, INCIDENT or WINDOW."""

    id: int
    kind: str
    body: Mapping[str, Any]


class OwedMail(NamedTuple):
    """A leased mail. ``about``: None if it asks for a confirmation."""

    id: int
    created_at: datetime
    attempts: int
    to: Subscriber
    about: Announced | None


class Mails:
    """The mails of one store. The methods raise StoreUnavailable if the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pages(self, is_on: bool | None) -> dict[str, dict[str, Any]]:
        """The pages that there are, by slug. ``is_on``: ``STATUS_PAGE``."""
        with self._database.snapshot() as snapshot:
            return pages_of(is_on, configuration.body(snapshot))

    def is_any_due(self, slugs: Collection[str], *, now: datetime, leased_until: datetime) -> bool:
        """Whether there is anything to claim for these pages; a read, so that idle runs write nothing."""
        with self._database.snapshot() as snapshot:
            longest = leased_until + CLOCK_TOLERANCE
            return subscriber_mails.is_any_due(snapshot, slugs, now=now, longest_lease=longest)

    def claim(self, slugs: Collection[str], *, now: datetime, leased_until: datetime) -> OwedMail | None:
        """Lease the next due mail for these pages, or None. An expired lease is taken over.

        It says nothing that was deleted or hidden meanwhile: a mail that would say nothing else is withdrawn.
        """
        longest = leased_until + CLOCK_TOLERANCE
        while True:
            # As for notifications: if a power cut undoes a lease, the mail is due again.
            with self._database.transaction(is_durable=False) as transaction:
                row = subscriber_mails.claim(
                    transaction, slugs, now=now, leased_until=leased_until, longest_lease=longest
                )
                if row is None:
                    return None
                whose, about = subscribers.whose(transaction, row["subscriber_id"]), None
                if (announcement_id := row["announcement_id"]) is not None:
                    about = _announced(transaction, announcement_id)
                    count = 0 if about else subscriber_mails.withdraw(transaction, row, now)
            if announcement_id is not None and about is None:
                step(
                    "server",
                    "subscriber_mails_withdrawn",
                    announcement_id=announcement_id,
                    count=count,
                    reason="what they announce was deleted or hidden",
                )
                continue
            created_at = datetime.fromisoformat(row["created_at"])
            return OwedMail(row["id"], created_at, row["attempts"], subscriber_of(whose), about)

    def record(self, mail: OwedMail, outcome: Outcome, *, due_at: datetime, slugs: Collection[str] = ()) -> bool:
        """Record an attempt. Whether that removed the subscriber, whose mailbox was REFUSED too often.

        ``slugs``: the pages whose mails go the same way.
        """
        status = {"RETRY": "PENDING", "PUT_OFF": "PENDING", "REFUSED": "FAILED"}.get(outcome, outcome)
        with self._database.transaction() as transaction:
            if not subscriber_mails.settle(transaction, mail.id, mail.created_at, mail.attempts, status, due_at):
                return False  # another sender took it over, or the subscription has ended
            if outcome == "PUT_OFF":
                # The one that is tried next is the same again, and waits longer each time. Otherwise each of a thousand
                # mails would try a password that is wrong, until the server shuts us out.
                subscriber_mails.put_off(transaction, slugs, due_at)
            if outcome not in ("SENT", "REFUSED"):
                return False
            row = subscribers.get(transaction, mail.to.id)
            if row is None:
                return False
            refusals = row["refusals"] + 1 if outcome == "REFUSED" else 0
            if refusals and (not mail.to.is_confirmed or _is_gone(transaction, mail, refusals)):
                subscribers.remove(transaction, mail.to.id)
                return True
            if refusals != row["refusals"]:
                subscribers.note_refusals(transaction, mail.to.id, refusals)
        return False

    def expire(self, *, now: datetime, created_before: datetime) -> int:
        """Give up what was created before then and nobody is sending now; how many; 0 while the clock is uncertain."""
        with self._database.snapshot() as snapshot:
            if not subscriber_mails.has_expired(snapshot, created_before):
                return 0
        if uncertain_until(self._database, now) is not None:
            return 0
        with self._database.transaction() as transaction:
            return subscriber_mails.expire(transaction, now=now, before=created_before)


def _announced(transaction: Transaction, announcement_id: int) -> Announced | None:
    row = announcements.get(transaction, announcement_id)
    body = said_now(transaction, row) if row else None
    return Announced(announcement_id, row["kind"], body) if row and body else None


def _is_gone(transaction: Transaction, mail: OwedMail, refusals: int) -> bool:
    if refusals < MOST_REFUSALS:
        return False
    since = subscriber_mails.failing_since(transaction, mail.to.id)
    return since is not None and mail.created_at - datetime.fromisoformat(since) >= REFUSED_FOR
