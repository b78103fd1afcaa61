"""The store: what the functions ask of it, each question and each change in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.alerting import Watch, after_manual_resolve, go_on_watching, is_silent, move
from shared.models import Agent, Alert, AlertKind, AlertStatus, Event, Monitor, Notification, as_text
from shared.store.engines.database import MAX_ID, Database, Transaction
from shared.store.engines.group_commit import Group
from shared.store.ingest import Ingested, save_monitor, take_in
from shared.store.tables.alerts import active_alert, alert_of, open_alert, owe, save_alert
from shared.store.tables.notifications import Outbox

# Whoever watches writes it down this often, not at every look.
WATCH_SECONDS = 30.0
NO_CHECK = "no check arrives from it"


class Store(Outbox):
    """Everything that is stored. The methods raise StoreUnavailable where the database cannot be used."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._group = Group(database)

    def add_events(
        self,
        events: Sequence[Event],
        *,
        received_at: datetime,
        sent_at: datetime | None = None,
        channels: Sequence[str],
    ) -> list[Ingested]:
        """Save events, the alerts that they change and the notifications owed to ``channels``, all or nothing.

        They are judged in the order of their place in time and returned in the order given. An ``event_id`` that is
        stored already changes nothing. ``sent_at``: see ``alerting.place_in_time``.
        """
        return self._group.run(
            lambda transaction: take_in(
                transaction, events, received_at=received_at, sent_at=sent_at, channels=channels
            )
        )

    def alert(self, alert_id: int) -> tuple[Alert, list[Notification]]:
        """An alert with its notifications, oldest first. Raises AlertNotFound."""
        with self.database.snapshot() as snapshot:
            alert = alert_of(snapshot, alert_id)
            rows = snapshot.rows("SELECT * FROM notifications WHERE alert_id = :id ORDER BY id", id=alert_id)
        return alert, [Notification.model_validate(dict(row)) for row in rows]

    def alerts(
        self,
        *,
        limit: int,
        before: int | None = None,
        status: AlertStatus | None = None,
        monitor: str | None = None,
    ) -> list[Alert]:
        """The newest alerts first; ``before``: only those with a smaller id."""
        wanted: dict[str, Any] = {"status": status, "subject": monitor, "kind": monitor and AlertKind.OUTAGE}
        wanted = {column: value for column, value in wanted.items() if value is not None}
        conditions = [f"{column} = :{column}" for column in wanted]
        with self.database.snapshot() as snapshot:
            rows = snapshot.rows(
                f"SELECT * FROM alerts WHERE {' AND '.join([*conditions, 'id < :before'])} "  # noqa: S608
                "ORDER BY id DESC LIMIT :limit",
                before=MAX_ID if before is None else before,
                limit=limit,
                **wanted,
            )
        return [Alert.model_validate(dict(row)) for row in rows]

    def move_alert(
        self, alert_id: int, to: AlertStatus, *, by: str | None, at: datetime, channels: Iterable[str]
    ) -> tuple[Alert, bool, list[int]]:
        """Move an alert by hand: as it is now, whether that changed it, and the notifications newly owed.

        Raises:
            AlertNotFound: no alert has this id.
            IllegalMove: an alert does not go this way.
        """
        with self.database.transaction() as transaction:
            alert = alert_of(transaction, alert_id)
            other = active_alert(transaction, alert.kind, alert.subject)
            moved = move(alert, to, by=by, at=at, other_active=other)
            if moved == alert:
                return alert, False, []
            save_alert(transaction, moved)
            _bring_in_line(transaction, moved)
            if to is not AlertStatus.RESOLVED:
                return moved, True, []
            return moved, True, owe(transaction, moved, channels, now=at, is_manual=True, actor=by)

    def silence_agents(self, *, now: datetime, channels: Iterable[str]) -> list[Alert]:
        """Open an alert for each agent that has newly fallen silent, whose monitors become UNKNOWN; the alerts.

        To be called every minute or oftener: that is how the store knows since when somebody watches.
        """
        with self.database.snapshot() as snapshot:
            watch, seen_at = _watch(snapshot, now)
            is_fresh = seen_at is not None and watch.started_at < now < seen_at + timedelta(seconds=WATCH_SECONDS)
            if is_fresh and not _silent_agents(snapshot, watch, now):
                return []  # nothing to write, as mostly
        alerts: list[Alert] = []
        with self.database.transaction() as transaction:
            watch, _ = _watch(transaction, now)
            _save_watch(transaction, watch)
            for agent in _silent_agents(transaction, watch, now):
                _silence(transaction, agent.name)
                kind = AlertKind.AGENT_SILENT
                if active_alert(transaction, kind, agent.name) is None:
                    since = agent.last_seen_at
                    alert = open_alert(transaction, kind, agent.name, cause=NO_CHECK, failed_at=since, opened_at=now)
                    owe(transaction, alert, channels, now=now)
                    alerts.append(alert)
        return alerts

    def summary(self) -> dict[str, Any]:
        """What ``GET /`` tells: the newest check's time (text or None) and the counts of what is still open."""
        with self.database.snapshot() as snapshot:
            row = snapshot.row(
                """SELECT (SELECT max(last_checked_at) FROM monitors) AS last_check,
                    (SELECT count(*) FROM alerts WHERE status IN ('OPEN', 'ACK')) AS open_alerts,
                    (SELECT count(*) FROM notifications WHERE status IN ('PENDING', 'SENDING'))
                        AS owed_notifications"""
            )
        return dict(row or {})


def _bring_in_line(transaction: Transaction, alert: Alert) -> None:
    """What a person said of an alert, said of what it is about as well."""
    is_over = alert.status is AlertStatus.RESOLVED
    if alert.kind is AlertKind.OUTAGE and is_over:
        row = transaction.row("SELECT * FROM monitors WHERE name = :name", name=alert.subject)
        if row is not None:
            save_monitor(transaction, after_manual_resolve(Monitor.model_validate(dict(row))))
    elif alert.kind is AlertKind.AGENT_SILENT and not is_over:
        # So that its next check ends the alert that was reopened, and nothing stays UP where none comes.
        _silence(transaction, alert.subject)
    elif alert.kind is AlertKind.LOCATION_OFFLINE and not is_over:
        transaction.rows("UPDATE agents SET is_offline = 1 WHERE name = :name", name=alert.subject)


def _silence(transaction: Transaction, agent: str) -> None:
    transaction.rows("UPDATE agents SET is_silent = 1 WHERE name = :name", name=agent)
    transaction.rows("UPDATE monitors SET state = 'UNKNOWN' WHERE agent = :name", name=agent)


def _watch(transaction: Transaction, now: datetime) -> tuple[Watch, datetime | None]:
    """The watch as it goes on at ``now``, and when it was written down last."""
    row = transaction.row("SELECT * FROM watches WHERE id = 1")
    stored = Watch(*(datetime.fromisoformat(row[name]) for name in ("started_at", "seen_at"))) if row else None
    return go_on_watching(stored, now), stored.seen_at if stored else None


def _save_watch(transaction: Transaction, watch: Watch) -> None:
    transaction.rows(
        """INSERT INTO watches (id, started_at, seen_at) VALUES (1, :started_at, :seen_at)
           ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, seen_at = excluded.seen_at""",
        started_at=as_text(watch.started_at),
        seen_at=as_text(watch.seen_at),
    )


def _silent_agents(transaction: Transaction, watch: Watch, now: datetime) -> list[Agent]:
    rows = transaction.rows("SELECT * FROM agents WHERE is_silent = 0")
    agents = [Agent.model_validate(dict(row)) for row in rows]
    return [agent for agent in agents if is_silent(agent, watch, now)]
