"""Old rows are deleted, in steps that hold nobody up."""

import functools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from shared.history.buckets import floor
from shared.models import as_text
from shared.store.engines.database import Database, Transaction
from shared.store.subscribing.subscribers import forget, is_any_forgotten
from shared.store.tables import (
    announcements,
    attempt_counts,
    drills,
    events,
    merged_days,
    replay_facts,
    results,
    rollups,
    state_changes,
    subscriber_mails,
    trials,
)
from shared.store.upkeep import packing
from shared.store.upkeep.retention import Retention

ROWS_AT_ONCE = 500
ALERTS_AT_ONCE = 50
# A mail to a subscriber that is settled is kept for so long, if alerts are.
_MAIL_SECONDS = 30 * 86_400.0

# Numbers grow with the time of arrival, so the oldest come first. One that is dated ahead stays, and the scan goes on
# behind it. The newest stays, as a mark up to where events are folded.
_OLD_EVENTS = """
    SELECT id, timestamp, received_at FROM events
    WHERE id > :after AND id < :folded ORDER BY id LIMIT :most"""
# The newest alert stays, and the one of the newest message. Otherwise SQLite would give their numbers out again, and a
# new message would look like a copy of an old one.
_OLD_ALERTS = """
    SELECT id FROM alerts WHERE status = 'RESOLVED' AND resolved_at < :before AND NOT EXISTS (
        SELECT 1 FROM notifications WHERE alert_id = alerts.id AND status IN ('PENDING', 'SENDING', 'HELD'))
      AND id < (SELECT max(id) FROM alerts)
      AND id <> coalesce((SELECT alert_id FROM notifications ORDER BY id DESC LIMIT 1), 0)
    ORDER BY id LIMIT :most"""
_OLD_WINDOWS = "DELETE FROM windows WHERE source <> 'file' AND ends_at < :before RETURNING id"


def steps(retention: Retention, now: datetime) -> Iterator[Callable[[Database], int]]:
    """The rows to prune, by kind: a step returns how many rows it deleted, and is to be repeated until that is 0."""

    def before(seconds: float) -> str:
        return as_text(now - timedelta(seconds=seconds))

    yield _events(before(retention.events))
    yield _delete_results
    yield lambda database: _delete_alerts(database, before(retention.alerts))
    yield lambda database: _write(database, lambda each: len(each.rows(_OLD_WINDOWS, before=before(retention.alerts))))
    # By whole days, so that what says since when they are kept is written once a day.
    changed_before = as_text(floor(now - timedelta(seconds=retention.rollups), "day"))
    yield lambda database: _delete_changes(database, changed_before, as_text(now))
    yield lambda database: _delete_facts(database, before(retention.alerts))
    yield lambda database: _write(database, lambda each: drills.prune(each, before(retention.alerts), ROWS_AT_ONCE))
    yield lambda database: _write(database, lambda each: trials.prune(each, now))
    yield lambda database: _forget_addresses(database, now)
    mailed_before = before(min(_MAIL_SECONDS, retention.alerts))
    yield lambda database: _write(database, lambda each: subscriber_mails.prune(each, mailed_before, ROWS_AT_ONCE))
    yield lambda database: _write(
        database, lambda each: announcements.prune(each, before(retention.alerts), now, ROWS_AT_ONCE)
    )
    for step, seconds in (("hour", retention.hours), ("day", retention.rollups)):
        yield functools.partial(packing.prune, step=step, before=before(seconds))
        yield _rollups(step, before(seconds))


def _rollups(step: str, before: str) -> Callable[[Database], int]:
    def work(transaction: Transaction) -> int:
        if step == "day":
            merged_days.prune(transaction, before)
        return rollups.prune(transaction, step, before, ROWS_AT_ONCE)

    return lambda database: _write(database, work)


def _write(database: Database, work: Callable[[Transaction], int]) -> int:
    with database.transaction() as transaction:
        return work(transaction)


def _events(before: str) -> Callable[[Database], int]:
    """Delete the oldest events that are folded; a step at a time, from where the last one ended."""
    after = 0

    def step(database: Database) -> int:
        nonlocal after
        with database.snapshot() as snapshot:
            folded = rollups.folded(snapshot)
            rows = snapshot.rows(_OLD_EVENTS, after=after, folded=folded, most=ROWS_AT_ONCE)
        old = [row["id"] for row in rows if row["timestamp"] < before]
        if not rows or (not old and rows[0]["received_at"] >= before):
            return 0
        after = rows[-1]["id"]
        if old:
            with database.transaction() as transaction:
                events.delete(transaction, old)
        # Also a page of which nothing is old is a step: what lies behind it may be.
        return len(rows)

    return step


def _forget_addresses(database: Database, now: datetime) -> int:
    """Delete the addresses that nobody confirmed in time, or whose page is gone."""
    with database.snapshot() as snapshot:
        if not is_any_forgotten(snapshot, now):
            return 0
    return _write(database, lambda transaction: forget(transaction, now, ROWS_AT_ONCE))


def _delete_results(database: Database) -> int:
    with database.snapshot() as snapshot:
        if not results.prunable(snapshot, 1):
            return 0
    return _write(database, lambda transaction: results.prune(transaction, ROWS_AT_ONCE))


def _delete_changes(database: Database, before: str, now: str) -> int:
    with database.snapshot() as snapshot:
        if not state_changes.prunable(snapshot, before, now):
            return 0
    return _write(database, lambda transaction: state_changes.prune(transaction, before, now, ROWS_AT_ONCE))


def _delete_facts(database: Database, before: str) -> int:
    with database.snapshot() as snapshot:
        if not replay_facts.prunable(snapshot, before):
            return 0
    return _write(database, lambda transaction: replay_facts.prune(transaction, before, ROWS_AT_ONCE))


def count_attempts(database: Database) -> int:
    """Count the next attempts to send for good; how many there were."""
    with database.snapshot() as snapshot:
        if not attempt_counts.is_due(snapshot):
            return 0
    # It need not wait for the disk: after a power cut they are either counted, or will be.
    with database.transaction(is_durable=False) as transaction:
        return attempt_counts.count(transaction)


def _delete_alerts(database: Database, before: str) -> int:
    with database.snapshot() as snapshot:
        if not snapshot.rows(_OLD_ALERTS, before=before, most=1):
            return 0
    with database.transaction() as transaction:
        ids = [row["id"] for row in transaction.rows(_OLD_ALERTS, before=before, most=ALERTS_AT_ONCE)]
        while attempt_counts.count(transaction):
            pass  # what is deleted next has to be counted first
        for alert_id in ids:
            for table in ("alert_notes", "notification_logs", "notifications"):
                transaction.rows(f"DELETE FROM {table} WHERE alert_id = :id", id=alert_id)  # noqa: S608  # our own names
            transaction.rows("DELETE FROM alerts WHERE id = :id", id=alert_id)
    return len(ids)
