"""An outage begins or ends: its alert, and the messages that are owed, or held back."""

from collections.abc import Sequence
from datetime import datetime

from shared.alerting.situation import began_at
from shared.models import Alert, AlertKind, Cause, Change, Monitor, MonitorState, NotificationKind
from shared.models.alert import SeenFrom
from shared.models.monitor import MonitorLocation
from shared.store.changes import Held, channels_for_recovery, channels_of, open_alert, resolve_alert
from shared.store.judging import dependencies
from shared.store.judging.coverage import Hold, Occasion
from shared.store.tables import alerts


def open_outage(
    occasion: Occasion,
    monitor: Monitor,
    *,
    cause: Cause | None,
    reported: str | None,
    target_url: str,
    failing_since: datetime,
    opened_at: datetime,
    voters: Sequence[MonitorLocation] = (),
    message: NotificationKind | None = None,
) -> Change:
    """A new outage of the monitor, owed to the channels that hear of it.

    ``voters``: the monitor as its locations see it, if several report it. ``message``: a message of this kind is sent
    in place of the outage's own.
    """
    if cause is None and reported is None:
        # The event that made the quorum may be a success: another location saw the failure.
        failing = next((voter for voter in voters if voter.state is MonitorState.DOWN), None)
        cause, reported = (failing.cause, failing.error_message) if failing else (None, None)
    ended_at = alerts.last_ended_at(occasion.transaction, AlertKind.OUTAGE, monitor.name)
    return open_alert(
        occasion.transaction,
        AlertKind.OUTAGE,
        monitor.name,
        cause=cause,
        reported=reported,
        target_url=target_url,
        failed_at=began_at(failing_since, opened_at, ended_at),
        opened_at=opened_at,
        channels=channels_of(monitor, occasion.channels),
        now=occasion.now,
        held=held(occasion, monitor),
        message=message,
        locations=[_seen(voter) for voter in voters],
        dependents=dependencies.dependents(occasion.transaction, monitor),
    )


def held(occasion: Occasion, monitor: Monitor) -> Held:
    """The rule that holds a new alert's messages back, and how the alert stands to what its monitor depends on."""
    hold = occasion.coverage.hold(monitor, occasion.now)
    if not monitor.depends_on:
        return Held(hold)
    judged, suppressed_by = dependencies.judge_opening(occasion.transaction, monitor, occasion.now, occasion.known)
    return Held(Hold.DEPENDENCY if judged.is_held else hold, suppressed_by, judged.standing.blocked_by)


def end_alert(
    occasion: Occasion,
    monitor: Monitor,
    alert: Alert,
    at: datetime,
    reason: str | None = None,
    *,
    voters: Sequence[MonitorLocation] = (),
) -> Change:
    """The end of an alert about the monitor, owed to all that heard of it.

    ``reason``: see Notification. ``voters``: see ``open_outage``; one of them may still see it fail.
    """
    transaction, now = occasion.transaction, occasion.now
    failing = tuple(voter.location for voter in voters if voter.consecutive_failures)
    alert = dependencies.ending(transaction, alert._replace(still_failing_from=failing), occasion.known)
    recipients = channels_for_recovery(transaction, monitor, alert, occasion.channels)
    hold = occasion.coverage.hold(monitor, now)
    return resolve_alert(transaction, alert, at, channels=recipients, now=now, reason=reason, hold=hold)


def _seen(voter: MonitorLocation) -> SeenFrom:
    why = voter.error_message if voter.consecutive_failures else None
    return SeenFrom(location=voter.location, state=voter.state, error_message=why)
