"""How long first messages took: by alert and channel in ``alerts``, and as a histogram a day in ``delivery_times``."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.models import as_text
from shared.store.engines.database import Transaction

DAYS = 30

_KNOWN = """
    SELECT delivered, (SELECT times FROM delivery_times WHERE day = :day) AS times FROM alerts WHERE id = :alert_id"""
_SAVE = "UPDATE alerts SET delivered = :delivered WHERE id = :alert_id"
_COUNT = """
    INSERT INTO delivery_times (day, times) VALUES (:day, :times)
    ON CONFLICT (day) DO UPDATE SET times = excluded.times"""
_COUNT_MORE = "UPDATE delivery_times SET times = :times WHERE day = :day"


def note(
    transaction: Transaction, alert_id: int, channel: str, length: timedelta, at: datetime, *, is_counted: bool
) -> None:
    """Note that the alert's first message on this channel took so long; later ones change nothing.

    ``is_counted``: it counts for ``percentiles`` too.
    """
    from shared.history.histogram import Histogram

    row = transaction.row(_KNOWN, alert_id=alert_id, day=_day(at))
    delivered = _delivered(row["delivered"]) if row else {}
    if row is None or channel in delivered:
        return
    seconds = max(0.0, length.total_seconds())
    delivered[channel] = round(seconds, 3)
    transaction.rows(_SAVE, alert_id=alert_id, delivered=json.dumps(delivered, ensure_ascii=False))
    if not is_counted:
        return
    histogram = Histogram.decoded(row["times"] or "")
    histogram.add(seconds * 1000)
    transaction.rows(_COUNT_MORE if row["times"] else _COUNT, day=_day(at), times=histogram.encoded())
    if not row["times"]:
        transaction.rows("DELETE FROM delivery_times WHERE day < :oldest", oldest=_day(at - timedelta(days=DAYS)))


def percentiles(transaction: Transaction, now: datetime) -> Mapping[str, float | None]:
    """The ``p50`` and ``p95`` of what was counted in the last DAYS days, in seconds; None if nothing was."""
    sql = "SELECT times FROM delivery_times WHERE day > :since"
    rows = transaction.rows(sql, since=_day(now - timedelta(days=DAYS)))
    if not rows:
        return {"p50": None, "p95": None}
    from shared.history.histogram import Histogram

    histogram = Histogram()
    for row in rows:
        histogram.merge(Histogram.decoded(row["times"]))
    return {"p50": _seconds(histogram.percentile(0.50)), "p95": _seconds(histogram.percentile(0.95))}


def _delivered(text: str | None) -> dict[str, float]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 3)


def _day(at: datetime) -> str:
    return as_text(at)[:10]
