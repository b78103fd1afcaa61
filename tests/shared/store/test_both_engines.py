"""The same random history told to a store of each engine: both answer alike, and as a model that only counts says."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from pydantic import SecretStr

from shared.alerting import IllegalMove
from shared.models import AlertStatus, Attempt, AttemptStatus, ChangeKind, Event, as_text
from shared.store import Owed, Store
from shared.store.engines.database import Database
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import TABLES, migrate
from tests.support.builders import NEVER_FLAPS, routes
from tests.support.postgres import Server

pytestmark = pytest.mark.system

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
OPEN, ACK, RESOLVED = AlertStatus.OPEN, AlertStatus.ACK, AlertStatus.RESOLVED
LEASE_SECONDS, TTL_SECONDS = 30.0, 3600.0
numbers = itertools.count()


@pytest.fixture
def stores(postgres: Server, tmp_path: Path) -> Iterator[list[Store]]:
    """An empty one of each engine."""
    server = PostgresDatabase(SecretStr(postgres.new_store()))
    databases: list[Database] = [SqliteDatabase(tmp_path / "store.db"), server]
    for database in databases:
        migrate(database, as_text(NOON))
    yield [Store(database, NEVER_FLAPS) for database in databases]
    for database in databases:
        database.close()


# Tables with numbers of events.
NUMBER_EVENTS = ("events", "monitors", "state_changes", "replay_facts")


class History(RuleBasedStateMachine):
    """Events, people, senders and the clock act at random; each example with monitors and channels of its own."""

    stores: ClassVar[list[Store]]

    def __init__(self) -> None:
        super().__init__()
        number = next(numbers)
        self.monitors = [f"{name}-{number}" for name in ("shop", "blog")]
        self.channels = [f"{name}-{number}" for name in ("console", "telegram")]
        self.agent = f"agent-{number}"
        # Later in each example, so that a time is never before what another has left.
        self.now = NOON + timedelta(days=number)
        self.posted: list[Event] = []
        self.claimed: list[list[Owed]] = []
        # The model: each monitor's alerts, by id, in the order of their beginnings.
        self.alerts: dict[int, tuple[str, AlertStatus]] = {}

    def both(self, ask: Callable[[Store], Any]) -> list[Any]:
        """The answer of each store, which is the same."""
        answers = []
        for store in self.stores:
            try:
                answers.append(ask(store))
            except IllegalMove as refused:
                answers.append(str(refused))
        assert answers[0] == answers[1]
        return answers

    def active(self, monitor: str) -> int | None:
        return next((key for key, value in self.alerts.items() if value[0] == monitor and value[1].is_active), None)

    def report(self, *events: Event) -> list[Any]:
        answer: list[Any] = self.both(
            lambda store: [
                (each.is_duplicate, each.change, each.reason, each.alert, each.notification_ids, each.changes)
                for each in store.events.add(events, received_at=self.now, channels=routes(*self.channels))
            ]
        )[0]
        return answer

    @rule(monitor=st.integers(0, 1), oks=st.lists(st.booleans(), min_size=1, max_size=4), is_agents=st.booleans())
    def checks_arrive(self, monitor: int, oks: list[bool], is_agents: bool) -> None:
        name = self.monitors[monitor]
        events = []
        for ok in oks:
            self.now += timedelta(seconds=1)
            agent = {"agent": self.agent, "interval_seconds": 30} if is_agents else {}
            seen = {"target_url": f"http://{name}/", "monitor": name, "timestamp": self.now, "is_success": ok}
            events.append(Event.model_validate({**seen, **agent, "error_message": None if ok else "100% :down '"}))
        for event, (is_duplicate, change, _, alert, owed, _) in zip(events, self.report(*events), strict=True):
            before = self.active(name)
            expected = None
            if event.is_success and before:
                expected, self.alerts[before] = ChangeKind.RESOLVED, (name, RESOLVED)
            elif not event.is_success and not before:
                expected, self.alerts[alert.id] = ChangeKind.OPENED, (name, OPEN)
            assert (is_duplicate, change) == (False, expected)
            assert len(owed) >= (len(self.channels) if expected else 0)
        self.posted += events

    @rule(index=st.integers(0, 50))
    def an_event_arrives_again(self, index: int) -> None:
        if index < len(self.posted):
            assert self.report(self.posted[index])[0][:2] == (True, None)

    @rule(monitor=st.integers(0, 1), ok=st.booleans(), age=st.floats(1, 1000))
    def an_old_event_arrives(self, monitor: int, ok: bool, age: float) -> None:
        name, seen_at = self.monitors[monitor], self.now - timedelta(seconds=age)
        if any(each.monitor == name and each.timestamp > seen_at for each in self.posted):
            event = Event(target_url="http://old/", monitor=name, timestamp=seen_at, is_success=ok)
            assert self.report(event)[0][:2] == (False, None)

    @rule(index=st.integers(0, 20), to=st.sampled_from(AlertStatus))
    def a_person_moves(self, index: int, to: AlertStatus) -> None:
        if index >= len(self.alerts):
            return
        key = list(self.alerts)[index]
        monitor, status = self.alerts[key]
        is_legal = status is to or status.is_active or (to is OPEN and not self.active(monitor))
        answer = self.both(
            lambda store: store.alerts.move(key, to, by="김 '; --", at=self.now, channels=routes(*self.channels))
        )[0]
        assert isinstance(answer, tuple) is is_legal, answer
        if is_legal:
            self.alerts[key] = monitor, to

    @rule(channel=st.integers(0, 1))
    def a_sender_claims(self, channel: int) -> None:
        until = self.now + timedelta(seconds=LEASE_SECONDS)
        owed = self.both(
            lambda store: store.notifications.claim(self.channels[channel], now=self.now, leased_until=until)
        )
        if owed[0] is not None:
            self.claimed.append(owed)
            earlier = """
                SELECT 1 FROM notifications n JOIN alerts a ON a.id = n.alert_id
                WHERE n.channel = :channel AND a.subject = :subject AND n.id < :id
                  AND n.status IN ('PENDING', 'SENDING')"""
            found = owed[0]
            values = {"channel": self.channels[channel], "subject": found.alert.subject, "id": found.notification.id}
            assert self.rows(earlier, **values) == [], "a recovery never overtakes its outage"

    @rule(index=st.integers(0, 10), status=st.sampled_from([AttemptStatus.SENT, AttemptStatus.RETRY]))
    def a_sender_is_done(self, index: int, status: AttemptStatus) -> None:
        if index >= len(self.claimed):
            return
        claimed = iter(self.claimed.pop(index))
        self.both(
            lambda store: store.notifications.record(
                Attempt(
                    next(claimed).notification,
                    status,
                    self.now,
                    1.25,
                    "odd 'answer' %s",
                    due_at=self.now + timedelta(seconds=2),
                ),
                channels=routes(*self.channels),
            )
        )

    @rule(seconds=st.sampled_from([0.001, 2.0, LEASE_SECONDS + 1, TTL_SECONDS]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def the_schedule_looks(self) -> None:
        created_before = self.now - timedelta(seconds=TTL_SECONDS)
        self.both(lambda store: store.notifications.expire(now=self.now, created_before=created_before))
        self.both(lambda store: store.notifications.due(self.channels, now=self.now))
        self.both(lambda store: store.agents.review(now=self.now, channels=routes(*self.channels)))
        self.both(Store.summary)
        self.both(lambda store: store.alerts.page(limit=5))
        self.both(lambda store: store.notifications.logs(limit=5))

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """The rows, which are the same in both."""

        def ask(store: Store) -> list[dict[str, Any]]:
            with store.database.snapshot() as snapshot:
                return [dict(row) for row in snapshot.rows(sql, **values)]

        found: list[dict[str, Any]] = self.both(ask)[0]
        return found

    def states_follow_each_other(self) -> None:
        """Each change of a state begins where the one before it ended, and the last one ends with the state."""
        changes = self.rows(
            """SELECT name, from_state, to_state, at, reason, alert_id, events.event_id AS event, state
            FROM state_changes JOIN monitors ON monitors.id = state_changes.monitor_id
            LEFT JOIN events ON events.id = state_changes.event_id ORDER BY state_changes.id"""
        )
        for name in self.monitors:
            own = [change for change in changes if change["name"] == name]
            states = ["UNKNOWN", *(change["to_state"] for change in own)]
            assert [change["from_state"] for change in own] == states[:-1]
            assert all(change["state"] == states[-1] for change in own)

    def teardown(self) -> None:
        for table in TABLES:
            # An event that was there already takes a number in PostgreSQL, and none in SQLite.
            rows = self.rows(f"SELECT * FROM {table} ORDER BY id") if table not in NUMBER_EVENTS else []
            if table == "alerts":
                stored = {row["id"]: (row["subject"], row["status"]) for row in rows if row["kind"] == "OUTAGE"}
                assert self.alerts.items() <= stored.items()
        self.rows(
            """SELECT monitors.id, name, state, since, consecutive_failures, failing_since, last_checked_at, agent,
                source, events.event_id AS last_event
            FROM monitors LEFT JOIN events ON events.id = last_event_id ORDER BY monitors.id"""
        )
        self.states_follow_each_other()
        self.rows(
            "SELECT event_id, monitor_id, timestamp, received_at, is_success, error_message FROM events ORDER BY id"
        )


def test_a_random_history_is_the_same_on_each_engine(stores: list[Store]) -> None:
    class HistoryOfBoth(History):
        pass

    HistoryOfBoth.stores = stores
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        HistoryOfBoth,
        settings=settings(max_examples=10, stateful_step_count=40, suppress_health_check=checks),
    )
