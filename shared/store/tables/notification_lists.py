"""The table ``notifications``, as far as one message is about several of its rows: what waits in a storm, and lists."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.alerting.storms import Waiting
from shared.models import Attempt, AttemptStatus, Notification, NotificationStatus, as_text
from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.notifications import IS_DUE, LEASE, salvage

# The rows that ``notifications.claim`` would claim one after the other, in one pass over all that are owed or held.
_WAITING = f"""
    SELECT due.id, due.kind, due.due_at, due.listed_with, due.status FROM (
        SELECT owed.*, min(owed.id) OVER (PARTITION BY about.subject, about.kind) AS next_id
        FROM (
            SELECT id, alert_id, kind, status, due_at, scheduled_at, leased_until, listed_with FROM notifications
            WHERE channel = :channel AND status IN ('PENDING', 'SENDING') AND kind <> 'UPDATE'
            UNION ALL
            SELECT id, alert_id, kind, status, due_at, scheduled_at, leased_until, listed_with FROM notifications
            WHERE channel = :channel AND status = 'HELD') owed
        JOIN alerts about ON about.id = owed.alert_id) due
    WHERE due.id = due.next_id AND due.status <> 'HELD' AND {IS_DUE}
    ORDER BY due.due_at, due.id"""  # noqa: S608  # our own text

_SENT = """
    SELECT max(claimed_at) AS at FROM notifications
    WHERE channel = :channel AND claimed_at > :since AND claimed_at <= :clock_was_set_back
    GROUP BY coalesce(listed_with, id)"""

_SETTLE = """
    UPDATE notifications
    SET status = :status, due_at = coalesce(:due_at, due_at), scheduled_at = :attempted_at, leased_until = NULL
    WHERE status IN ('PENDING', 'SENDING') AND {which}"""

_LOG = """
    INSERT INTO notification_logs
        (notification_id, alert_id, kind, channel, status, attempted_at, duration_ms, answer, reason)
    SELECT id, alert_id, kind, channel, :status, :attempted_at, :duration_ms, :answer, reason
    FROM notifications WHERE id IN ({ids}) ORDER BY id"""


def waiting(
    transaction: Transaction, channel: str, *, now: datetime, leased_until: datetime, skew: timedelta
) -> list[Waiting]:
    """The notifications that could be claimed for the channel, longest due first. ``skew``: see ``notifications``."""
    rows = transaction.rows(
        _WAITING,
        channel=channel,
        now=as_text(now),
        clock_was_set_back=as_text(now + skew),
        longest_lease=as_text(leased_until + skew),
    )
    return [
        Waiting(
            row["id"],
            row["kind"],
            datetime.fromisoformat(row["due_at"]),
            row["listed_with"],
            is_taken_over=row["status"] == NotificationStatus.SENDING,
        )
        for row in rows
    ]


def sent(transaction: Transaction, channel: str, *, now: datetime, seconds: float, skew: timedelta) -> list[datetime]:
    """When senders took up the channel's messages of the last ``seconds``, a list being one.

    ``skew`` as for ``notifications.claim``.
    """
    since, clock_was_set_back = as_text(now - timedelta(seconds=seconds)), as_text(now + skew)
    rows = transaction.rows(_SENT, channel=channel, since=since, clock_was_set_back=clock_was_set_back)
    return [datetime.fromisoformat(row["at"]) for row in rows]


def claim(
    transaction: Transaction, ids: Sequence[int], listed_with: int | None, *, now: datetime, leased_until: datetime
) -> list[Notification]:
    """Lease these notifications together, as one message."""
    found: list[Row] = []
    times = {"now": as_text(now), "leased_until": as_text(leased_until)}
    for names, named in in_parts(ids):
        sql = f"{LEASE}, listed_with = :listed_with WHERE id IN ({names}) RETURNING *"
        found += transaction.rows(sql, listed_with=listed_with, **times, **named)
    # No engine promises an order of what it returns.
    return sorted((salvage(row, now) for row in found), key=lambda notification: notification.id)


def settle(transaction: Transaction, attempt: Attempt) -> None:
    """Give each notification of a list the status that the attempt means, and a row of its own in the log.

    If a lease was taken over meanwhile, see ``notifications.settle``.
    """
    is_retry, is_sent = attempt.status is AttemptStatus.RETRY, attempt.status is AttemptStatus.SENT
    attempts = {each.id: each.attempts for each in (attempt.notification, *attempt.listed)}
    at = as_text(attempt.attempted_at)
    for names, named in in_parts(list(attempts)):
        leases = {name.replace("id", "lease"): attempts[number] for name, number in named.items()}
        pairs = ", ".join(f"(:{name}, :{lease})" for name, lease in zip(named, leases, strict=True))
        which, of_leases = (f"id IN ({names})", {}) if is_sent else (f"(id, attempts) IN (VALUES {pairs})", leases)
        transaction.run(
            _SETTLE.format(which=which),
            status=NotificationStatus.PENDING if is_retry else NotificationStatus(attempt.status),
            due_at=as_text(attempt.due_at) if attempt.due_at else None,
            attempted_at=at,
            **named,
            **of_leases,
        )
        transaction.run(
            _LOG.format(ids=names),
            status=attempt.status,
            attempted_at=at,
            duration_ms=round(attempt.duration_ms, 3),
            answer=attempt.answer,
            **named,
        )
