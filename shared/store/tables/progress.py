"""The columns of the table ``alerts`` that say how far the reminders and the escalation of an outage have come."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from shared.models import as_text, as_time
from shared.store.engines.database import Row, Transaction

if TYPE_CHECKING:
    from shared.alerting.follow_ups import Progress, Step

_FOLLOWED = """
    SELECT alerts.* FROM alerts JOIN monitors ON monitors.name = alerts.subject
    WHERE alerts.kind = 'OUTAGE' AND alerts.status = 'OPEN' AND monitors.is_watched = 1
      AND (monitors.reminder_seconds IS NOT NULL OR monitors.escalation IS NOT NULL)
    ORDER BY alerts.id"""

_SAVE = """
    UPDATE alerts SET follows_from = :began_at, reminders = :reminders, reminded_at = :reminded_at,
        escalated = :escalated
    WHERE id = :id"""


def followed(transaction: Transaction) -> list[Row]:
    """The open outages whose monitors want reminders or have an escalation, oldest first."""
    return transaction.rows(_FOLLOWED)


def progress_of(row: Row, steps: Sequence["Step"]) -> "Progress":
    """How far an outage's reminders and its escalation have come. ``steps``: those that its monitor has now."""
    # Imported here: only reminders need it, and each module costs a cold start.
    from shared.alerting.follow_ups import Progress, Step

    stored = json.loads(row["escalated"] or "[]")
    if any(each is None or isinstance(each, str) for each in stored):
        # A former version stored the times alone, in the order of the steps.
        taken = dict(zip(steps, stored, strict=False))
    else:
        taken = {Step(name, after, tuple(channels), repeat): at for name, after, channels, repeat, at in stored}
    return Progress(
        datetime.fromisoformat(row["follows_from"] or row["opened_at"]),
        row["reminders"],
        as_time(row["reminded_at"]),
        {step: datetime.fromisoformat(at) for step, at in taken.items() if at},
    )


def save(transaction: Transaction, alert_id: int, progress: "Progress") -> None:
    """Write which reminders and steps of an escalation there were."""
    transaction.run(
        _SAVE,
        id=alert_id,
        began_at=as_text(progress.began_at),
        reminders=progress.reminders,
        reminded_at=as_text(progress.reminded_at) if progress.reminded_at else None,
        escalated=json.dumps([(*step, as_text(at)) for step, at in progress.escalated.items()], ensure_ascii=False),
    )


def restart(transaction: Transaction, alert_id: int, at: datetime) -> None:
    """Let reminders and escalations start over."""
    sql = "UPDATE alerts SET follows_from = :at, reminders = 0, reminded_at = NULL, escalated = NULL WHERE id = :id"
    transaction.run(sql, id=alert_id, at=as_text(at))
