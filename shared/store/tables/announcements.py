"""The table ``announcements``: what is mailed to those who subscribed to a status page."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.models import as_text
from shared.store.engines.database import Row, Transaction

# An earlier incident or update is no news any more, for example if a page got its first subscriber.
RECENT = timedelta(days=1)
_ADD = """
    INSERT INTO announcements (slug, about, kind, body, at, alerts, is_over)
    VALUES (:slug, :about, :kind, :body, :at, :alerts, :is_over)
    ON CONFLICT (slug, about) DO NOTHING"""
# Mails go before what they were about. An announcement stays as long as its outage goes on or its window is not over:
# otherwise it would be mailed again.
_OLD = """
    SELECT id FROM announcements WHERE at < :before AND is_spread = 1 AND is_over = 1
      AND NOT EXISTS (SELECT 1 FROM subscriber_mails WHERE announcement_id = announcements.id)
      AND NOT EXISTS (
        SELECT 1 FROM windows WHERE ends_at >= :now
          AND 'window ' || id || ' ' = substr(about, 1, length('window ' || id || ' ')))
    ORDER BY id LIMIT :most"""


def about_window(window_id: int, what: str) -> str:
    """The name of ``what`` is announced of a window, as ``_OLD`` has it too."""
    return f"window {window_id} {what}"


def window_of(about: str) -> int:
    """The id of the window that an announcement is about."""
    return int(about.split()[1])


def add(
    transaction: Transaction, slug: str, about: str, kind: str, body: Mapping[str, Any], at: str, alerts: Sequence[Any]
) -> None:
    """Announce something once. ``alerts``: the outages that it is about as long as they last."""
    transaction.rows(
        _ADD,
        slug=slug,
        about=about,
        kind=kind,
        body=json.dumps(body, ensure_ascii=False),
        at=at,
        alerts=json.dumps(list(alerts)) if alerts else None,
        is_over=0 if alerts else 1,
    )


def get(transaction: Transaction, announcement_id: int) -> Row | None:
    """An announcement, if it is still there."""
    return transaction.row("SELECT id, slug, about, kind, body FROM announcements WHERE id = :id", id=announcement_id)


def of_outages(transaction: Transaction) -> list[Row]:
    """Those of outages that are not all said to be over."""
    return transaction.rows("SELECT * FROM announcements WHERE is_over = 0 ORDER BY id")


def of_windows(transaction: Transaction) -> list[Row]:
    """Those of windows, oldest first."""
    return transaction.rows("SELECT id, slug, about, body, at FROM announcements WHERE kind = 'WINDOW' ORDER BY id")


def replace_window(transaction: Transaction, slug: str, former: int, window_id: int) -> None:
    """Let a page's announcements of a ``former`` window be about the one that replaced it."""
    sql = """UPDATE announcements SET about = :prefix || substr(about, length(:former) + 1)
        WHERE slug = :slug AND kind = 'WINDOW' AND substr(about, 1, length(:former)) = :former"""
    prefixes = {"former": about_window(former, ""), "prefix": about_window(window_id, "")}
    transaction.rows(sql, slug=slug, **prefixes)


def end(transaction: Transaction, announcement_id: int, alerts: Sequence[int | None]) -> None:
    """Note that it is said that outages are over: None stands for each of them."""
    is_over = all(alert_id is None for alert_id in alerts)
    sql = "UPDATE announcements SET alerts = :alerts, is_over = :is_over WHERE id = :id"
    transaction.rows(sql, id=announcement_id, alerts=json.dumps(list(alerts)), is_over=int(is_over))


def known(transaction: Transaction, slug: str, kind: str, since: str) -> set[str]:
    """The announcements of this kind on a page, from a time on."""
    sql = "SELECT about FROM announcements WHERE slug = :slug AND kind = :kind AND at >= :since"
    return {row["about"] for row in transaction.rows(sql, slug=slug, kind=kind, since=since)}


def next_to_spread(transaction: Transaction) -> Row | None:
    """The oldest that some subscriber may have no mail of yet."""
    return transaction.row("SELECT * FROM announcements WHERE is_spread = 0 ORDER BY id LIMIT 1")


def reach(transaction: Transaction, announcement_id: int, subscriber_id: int, *, is_spread: bool) -> None:
    """Note up to whom there are mails, and whether that is everybody."""
    sql = "UPDATE announcements SET reached = :reached, is_spread = :is_spread WHERE id = :id"
    transaction.rows(sql, id=announcement_id, reached=subscriber_id, is_spread=int(is_spread))


def prune(transaction: Transaction, before: str, now: datetime, most: int) -> int:
    """Delete some old ones; how many. One that is still news stays: it would be told again."""
    before = min(before, as_text(now - RECENT))
    ids = [row["id"] for row in transaction.rows(_OLD, before=before, now=as_text(now), most=most)]
    for announcement_id in ids:
        transaction.rows("DELETE FROM announcements WHERE id = :id", id=announcement_id)
    return len(ids)
