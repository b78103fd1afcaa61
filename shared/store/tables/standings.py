"""The columns of the table ``alerts`` that say how an outage stands to what its monitor depends on."""

from shared.alerting.dependencies import Standing
from shared.models import as_text, as_time
from shared.store.engines.database import Transaction

_OF = "SELECT blocked_by, freed_at, freed_failures FROM alerts WHERE id = :id"
_SAVE = """
    UPDATE alerts SET blocked_by = :blocked_by, freed_at = :freed_at, freed_failures = :freed_failures,
        suppressed_by = :suppressed_by
    WHERE id = :id"""


def of_alert(transaction: Transaction, alert_id: int) -> Standing:
    """How the outage stands."""
    row = transaction.row(_OF, id=alert_id)
    if row is None:
        return Standing()
    return Standing(row["blocked_by"], as_time(row["freed_at"]), row["freed_failures"])


def save(transaction: Transaction, alert_id: int, standing: Standing, suppressed_by: int | None) -> None:
    """Write how the outage stands; ``suppressed_by``: the alert because of which nobody is notified of it."""
    transaction.rows(
        _SAVE,
        id=alert_id,
        blocked_by=standing.blocked_by,
        freed_at=as_text(standing.freed_at) if standing.freed_at else None,
        freed_failures=standing.freed_failures,
        suppressed_by=suppressed_by,
    )
