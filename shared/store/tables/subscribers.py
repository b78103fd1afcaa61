"""The tables ``subscribers`` and ``subscription_requests``. Addresses are personal data: what ends is deleted."""

from collections.abc import Collection
from datetime import datetime

from shared.models import as_text
from shared.models.values import MAX_ID
from shared.store.engines.database import Row, Transaction

_ADD = """
    INSERT INTO subscribers (slug, address, language, secret, asked_at)
    VALUES (:slug, :address, :language, :secret, :at)
    ON CONFLICT (slug, address) DO UPDATE SET language = excluded.language, asked_at = excluded.asked_at
    WHERE subscribers.confirmed_at IS NULL AND subscribers.asked_at <= :before
    RETURNING *"""
_REQUEST = "INSERT INTO subscription_requests (client, address, at) VALUES (:client, :address, :at)"
_COUNT = """
    SELECT count(*) AS everybody,
        coalesce(sum(CASE WHEN client = :client THEN 1 ELSE 0 END), 0) AS client
    FROM subscription_requests WHERE at > :since"""
_FOR = "SELECT count(*) AS count FROM subscription_requests WHERE address = :address AND at > :since"
# A request stays that of its client.
_FULFIL = "UPDATE subscription_requests SET address = '' WHERE address = :address AND at = :at"
_FORGOTTEN = """
    SELECT id FROM subscribers WHERE (confirmed_at IS NULL AND asked_at < :before) OR left_since < :left
    ORDER BY id LIMIT :most"""


def add(
    transaction: Transaction, slug: str, address: str, language: str, secret: str, *, at: datetime, before: datetime
) -> Row | None:
    """A subscriber who has not confirmed yet, new or again; None if the address is confirmed already.

    ``before``: None also if it was asked for after that.
    """
    said = {"slug": slug, "address": address, "language": language, "secret": secret}
    return transaction.row(_ADD, at=as_text(at), before=as_text(before), **said)


def get(transaction: Transaction, subscriber_id: int) -> Row | None:
    """The subscriber with this id, if there is one."""
    if subscriber_id > MAX_ID:
        return None
    return transaction.row("SELECT * FROM subscribers WHERE id = :id", id=subscriber_id)


def whose(transaction: Transaction, subscriber_id: int) -> Row:
    """The subscriber who is owed a mail: there is one as long as the mail is."""
    return transaction.rows("SELECT * FROM subscribers WHERE id = :id", id=subscriber_id)[0]


def confirm(transaction: Transaction, subscriber_id: int, at: datetime) -> None:
    """Note that the address's owner wants the mails."""
    sql = "UPDATE subscribers SET confirmed_at = coalesce(confirmed_at, :at) WHERE id = :id"
    transaction.rows(sql, at=as_text(at), id=subscriber_id)


def remove(transaction: Transaction, subscriber_id: int) -> None:
    """Delete a subscriber with all mails."""
    transaction.rows("DELETE FROM subscriber_mails WHERE subscriber_id = :id", id=subscriber_id)
    transaction.rows("DELETE FROM subscribers WHERE id = :id", id=subscriber_id)


def ids_of(transaction: Transaction, address: str, slug: str | None) -> list[int]:
    """The subscribers with this address; ``slug``: only those of one page."""
    of_page = "" if slug is None else " AND slug = :slug"
    sql = f"SELECT id FROM subscribers WHERE address = :address{of_page}"  # noqa: S608  # our own text
    rows = transaction.rows(sql, address=address, **({} if slug is None else {"slug": slug}))
    return [row["id"] for row in rows]


def note_refusals(transaction: Transaction, subscriber_id: int, count: int) -> None:
    """Write how often in a row the mailbox was refused."""
    transaction.rows("UPDATE subscribers SET refusals = :count WHERE id = :id", count=count, id=subscriber_id)


def confirmed(transaction: Transaction) -> dict[str, int]:
    """How many have confirmed, by the page's slug."""
    sql = "SELECT slug, count(*) AS count FROM subscribers WHERE confirmed_at IS NOT NULL GROUP BY slug"
    return {row["slug"]: row["count"] for row in transaction.rows(sql)}


def left_pages(transaction: Transaction) -> dict[str, bool]:
    """Whether the page is noted as gone, by the slugs of those that somebody subscribes to."""
    rows = transaction.rows("SELECT slug, max(left_since) AS left_since FROM subscribers GROUP BY slug")
    return {row["slug"]: row["left_since"] is not None for row in rows}


def note_left(transaction: Transaction, slug: str, since: str | None) -> None:
    """Write since when a page is gone; None: it is there."""
    transaction.rows("UPDATE subscribers SET left_since = :since WHERE slug = :slug", slug=slug, since=since)


def between(transaction: Transaction, slug: str, after: int, before: str, most: int) -> list[int]:
    """The ids above ``after`` of those who confirmed before a time."""
    sql = """SELECT id FROM subscribers WHERE slug = :slug AND id > :after AND confirmed_at <= :before
        ORDER BY id LIMIT :most"""
    return [row["id"] for row in transaction.rows(sql, slug=slug, after=after, before=before, most=most)]


def add_request(transaction: Transaction, client: str, address: str, at: datetime) -> None:
    """Note who asks, and for which address; both hashed."""
    transaction.rows(_REQUEST, client=client, address=address, at=as_text(at))


def requests_since(transaction: Transaction, client: str, since: datetime) -> tuple[int, int]:
    """How many requests came since then, from this client and from everybody."""
    row = transaction.row(_COUNT, client=client, since=as_text(since))
    return (int(row["client"]), int(row["everybody"])) if row else (0, 0)


def requests_for(transaction: Transaction, address: str, since: datetime) -> int:
    """How often since then this address was owed a mail that nobody has confirmed."""
    row = transaction.row(_FOR, address=address, since=as_text(since))
    return int(row["count"]) if row else 0


def fulfil_request(transaction: Transaction, address: str, at: str) -> None:
    """Note that the owner of the address wanted the mail that was asked for at this time."""
    transaction.rows(_FULFIL, address=address, at=at)


def has_forgotten(transaction: Transaction, before: str, left: str) -> bool:
    """Whether there is anything for ``forget``."""
    sql = "SELECT 1 FROM subscription_requests WHERE at < :before LIMIT 1"
    return bool(transaction.row(sql, before=before) or transaction.rows(_FORGOTTEN, before=before, left=left, most=1))


def forget(transaction: Transaction, before: str, left: str, most: int) -> int:
    """Delete who has not confirmed in time, or whose page was ``left`` by then, and old requests; how many rows."""
    found = transaction.rows(_FORGOTTEN, before=before, left=left, most=most)
    ids: Collection[int] = [row["id"] for row in found]
    for subscriber_id in ids:
        remove(transaction, subscriber_id)
    old = transaction.rows("DELETE FROM subscription_requests WHERE at < :before RETURNING id", before=before)
    return len(ids) + len(old)
