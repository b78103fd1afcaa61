"""Alerts: read, and moved by a person."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from shared.logs import step
from shared.models import Alert, AlertKind, AlertStatus, Change, ChangeKind, Notification
from shared.models.channel import Channels
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import alerts, handled_updates, notifications

if TYPE_CHECKING:
    from shared.models.message import Circumstances


class Alerts:
    """The alerts of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, alert_id: int) -> tuple[Alert, list[Notification]]:
        """An alert with its notifications, oldest first. Raises AlertNotFound."""
        with self._database.snapshot() as snapshot:
            return alerts.get(snapshot, alert_id), notifications.of_alert(snapshot, alert_id)

    def page(
        self,
        *,
        limit: int,
        before: int | None = None,
        status: AlertStatus | None = None,
        monitor: str | None = None,
        kind: AlertKind | None = None,
    ) -> list[Alert]:
        """The newest alerts first; ``before``: only those with a smaller id; ``monitor``: those about it."""
        with self._database.snapshot() as snapshot:
            return alerts.page(snapshot, limit=limit, before=before, status=status, monitor=monitor, kind=kind)

    def notes(self, alert_id: int) -> list[Row]:
        """The comments of people who moved an alert, oldest first."""
        from shared.store.tables import alert_notes

        with self._database.snapshot() as snapshot:
            return alert_notes.of_alerts(snapshot, [alert_id])

    def active(self) -> list[Alert]:
        """The alerts that are OPEN or ACK, oldest first."""
        from shared.store.tables import overview_rows

        with self._database.snapshot() as snapshot:
            return overview_rows.active_alerts(snapshot)

    def circumstances(self, alert: Alert, *, now: datetime) -> "Circumstances":
        """The circumstances of an alert when people are notified of it; ``now`` in their zone."""
        # Imported here: only what sends asks.
        from shared.store.asking.circumstances import circumstances_of

        return circumstances_of(self._database, alert, now=now)

    def has_message(
        self, alert_id: int, channels: Collection[str], message_ids: Collection[str], *, configured: Collection[str]
    ) -> bool:
        """Whether one of these channels took a message about the alert that it knows by one of these ids.

        If it is only one, it may have had another name, which is not among the ``configured`` any more.
        """
        with self._database.snapshot() as snapshot:
            found = [each for each in notifications.of_alert(snapshot, alert_id) if each.message_id in message_ids]
        is_one = len(channels) == 1
        return any(each.channel in channels or (is_one and each.channel not in configured) for each in found)

    def alert_of_notification(self, notification_id: int) -> int | None:
        """The id of the alert that a notification is about, if there is such a notification."""
        with self._database.snapshot() as snapshot:
            return notifications.alert_of(snapshot, notification_id)

    def note_handled(self, name: str, *, at: datetime) -> None:
        """Let a later move with this name for ``once`` change nothing."""
        with self._database.transaction() as transaction:
            handled_updates.note(transaction, name, at)

    def move(
        self,
        alert_id: int,
        to: AlertStatus | None,
        *,
        by: str | None,
        at: datetime,
        channels: Channels,
        silence_seconds: float | None = None,
        keeps_silence: bool = False,
        once: str | None = None,
        note: str | None = None,
    ) -> Change:
        """Move an alert by hand. Its end, or its reopening, is owed to those of ``channels`` that hear of its subject.

        The change's kind is None if the alert was there already, or is to stay where it is (``to`` is None).
        ``silence_seconds``: for so long messages about its monitor are held. ``keeps_silence``: not if it is silenced
        already and most of that is still to come, so that a second press of a button changes nothing. ``once``: the
        name of what asks for it; if that was handled before, nothing changes. ``note``: what the person writes to it.

        Raises:
            AlertNotFound: no alert has this id.
            IllegalMove: an alert does not go this way.
            NotAMonitors: a silence is asked for, and the alert is not about a monitor.
            TooManyMoves: it was moved too often.
        """
        # Imported here: most functions only read.
        from shared.store.judging.by_hand import move_by_hand, silence

        with self._database.transaction() as transaction:
            alert = alerts.get(transaction, alert_id)
            if once is not None and not handled_updates.note(transaction, once, at):
                return Change(alert, None)
            window_id = None
            if silence_seconds:
                window_id = silence(transaction, alert, silence_seconds, by, at, keeps=keeps_silence)
            change = move_by_hand(transaction, alert, to or alert.status, by, at, channels)
            _note(transaction, alert, change, by, note, at)
            return change._replace(window_id=window_id)


def _note(
    transaction: Transaction, former: Alert, change: Change, by: str | None, note: str | None, at: datetime
) -> None:
    """Keep what a person did with an alert, and what they wrote: the alert itself has only its last move of each."""
    from shared.store.tables import alert_notes

    alert = change.alert
    if change.kind and former.resolved_at is not None and former.resolved_by is None:
        # It ended by itself, and is reopened.
        alert_notes.add(transaction, alert.id, status="RESOLVED", by=None, text="", at=former.resolved_at)
    if change.kind:
        alert_notes.add(transaction, alert.id, status=alert.status, by=by, text="", at=at)
    if note:
        alert_notes.add(transaction, alert.id, status=alert.status, by=by, text=note, at=at)


def log_move(change: Change, by: str | None) -> None:
    """Write the lines of what a person did with an alert; to be called once the change is committed."""
    alert = change.alert
    if change.kind:
        step("server", "alert_moved", alert_id=alert.id, target_url=alert.target_url, status=alert.status, by=by)
    if change.window_id is not None:
        step("server", "window_created", window_id=change.window_id, kind="silence", by=by)


def log_change(change: Change) -> None:
    """Write the line of an alert that opened, or that ended by itself; to be called once the change is committed."""
    alert = change.alert
    step(
        "server",
        "alert_opened" if change.kind is ChangeKind.OPENED else "alert_resolved",
        alert_id=alert.id,
        kind=alert.kind,
        subject=alert.subject,
        target_url=alert.target_url,
        cause=alert.cause,
    )
