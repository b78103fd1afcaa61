"""Rows that the dashboard shows of many monitors, alerts and channels at once: of several tables, without policies."""

from collections.abc import Collection, Sequence

from shared.models import Alert
from shared.models.monitor import SEVERAL
from shared.store.engines.database import Row, Transaction, in_parts

_MONITORS = f"""
    SELECT monitors.id, monitors.name, monitors.target_url, monitors.group_name, monitors.tags, monitors.source,
        monitors.state, monitors.since, monitors.is_watched, monitors.last_checked_at, monitors.is_flapping,
        COALESCE(monitors.interval_seconds, agents.interval_seconds) AS interval_seconds,
        raw_events.response_us,
        CASE WHEN location = '{SEVERAL}' THEN NULL ELSE monitors.agent END AS only_agent
    FROM monitors LEFT JOIN agents ON agents.name = monitors.agent
        LEFT JOIN raw_events ON raw_events.id = monitors.last_event_id
    WHERE removed_at IS NULL ORDER BY monitors.id"""  # noqa: S608  # our own name
_BY_AGENT = f"""
    SELECT agent, count(*) AS monitors FROM (
        SELECT agent FROM monitors
        WHERE removed_at IS NULL AND is_watched = 1 AND (location IS NULL OR location <> '{SEVERAL}')
        UNION ALL SELECT monitor_locations.agent FROM monitor_locations JOIN monitors ON monitors.id = monitor_id
        WHERE removed_at IS NULL AND is_watched = 1 AND monitors.location = '{SEVERAL}') AS checked
    WHERE agent IS NOT NULL GROUP BY agent"""  # noqa: S608  # our own name
# Only the newest attempts are read: a channel without one among them has nothing to say.
_RECENT = 20_000
_LAST_ATTEMPT = """
    SELECT channel, status, attempted_at, duration_ms, answer, alert_id, notification_id FROM notification_logs
    WHERE channel = :channel AND status IN ({statuses}) AND id > :after ORDER BY id DESC LIMIT 1"""
_LAST_SENT = f"""
    SELECT channel, max(attempted_at) AS last_sent FROM notification_logs
    WHERE status = 'SENT' AND id > (SELECT max(id) FROM notification_logs) - {_RECENT} GROUP BY channel"""  # noqa: S608  # our own number
_TRIED = ("SENT", "RETRY", "FAILED", "EXPIRED")


def monitors(transaction: Transaction) -> list[Row]:
    """Every monitor, in the order of their ids, with how long its newest event took (in microseconds; -1: unknown).

    ``only_agent``: our agent that checks it, if no other location does.
    """
    return transaction.rows(_MONITORS)


def active_alerts(transaction: Transaction) -> list[Alert]:
    """The alerts that are OPEN or ACK, oldest first."""
    return transaction.values(Alert, "SELECT * FROM alerts WHERE status IN ('OPEN', 'ACK') ORDER BY id")


def first_messages(transaction: Transaction, alert_ids: Sequence[int]) -> list[Row]:
    """The messages owed when these alerts opened: to whom, and with which outcome."""
    found: list[Row] = []
    for ids, named in in_parts(list(alert_ids)):
        found += transaction.rows(
            f"""SELECT notifications.alert_id, notifications.channel, notifications.status, notifications.reason
            FROM notifications JOIN alerts ON alerts.id = notifications.alert_id AND alerts.kind = notifications.kind
            WHERE alert_id IN ({ids}) ORDER BY notifications.id""",  # noqa: S608  # our own text
            **named,
        )
    return found


def last_attempts(transaction: Transaction, channels: Collection[str], statuses: Sequence[str] = _TRIED) -> list[Row]:
    """The last attempt on each of these channels that ended so; channels without one are left out."""
    row = transaction.row("SELECT max(id) AS newest FROM notification_logs")
    after = (row["newest"] or 0) - _RECENT if row else 0
    sql = _LAST_ATTEMPT.format(statuses=", ".join(f"'{status}'" for status in statuses))
    answers = [transaction.ask(sql, channel=channel, after=after) for channel in channels]
    return [attempt for answer in answers for attempt in answer()]


def last_sent(transaction: Transaction) -> dict[str, str]:
    """When each channel last took a message; channels that took none of the newest attempts are left out."""
    return {row["channel"]: row["last_sent"] for row in transaction.rows(_LAST_SENT)}


def names(transaction: Transaction) -> list[Row]:
    """The name, group and owner of every monitor, by name, whatever its case."""
    rows = transaction.rows("SELECT name, group_name, source FROM monitors WHERE removed_at IS NULL")
    # PostgreSQL would sort them by the collation of its database.
    return sorted(rows, key=lambda row: (row["name"].casefold(), row["name"]))


def by_agent(transaction: Transaction) -> list[Row]:
    """How many ``monitors`` each ``agent`` checks: it was the last one to do so, from one of its locations."""
    return transaction.rows(_BY_AGENT)
