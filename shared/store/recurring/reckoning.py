"""The content of a summary, counted as the history of monitors is."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.history.buckets import edges
from shared.history.rollup import SHARES, Rollup
from shared.store.asking.availability import Availabilities
from shared.store.asking.counts import Counts
from shared.store.engines.database import Row, Transaction
from shared.store.recurring.period import Period
from shared.store.tables import drills, summaries
from shared.store.tables.scope import Scope, monitors_in

# As many as one reads.
MOST_MONITORS = 5
MOST_CERTIFICATES = 10
MOST_CHANNELS = 10
CERTIFICATES_WITHIN = timedelta(days=30)
_P95 = list(SHARES).index("p95")
_EVERYTHING = Scope()


def reckon(transaction: Transaction, period: Period, now: datetime) -> dict[str, Any]:
    """How it went in some days, as JSON.

    ``uptime``: of all ``monitors`` of which anything is known. ``worst``: those that were not always up, with their
    share. ``slowest``: with their p95 in milliseconds. ``longest``: whose outage, and its seconds until now if it goes
    on. ``certificates``: until when, and how ``many`` there are. ``failed``: how many messages, by channel.
    """
    watched = monitors_in(transaction, _EVERYTHING)
    available = Availabilities(transaction, _EVERYTHING, watched, [period.starts_at, period.ends_at], now)
    [whole] = available.of(monitor["id"] for monitor in watched)
    shares = {monitor["name"]: available.of([monitor["id"]])[0].uptime for monitor in watched}
    known = {name: share for name, share in shares.items() if share is not None}
    worst = sorted((share, name) for name, share in known.items() if share < 1)
    certificates = summaries.certificates(transaction, now + CERTIFICATES_WITHIN)
    failed = summaries.failed_messages(transaction, period.starts_at, period.ends_at)
    return {
        "from": period.first_day.isoformat(),
        "to": period.last_day.isoformat(),
        "uptime": whole.uptime,
        "monitors": len(known),
        "worst": [[name, share] for share, name in worst[:MOST_MONITORS]],
        "outages": whole.outages,
        "longest": _longest(summaries.outages(transaction, period.starts_at, period.ends_at), now),
        "slowest": _slowest(transaction, watched, period, now)[:MOST_MONITORS],
        "certificates": [[row["name"], row["expires_at"]] for row in certificates[:MOST_CERTIFICATES]],
        "many_certificates": len(certificates),
        "failed": {row["channel"]: row["failed"] for row in failed[:MOST_CHANNELS]},
        "many_failed": sum(row["failed"] for row in failed),
        "drill": drills.last(transaction),
    }


def _longest(outages: Sequence[Row], now: datetime) -> list[Any] | None:
    lengths = [(_seconds(row, now), row["subject"]) for row in outages]
    if not lengths:
        return None
    seconds, name = max(lengths)
    return [name, seconds]


def _seconds(row: Row, now: datetime) -> float:
    ended_at = datetime.fromisoformat(row["resolved_at"]) if row["resolved_at"] else now
    return max(0.0, (ended_at - datetime.fromisoformat(row["failed_at"])).total_seconds())


def _slowest(transaction: Transaction, watched: Sequence[Row], period: Period, now: datetime) -> list[list[Any]]:
    """The monitors by their p95, the slowest first."""
    counted: dict[int, Rollup] = defaultdict(Rollup)
    # Day by day, and of each monitor by itself: what is merged of several is of no use here.
    counts = Counts(transaction, _EVERYTHING, lambda monitor_id, _: counted[monitor_id], None)
    counts.read(edges(period.starts_at, period.ends_at, "day"), "day", now)
    names = {monitor["id"]: monitor["name"] for monitor in watched}
    found = [(names[each], rollup.percentiles("response_time_ms")[_P95]) for each, rollup in counted.items()]
    ordered = sorted((-p95, name) for name, p95 in found if p95 is not None)
    return [[name, -negative] for negative, name in ordered]
