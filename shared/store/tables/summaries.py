"""The table ``alerts``, as far as summaries stand in it, and what only summaries ask of the other tables."""

from collections.abc import Sequence
from datetime import datetime

from shared.models import Alert, as_text
from shared.models.alert import OURSELVES
from shared.store.engines.database import Row, Transaction

# It is never active: nobody can do anything about it, and it has no end of its own.
_ADD = """
    INSERT INTO alerts
        (kind, subject, status, cause, failed_at, opened_at, created_at, resolved_at, summary)
    VALUES ('SUMMARY', :subject, 'RESOLVED', :cause, :now, :now, :now, :now, :summary) RETURNING *"""

_OUTAGES = """
    SELECT alerts.subject, alerts.failed_at, alerts.resolved_at FROM alerts JOIN monitors ON monitors.name = subject
    WHERE alerts.kind = 'OUTAGE' AND failed_at >= :since AND failed_at < :until AND removed_at IS NULL
    ORDER BY alerts.id"""

# The last check's view of each monitor that is watched.
_CERTIFICATES = """
    SELECT monitors.name, certificate_expires_at AS expires_at FROM monitors
    JOIN raw_events ON raw_events.id = last_event_id JOIN results ON results.id = result_id
    WHERE removed_at IS NULL AND is_watched = 1 AND certificate_expires_at < :until
    ORDER BY certificate_expires_at, monitors.name"""

# An edit that failed took nothing away from anybody.
_FAILED = """
    SELECT channel, count(DISTINCT notification_id) AS failed FROM notification_logs
    WHERE status IN ('FAILED', 'EXPIRED') AND kind <> 'UPDATE' AND attempted_at >= :since AND attempted_at < :until
    GROUP BY channel ORDER BY failed DESC, channel"""


def add(transaction: Transaction, cause: str, summary: str, now: datetime) -> Alert:
    """A summary. ``cause``: what it is about, as those read it who ask for alerts."""
    return transaction.added(Alert, _ADD, subject=OURSELVES, cause=cause, summary=summary, now=as_text(now))


def outages(transaction: Transaction, since: datetime, until: datetime) -> Sequence[Row]:
    """When the outages of the monitors that there are began and ended, of those that began in a span."""
    return transaction.rows(_OUTAGES, since=as_text(since), until=as_text(until))


def certificates(transaction: Transaction, until: datetime) -> Sequence[Row]:
    """The monitors whose certificates expire before then, and when; the next one first."""
    return transaction.rows(_CERTIFICATES, until=as_text(until))


def failed_messages(transaction: Transaction, since: datetime, until: datetime) -> Sequence[Row]:
    """How many messages each channel refused, or did not take in time, in a span; the most first."""
    return transaction.rows(_FAILED, since=as_text(since), until=as_text(until))
