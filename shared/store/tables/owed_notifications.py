"""The notifications of the table ``notifications`` that are still owed: to whom, how many, and since when."""

from datetime import datetime, timedelta

from shared.models import as_text
from shared.store.engines.database import Row, Transaction

# The next one of ``notifications`` to send, in one pass over everything that is owed: GET / asks this.
_OWED_BY_CHANNEL = """
    SELECT channel, count(*) AS owed, min(created_at) AS oldest, sum(
        CASE WHEN due_at <= :late AND (leased_until IS NULL OR leased_until <= :late) AND id = next_id
        THEN 1 ELSE 0 END) AS overdue,
        min(CASE WHEN attempts > CASE status WHEN 'SENDING' THEN 1 ELSE 0 END THEN created_at END) AS tried_since
    FROM (
        SELECT due.id, due.channel, coalesce(due.released_at, due.created_at) AS created_at,
            due.due_at, due.leased_until, due.status, due.attempts,
            min(due.id) OVER (PARTITION BY due.channel, about.subject, about.kind) AS next_id
        FROM notifications due JOIN alerts about ON about.id = due.alert_id
        WHERE due.status IN ('PENDING', 'SENDING') AND due.kind <> 'UPDATE') owed
    GROUP BY channel ORDER BY channel"""


def ids_by_channel(transaction: Transaction, first: int, last: int) -> dict[str, set[int]]:
    """The ids, from the first to the last of these, of notifications that are still owed; by the channel."""
    sql = "SELECT channel, id FROM notifications WHERE id BETWEEN :first AND :last AND status IN ('PENDING', 'SENDING')"
    found: dict[str, set[int]] = {}
    for row in transaction.rows(sql, first=first, last=last):
        found.setdefault(row["channel"], set()).add(row["id"])
    return found


def due_channels(transaction: Transaction, *, now: datetime, skew: timedelta) -> set[str]:
    """The channels that something is owed to and due for. ``skew``: see ``notifications.Claim``."""
    rows = transaction.rows(
        "SELECT DISTINCT channel FROM notifications WHERE status IN ('PENDING', 'SENDING') "
        "AND (due_at <= :now OR scheduled_at > :clock_was_set_back)",
        now=as_text(now),
        clock_was_set_back=as_text(now + skew),
    )
    return {row["channel"] for row in rows}


def count_owed(transaction: Transaction) -> int:
    """How many messages are still owed. An edit is none."""
    sql = "SELECT count(*) AS owed FROM notifications WHERE status IN ('PENDING', 'SENDING') AND kind <> 'UPDATE'"
    row = transaction.row(sql)
    return int(row["owed"]) if row else 0


def counts(transaction: Transaction) -> list[Row]:
    """How many messages are ``owed`` to each ``channel`` that is owed any. An edit is none."""
    sql = """SELECT channel, count(*) AS owed FROM notifications
        WHERE status IN ('PENDING', 'SENDING') AND kind <> 'UPDATE' GROUP BY channel"""
    return transaction.rows(sql)


def notified(transaction: Transaction) -> list[Row]:
    """How many active ``alerts`` each ``channel`` was notified of."""
    sql = """SELECT channel, count(DISTINCT alert_id) AS alerts FROM notifications
        WHERE status = 'SENT' AND kind NOT IN ('RECOVERY', 'UPDATE')
          AND alert_id IN (SELECT id FROM alerts WHERE status IN ('OPEN', 'ACK'))
        GROUP BY channel ORDER BY channel"""
    return transaction.rows(sql)


def owed_by_channel(transaction: Transaction, *, late: datetime) -> list[Row]:
    """For each ``channel`` how many messages are ``owed``, how many ``overdue``, and when the ``oldest`` was created.

    Edits do not count. A message is overdue if it could have been sent since ``late``. ``tried_since``: when the oldest
    one was created whose last attempt failed; None if there is none. Each failure moves the time when it is due.
    """
    return transaction.rows(_OWED_BY_CHANNEL, late=as_text(late))
