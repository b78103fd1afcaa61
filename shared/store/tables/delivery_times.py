"""How long first messages took: by alert and channel in ``alerts``, and as a histogram a day in ``delivery_times``.

Each of the last DAYS days has a row, and all days before them have one together.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.models import as_text
from shared.store.engines.database import Row, Transaction

if TYPE_CHECKING:
    from shared.history.histogram import Histogram

DAYS = 30
# The row of all days that are over for longer. It comes before every day.
_EARLIER = ""

_KNOWN = """
    SELECT delivered, (SELECT times FROM delivery_times WHERE day = :day) AS times FROM alerts WHERE id = :alert_id"""
_SAVE = "UPDATE alerts SET delivered = :delivered WHERE id = :alert_id"
_COUNT = """
    INSERT INTO delivery_times (day, times) VALUES (:day, :times)
    ON CONFLICT (day) DO UPDATE SET times = excluded.times"""
_LET_GO = "DELETE FROM delivery_times WHERE day < :oldest AND day <> :earlier RETURNING times"
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
    transaction.run(_SAVE, alert_id=alert_id, delivered=json.dumps(delivered, ensure_ascii=False))
    if not is_counted:
        return
    histogram = Histogram.decoded(row["times"] or "")
    histogram.add(seconds * 1000)
    transaction.run(_COUNT_MORE if row["times"] else _COUNT, day=_day(at), times=histogram.encoded())
    if not row["times"]:
        _let_go(transaction, _day(at - timedelta(days=DAYS)))


def _let_go(transaction: Transaction, oldest: str) -> None:
    """Keep of the days before ``oldest`` only what they are together: a counter must never go back."""
    rows = transaction.rows(_LET_GO, oldest=oldest, earlier=_EARLIER)
    if rows:
        earlier = transaction.rows("SELECT times FROM delivery_times WHERE day = :earlier", earlier=_EARLIER)
        together = _merged([*rows, *earlier])
        transaction.run(_COUNT, day=_EARLIER, times=together.encoded())


def total(transaction: Transaction) -> "Histogram":
    """Everything that was ever counted."""
    return _merged(transaction.rows("SELECT times FROM delivery_times"))


def percentiles(transaction: Transaction, now: datetime) -> Mapping[str, float | None]:
    """The ``p50`` and ``p95`` of what was counted in the last DAYS days, in seconds; None if nothing was."""
    sql = "SELECT times FROM delivery_times WHERE day > :since"
    rows = transaction.rows(sql, since=_day(now - timedelta(days=DAYS)))
    if not rows:
        return {"p50": None, "p95": None}
    histogram = _merged(rows)
    return {"p50": _seconds(histogram.percentile(0.50)), "p95": _seconds(histogram.percentile(0.95))}


def _merged(rows: Sequence[Row]) -> "Histogram":
    # Imported here: most functions that load this never count.
    from shared.history.histogram import Histogram

    histogram = Histogram()
    for row in rows:
        histogram.merge(Histogram.decoded(row["times"]))
    return histogram


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
