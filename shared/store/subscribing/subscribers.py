"""Subscriptions to a status page: asked for, confirmed, ended; and how often somebody may ask."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from shared.alerting import FIRST_TIME, WATCH_GAP
from shared.models import as_text
from shared.settings import network_of
from shared.settings.status_pages import pages_of
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import configuration, subscriber_mails, subscribers, watches

# For so long a link in a mail confirms, and an address that nobody confirms is kept.
CONFIRM_WITHIN = timedelta(days=1)
# Those of a page that is gone are kept for so long: it may come back with the next edit of the file.
LEFT_FOR = timedelta(days=7)
# An address gets so few mails that it has not confirmed, whoever asks; also if it is asked for on several pages.
MOST_A_DAY = 3
# The next mail that asks it the same, for the same page, comes after so long.
PAUSE = timedelta(minutes=10)
# A client may ask so often in an hour, and all together: beyond that, our mail server would be taken for a spammer.
MOST_OF_CLIENT, MOST_OF_ALL = 10, 200
_WITHIN = timedelta(hours=1)


class Subscriber(NamedTuple):
    """Somebody who gets mail about a page, or will after a confirmation."""

    id: int
    slug: str
    address: str
    language: Literal["en", "ko"]
    secret: str
    is_confirmed: bool


class Subscribers:
    """The subscribers of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, slug: str, address: str, language: str, *, client: str, now: datetime) -> bool:
        """Owe the address a mail that asks for its confirmation; False if this client, or everybody, asks too often.

        Nobody can tell from the result whether the address is known: one that is confirmed, or was asked lately, is
        owed nothing.
        """
        address = _spelled(address)
        hashed, who = _hash(_mailbox(address)), _hash(network_of(client))
        with self._database.snapshot() as snapshot:
            if _is_too_often(snapshot, who, now):
                return False  # without the lock that every writer waits for: anybody can ask without end
        with self._database.transaction() as transaction:
            if _is_too_often(transaction, who, now):
                return False
            row = None
            if subscribers.requests_for(transaction, hashed, now - CONFIRM_WITHIN) < MOST_A_DAY:
                secret = secrets.token_hex(16)
                row = subscribers.add(transaction, slug, address, language, secret, at=now, before=now - PAUSE)
            if row is not None:
                subscriber_mails.add(transaction, [row["id"]], None, now)
            # For the address, only what it is mailed counts.
            subscribers.add_request(transaction, who, hashed if row is not None else "", now)
        return True

    def get(self, subscriber_id: int) -> Subscriber | None:
        """The subscriber with this id, if there is one."""
        with self._database.snapshot() as snapshot:
            row = subscribers.get(snapshot, subscriber_id)
        return subscriber_of(row) if row else None

    def confirm(self, subscriber_id: int, *, now: datetime) -> None:
        """Note that the address's owner wants the mails."""
        with self._database.transaction() as transaction:
            if (row := subscribers.get(transaction, subscriber_id)) is not None:
                subscribers.fulfil_request(transaction, _hash(_mailbox(row["address"])), row["asked_at"])
            subscribers.confirm(transaction, subscriber_id, now)
            subscriber_mails.confirmed(transaction, subscriber_id)

    def remove(self, subscriber_id: int) -> None:
        """Delete a subscriber with the address and all mails."""
        with self._database.transaction() as transaction:
            subscribers.remove(transaction, subscriber_id)

    def remove_address(self, address: str, *, slug: str | None = None) -> int:
        """Delete the subscribers with this address, on one page or on all; how many those were."""
        with self._database.transaction() as transaction:
            found = subscribers.ids_of(transaction, _spelled(address), slug)
            for subscriber_id in found:
                subscribers.remove(transaction, subscriber_id)
        return len(found)

    def note_pages(self, is_on: bool | None, *, now: datetime) -> None:
        """Note whose page is gone, or takes no subscriptions any more, and whose is there again: see LEFT_FOR.

        ``is_on``: see ``pages_of``.
        """
        with self._database.snapshot() as snapshot:
            noted = subscribers.left_pages(snapshot)
            if not noted:
                return  # the usual case
            pages = pages_of(is_on, configuration.body(snapshot))
            there = {slug for slug, page in pages.items() if page.get("subscribe") is not False}
            changed = [slug for slug, is_left in noted.items() if is_left == (slug in there)]
        if changed:
            with self._database.transaction() as transaction:
                for slug in changed:
                    subscribers.note_left(transaction, slug, None if slug in there else as_text(now))

    def counts(self) -> Mapping[str, int]:
        """How many have confirmed, by the page's slug."""
        with self._database.snapshot() as snapshot:
            return subscribers.confirmed(snapshot)


def subscriber_of(row: Row) -> Subscriber:
    """The subscriber of a row."""
    is_confirmed = row["confirmed_at"] is not None
    return Subscriber(row["id"], row["slug"], row["address"], row["language"], row["secret"], is_confirmed)


def is_any_forgotten(transaction: Transaction, now: datetime) -> bool:
    """Whether there is anything for ``forget``."""
    return subscribers.has_forgotten(transaction, as_text(now - CONFIRM_WITHIN), _left_before(transaction, now))


def forget(transaction: Transaction, now: datetime, most: int) -> int:
    """Delete who has not confirmed in time, or whose page is gone, and old requests; how many rows that were."""
    return subscribers.forget(transaction, as_text(now - CONFIRM_WITHIN), _left_before(transaction, now), most)


def _left_before(transaction: Transaction, now: datetime) -> str:
    """Subscribers are forgotten if their page has been gone since before then.

    If the reviews that note it have just begun, nobody is: the page may have come back while the system was stopped.
    """
    watch = watches.get(transaction, "review_alerts")
    goes_on = watch is not None and watch.started_at + WATCH_GAP < now < watch.seen_at + WATCH_GAP
    return as_text(now - LEFT_FOR if goes_on else FIRST_TIME)


def _is_too_often(transaction: Transaction, who: str, now: datetime) -> bool:
    of_client, of_all = subscribers.requests_since(transaction, who, now - _WITHIN)
    return of_client >= MOST_OF_CLIENT or of_all >= MOST_OF_ALL


def _spelled(address: str) -> str:
    """An address as it is stored: nobody has two mailboxes that differ only in upper and lower case."""
    return address.lower()


def _mailbox(address: str) -> str:
    """The mailbox of an address: many servers drop what follows a +, and the largest one drops dots."""
    local, _, domain = address.partition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
