"""The circumstances of an alert that people are notified of."""

from datetime import datetime

from shared.models import Alert, AlertKind, Monitor, MonitorState
from shared.models.message import Circumstances
from shared.store.asking.availability import Availabilities
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import monitors, past_events
from shared.store.tables.scope import Scope, monitors_in

# Between an outage's first failing check and the last good one there may be checks that say nothing.
_LOOKED_AT = 20
# Kinds of alert that a single check may not open.
_AFTER_SEVERAL = (AlertKind.OUTAGE, AlertKind.DEGRADED)


def circumstances_of(database: Database, alert: Alert, *, now: datetime) -> Circumstances:
    """The circumstances of an alert about a monitor; nothing is known of another's.

    The availability is that of the calendar month in ``now``'s zone. Raises StoreUnavailable.
    """
    if not alert.kind.is_of_monitor:
        return Circumstances()
    with database.snapshot() as snapshot:
        monitor = monitors.named(snapshot, alert.subject)
        if monitor is None:
            return Circumstances()
        failing, is_outage = _check_at(snapshot, monitor, alert.opened_at), alert.kind is AlertKind.OUTAGE
        return Circumstances(
            group=monitor.group_name,
            threshold=_threshold(monitor, alert),
            status_code=failing["status_code"] if failing else None,
            response_time_ms=failing["response_time_ms"] if failing else None,
            # A slow check, and one that saw a certificate, are good themselves.
            last_success_at=_last_success(snapshot, monitor, alert.failed_at) if is_outage else None,
            others_failing=sum(other.id != monitor.id for other in monitors.watched(snapshot, MonitorState.DOWN)),
            availability=None if alert.status.is_active else _availability(snapshot, monitor, now),
        )


def _threshold(monitor: Monitor, alert: Alert) -> int | None:
    """How many checks in a row had to fail, or be slow; None if a single one opened the alert."""
    # A ping is missed once, whatever the threshold.
    is_missed = alert.cause_data is not None and alert.cause_data.code == "no_ping_since"
    return monitor.failure_threshold if alert.kind in _AFTER_SEVERAL and not is_missed else None


def _check_at(transaction: Transaction, monitor: Monitor, at: datetime) -> Row | None:
    """The failing check that opened the alert, if it is still stored."""
    found = past_events.up_to(transaction, monitor.id, at, 1)
    return found[0] if found and not found[0]["is_success"] else None


def _last_success(transaction: Transaction, monitor: Monitor, before: datetime) -> datetime | None:
    for check in past_events.up_to(transaction, monitor.id, before, _LOOKED_AT):
        if check["is_success"] and not check["is_inconclusive"]:
            return datetime.fromisoformat(check["timestamp"])
    return None


def _availability(transaction: Transaction, monitor: Monitor, now: datetime) -> float | None:
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    scope = Scope(monitor_id=monitor.id)
    watched = monitors_in(transaction, scope)
    if not watched:
        return None  # it was removed, which ended its outage
    found = Availabilities(transaction, scope, watched, [month, now], now)
    [availability] = found.of([monitor.id])
    return availability.uptime
