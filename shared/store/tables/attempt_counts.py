"""The table ``attempt_counts``: how many rows ``notification_logs`` has had, also those that were pruned."""

from collections import Counter

from shared.store.engines.database import Row, Transaction

# Attempts are counted this many at once, which takes few commits. The reader counts the rest itself.
AT_ONCE = 1_000

# Transactions become visible in the order of their ids, so no row with a smaller id follows.
_COUNTED = "(SELECT coalesce(max(counted_until), 0) FROM attempt_counts)"
_NEXT = f"SELECT id, channel, status FROM notification_logs WHERE id > {_COUNTED} ORDER BY id LIMIT :most"  # noqa: S608  # ours
_ADD = """
    INSERT INTO attempt_counts (channel, status, attempts, counted_until)
    VALUES (:channel, :status, :attempts, :counted_until)
    ON CONFLICT (channel, status) DO UPDATE
    SET attempts = attempt_counts.attempts + excluded.attempts, counted_until = excluded.counted_until"""
_TOTALS = f"""
    SELECT channel, status, sum(attempts) AS attempts FROM (
        SELECT channel, status, attempts FROM attempt_counts
        UNION ALL
        SELECT channel, status, count(*) FROM notification_logs WHERE id > {_COUNTED} GROUP BY channel, status) AS parts
    GROUP BY channel, status ORDER BY channel, status"""  # noqa: S608  # our own text


def is_due(transaction: Transaction) -> bool:
    """Whether enough rows are not counted yet for a step of ``count``."""
    return len(transaction.rows(_NEXT, most=AT_ONCE)) == AT_ONCE


def count(transaction: Transaction) -> int:
    """Count the next rows, at most AT_ONCE; how many there were."""
    rows = transaction.rows(_NEXT, most=AT_ONCE)
    if rows:
        found = Counter((row["channel"], row["status"]) for row in rows)
        transaction.run_each(
            _ADD,
            [
                {"channel": channel, "status": status, "attempts": attempts, "counted_until": rows[-1]["id"]}
                for (channel, status), attempts in found.items()
            ],
        )
    return len(rows)


def totals(transaction: Transaction) -> list[Row]:
    """How many ``attempts`` there were for each ``channel`` and ``status``."""
    return transaction.rows(_TOTALS)
