"""The alerts that one intake of events is about, and what events change of them."""

import functools
import itertools
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from shared.alerting import Decision
from shared.models import Alert, AlertKind, Cause, Change, ChangeKind, Event, Monitor, NotificationKind
from shared.models.monitor import MonitorLocation
from shared.models.notification import NO_DETAILS, Details
from shared.store.judging.coverage import Hold, Occasion
from shared.store.tables import alerts

_KINDS = tuple(kind for kind in AlertKind if kind.is_of_monitor)


class ActiveAlerts:
    """The alerts that are OPEN or ACK. Each is read once, and changed in the intake's transaction."""

    def __init__(self, occasion: Occasion, monitors: Collection[str], asked: Callable[[], list[Alert]]) -> None:
        """``monitors``: the names of those that events are about. ``asked``: see ``alerts.ask_active``."""
        self._occasion, self._monitors, self._asked = occasion, monitors, asked

    @functools.cached_property
    def _active(self) -> dict[tuple[AlertKind, str], Alert | None]:
        active: dict[tuple[AlertKind, str], Alert | None] = dict.fromkeys(itertools.product(_KINDS, self._monitors))
        active.update({(alert.kind, alert.subject): alert for alert in self._asked()})
        return active

    def active(self, kind: AlertKind, subject: str) -> Alert | None:
        """The alert of this kind and subject that is OPEN or ACK."""
        key = kind, subject
        if key not in self._active:
            self._active[key] = alerts.active(self._occasion.transaction, kind, subject)
        return self._active[key]

    def follow(self, decision: Decision, event: Event, at: datetime) -> list[Change]:
        """Do to the outage of an event's monitor what was decided."""
        if decision.change is None and decision.message is None:
            return []  # the usual case
        monitor, active = decision.monitor, self.active(AlertKind.OUTAGE, decision.monitor.name)
        if active is not None and decision.message is not None:
            return self._say_of_open(decision, active, decision.message, at)
        if decision.change is ChangeKind.OPENED and active is None:
            return [self._open_outage(decision, event, at)]
        if decision.change is ChangeKind.RESOLVED and active is not None:
            return [self._end(active, monitor, at, decision.voters)]
        return []

    def change(
        self,
        change: ChangeKind,
        kind: AlertKind,
        subject: str,
        at: datetime,
        *,
        failed_at: datetime,
        cause: Cause | None,
        target_url: str | None = None,
        monitor: Monitor | None = None,
    ) -> list[Change]:
        """Open an alert, or resolve the active one; nothing if there is one already, or none.

        The channels of ``monitor`` hear of it; all if there is none. Outages have more to them: see ``outages``.
        """
        from shared.store.changes import NOT_HELD, channels_of, open_alert
        from shared.store.judging.outages import held

        active, occasion = self.active(kind, subject), self._occasion
        if change is ChangeKind.OPENED and active is None:
            opened = open_alert(
                occasion.transaction,
                kind,
                subject,
                cause=cause,
                target_url=target_url,
                failed_at=failed_at,
                opened_at=at,
                channels=channels_of(monitor, occasion.channels) if monitor else occasion.channels,
                now=occasion.now,
                held=held(occasion, monitor) if monitor else NOT_HELD,
            )
            self._active[kind, subject] = opened.alert
            return [opened]
        if change is ChangeKind.RESOLVED and active is not None:
            return [self._end(active, monitor, at)]
        return []

    def end_quietly(self, alert: Alert, at: datetime) -> Change:
        """Resolve an alert without a message. Those sent about it are edited all the same: see ``resolve_alert``."""
        from shared.store.changes import resolve_alert

        self._active[alert.kind, alert.subject] = None
        occasion = self._occasion
        return resolve_alert(
            occasion.transaction, alert, at, channels=occasion.channels, now=occasion.now, is_quiet=True
        )

    def say_again(
        self, alert: Alert, monitor: Monitor, *, kind: NotificationKind | None = None, details: Details = NO_DETAILS
    ) -> Change:
        """Owe a message about an alert that goes on; ``kind``: if it is not the alert's own."""
        from shared.store.changes import channels_of, owe

        occasion = self._occasion
        recipients, hold = channels_of(monitor, occasion.channels), self._hold(alert, monitor)
        owed = owe(occasion.transaction, alert, recipients, now=occasion.now, hold=hold, kind=kind, details=details)
        return Change(alert, None, owed)

    def _hold(self, alert: Alert, monitor: Monitor) -> Hold | None:
        """The rule that holds a further message about an alert back."""
        transaction, occasion = self._occasion.transaction, self._occasion
        if monitor.depends_on:
            from shared.store.judging.dependencies import is_blocked
            from shared.store.tables import notifications

            # It must not go before what was held earlier: it would be stuck behind that.
            is_held = any(each.reason == Hold.DEPENDENCY for each in notifications.held(transaction, alert.id))
            if is_held or is_blocked(transaction, monitor, occasion.known):
                return Hold.DEPENDENCY
        return occasion.coverage.hold(monitor, occasion.now)

    def _open_outage(self, decision: Decision, event: Event, at: datetime) -> Change:
        # Imported here, as elsewhere in this class: most events change no alert, and what a change brings about costs a
        # cold start.
        from shared.store.judging.outages import open_outage

        opened = open_outage(
            self._occasion,
            decision.monitor,
            cause=event.cause,
            reported=event.error_message,
            target_url=event.target_url,
            failing_since=decision.monitor.failing_since or at,
            opened_at=at,
            voters=decision.voters,
            message=decision.message,
        )
        self._active[AlertKind.OUTAGE, decision.monitor.name] = opened.alert
        return opened

    def _end(
        self, alert: Alert, monitor: Monitor | None, at: datetime, voters: Sequence[MonitorLocation] = ()
    ) -> Change:
        from shared.store.changes import resolve_alert
        from shared.store.judging.outages import end_alert

        occasion = self._occasion
        self._active[alert.kind, alert.subject] = None
        if monitor is None:
            return resolve_alert(occasion.transaction, alert, at, channels=occasion.channels, now=occasion.now)
        return end_alert(occasion, monitor, alert, at, voters=voters)

    def _say_of_open(self, decision: Decision, alert: Alert, kind: NotificationKind, at: datetime) -> list[Change]:
        """Owe a message about an outage that goes on, or write which rule kept it back."""
        from shared.store.changes import channels_of, keep_back

        details = Details(occurred_at=at)
        if not decision.is_kept_back:
            return [self.say_again(alert, decision.monitor, kind=kind, details=details)]
        occasion, reason = self._occasion, str(decision.reason)
        recipients = channels_of(decision.monitor, occasion.channels)
        keep_back(occasion.transaction, alert, recipients, kind, reason, now=occasion.now, details=details)
        return []
