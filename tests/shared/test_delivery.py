"""Delivery over a real store, with notifiers that do as they are told and a clock that is handed in."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from shared import logs
from shared.delivery import deliver_at_once, deliver_owed, retry_seconds
from shared.delivery import run as delivery
from shared.models import AlertStatus, AttemptStatus, Event, Notification, as_text, now
from shared.notifiers import SendFailed
from shared.store import Store, StoreUnavailable
from shared.store.engines.database import Database
from shared.store.engines.postgres import database as postgres
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import drop_everything, migrate
from tests.support.postgres import Server
from tests.torture.wire import SIDES, Wire

START = datetime(2025, 1, 8, 12, tzinfo=UTC)
TTL = 86_400.0
NOTHING = dict.fromkeys(AttemptStatus, 0)


class Channel:
    """A notifier that does what ``behave`` says, and keeps what it took."""

    def __init__(self, behave: Callable[[], object] = lambda: None) -> None:
        self.behave = behave
        self.taken: list[str] = []
        self.timeouts: list[float] = []

    def send(self, text: str, *, timeout_seconds: float, notification: Notification | None = None) -> str:
        assert notification is not None
        assert text.endswith(f" · #{notification.id}")
        self.timeouts.append(timeout_seconds)
        self.behave()
        self.taken.append(text)
        return f"took {len(self.taken)}"

    @property
    def kinds(self) -> list[str]:
        return [text.split()[0] for text in self.taken]


def fails(**why: float | bool) -> Callable[[], object]:
    def behave() -> None:
        raise SendFailed("no luck", **why)  # type: ignore[arg-type]

    return behave


@pytest.fixture
def store(database: Database) -> Store:
    migrate(database, as_text(START))
    return Store(database)


def report(
    store: Store, *, ok: bool, after: float = 0, channels: tuple[str, ...] = ("a",), name: str = "m"
) -> list[int]:
    at = START + timedelta(seconds=after)
    event = Event(target_url="http://t/", monitor=name, timestamp=at, is_success=ok)
    return list(store.events.add([event], received_at=at, channels=channels)[0].notification_ids)


def deliver(store: Store, after: float = 0, **channels: Channel) -> dict[str, int]:
    outcomes = deliver_owed(store, channels, "en", TTL, clock=lambda: START + timedelta(seconds=after))
    return {str(status): count for status, count in outcomes.items() if count}


def test_what_is_owed_is_sent_once(store: Store) -> None:
    report(store, ok=False)
    channel = Channel()
    assert deliver(store, a=channel) == {"SENT": 1}
    assert deliver(store, 99, a=channel) == {}
    assert channel.kinds == ["OUTAGE"]


def test_outage_and_recovery_are_sent_in_one_run_and_in_order(store: Store) -> None:
    report(store, ok=False)
    report(store, ok=True, after=30)
    channel = Channel()
    assert deliver(store, 30, a=channel) == {"SENT": 2}
    assert channel.kinds == ["OUTAGE", "RECOVERY"]


def test_a_failed_attempt_is_retried_when_it_is_due(store: Store) -> None:
    report(store, ok=False)
    channel = Channel(fails())
    assert deliver(store, a=channel) == {"RETRY": 1}
    channel.behave = lambda: None
    assert deliver(store, 0.9, a=channel) == {}
    assert deliver(store, 2.1, a=channel) == {"SENT": 1}
    assert [log.status for log in store.notifications.logs(limit=9)] == ["SENT", "RETRY"]


@pytest.mark.parametrize("text", ["nul \x00 inside", "half \ud800 a character"], ids=["NUL", "half a character"])
def test_a_channels_answer_is_written_down_whatever_is_in_it(store: Store, text: str) -> None:
    def refuses() -> None:
        raise SendFailed(text, is_permanent=True)

    report(store, ok=False)
    assert deliver(store, a=Channel(refuses)) == {"FAILED": 1}
    [refused] = store.notifications.logs(limit=9)
    assert (refused.status, refused.answer) == ("FAILED", text.replace("\0", "?").replace("\ud800", "?"))


def test_the_channels_own_word_on_when_is_obeyed(store: Store) -> None:
    report(store, ok=False)
    channel = Channel(fails(retry_after=100.0))
    deliver(store, a=channel)
    channel.behave = lambda: None
    assert deliver(store, 99.9, a=channel) == {}
    assert deliver(store, 100.1, a=channel) == {"SENT": 1}


def test_a_permanent_refusal_is_failed_at_once_and_lets_the_recovery_go(store: Store) -> None:
    report(store, ok=False)
    report(store, ok=True, after=30)
    channel = Channel(fails(is_permanent=True))
    assert deliver(store, 30, a=channel) == {"FAILED": 2}
    assert store.notifications.logs(limit=1)[0].answer == "no luck"


def test_what_is_too_old_is_given_up_with_a_row_that_says_so(store: Store) -> None:
    report(store, ok=False)
    channel = Channel()
    assert deliver(store, TTL + 1, a=channel) == {"EXPIRED": 1}
    assert channel.taken == []
    log = store.notifications.logs(limit=9)[0]
    assert (log.status, log.answer) == ("EXPIRED", "not delivered after 0 attempts since 2025-01-08T12:00:00.000Z")


def test_what_a_channel_that_is_gone_was_owed_expires(store: Store) -> None:
    report(store, ok=False, channels=("a", "gone"))
    assert deliver(store, a=Channel()) == {"SENT": 1}
    assert deliver(store, TTL + 1, a=Channel()) == {"EXPIRED": 1}


def test_a_defect_of_a_notifier_costs_no_message_and_tells_no_secret(store: Store) -> None:
    report(store, ok=False)

    def defect() -> None:
        raise ValueError("token 12345")

    assert deliver(store, a=Channel(defect)) == {"RETRY": 1}
    assert store.notifications.logs(limit=1)[0].answer == "unexpected ValueError"


def test_the_lease_of_a_sender_that_died_is_taken_over(store: Store) -> None:
    report(store, ok=False)
    assert store.notifications.claim("a", now=START, leased_until=START + timedelta(seconds=30))
    channel = Channel()
    assert deliver(store, 29, a=channel) == {}
    assert deliver(store, 30, a=channel) == {"SENT": 1}


@dataclass
class Elsewhere:
    """Another process' connection to the store, which can keep its lock."""

    connection: Any
    begin: str

    def lock(self) -> None:
        self.connection.execute(self.begin)

    def unlock(self) -> None:
        self.connection.execute("ROLLBACK")


@pytest.fixture
def other(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """Who waits for its lock gives up soon."""
    database = store.database
    monkeypatch.setattr("shared.store.engines.lifecycle.BUSY_SECONDS", 0.1)
    monkeypatch.setattr(delivery, "RUN", delivery.Budget(starts_until=0.5, ends_at=0.5))
    connection: Any
    if isinstance(database, SqliteDatabase):
        connection = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
        begin = "BEGIN IMMEDIATE"
    else:
        assert isinstance(database, postgres.PostgresDatabase)
        connection = psycopg.connect(database._url.get_secret_value(), autocommit=True)
        begin = f"BEGIN; SELECT pg_advisory_xact_lock({postgres._LOCK})"
    with closing(connection):
        yield Elsewhere(connection, begin)


def locking(other: Elsewhere) -> Channel:
    """A channel that accepts, and before it can be written down the store is locked."""
    channel = Channel()
    channel.behave = lambda: None if channel.taken else other.lock()
    return channel


def logged(store: Store) -> list[str]:
    return [log.status for log in reversed(store.notifications.logs(limit=9))]


def test_what_was_accepted_while_the_store_was_locked_is_written_down_later_and_not_sent_again(
    store: Store, other: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    report(store, ok=False)
    report(store, ok=True, after=30)
    channel = locking(other)
    logs._logger.cache_clear()
    for after in (30, 70):
        with pytest.raises(StoreUnavailable, match="busy"):
            deliver(store, after, a=channel)
    assert capsys.readouterr().out.count('"notification_sent"') == 1, "the log says what was done, written down or not"
    logs._logger.cache_clear()
    other.unlock()
    # The lease has run out, and were it still owed it would even be given up.
    assert deliver(store, TTL + 1, a=channel) == {"SENT": 1}
    assert channel.kinds == ["OUTAGE", "RECOVERY"]
    assert logged(store) == ["SENT", "SENT"]


def test_what_was_accepted_at_once_while_the_store_was_locked_is_written_down_by_the_next_that_comes(
    store: Store, other: Elsewhere
) -> None:
    channel = locking(other)
    deliver_at_once(store, {"a": channel}, report(store, ok=False), "en")
    assert logged(store) == []
    other.unlock()
    deliver_at_once(store, {"a": channel}, [], "en")
    assert logged(store) == ["SENT"]
    assert deliver(store, 99, a=channel) == {}
    assert len(channel.taken) == 1


def test_a_lock_that_ends_soon_costs_nothing(store: Store, other: Elsewhere) -> None:
    report(store, ok=False)
    channel = locking(other)
    unlock = threading.Timer(0.3, other.unlock)
    unlock.start()
    assert deliver(store, a=channel) == {"SENT": 1}
    unlock.join()
    assert logged(store) == ["SENT"]


def test_what_another_process_sent_again_meanwhile_is_sent_all_the_same(
    store: Store, other: Elsewhere, new_database: Callable[[], Database]
) -> None:
    report(store, ok=False)
    channel = locking(other)
    with pytest.raises(StoreUnavailable):
        deliver(store, a=channel)
    other.unlock()
    elsewhere = Store(new_database())
    assert deliver(elsewhere, 31, a=Channel(fails())) == {"RETRY": 1}
    elsewhere.database.close()
    assert deliver(store, 99, a=channel) == {}
    assert logged(store) == ["RETRY", "SENT"]
    assert len(channel.taken) == 1


@pytest.mark.parametrize("is_owed", [False, True])
def test_what_was_accepted_is_not_written_down_for_another_that_got_its_number_in_a_new_store(
    store: Store, other: Elsewhere, is_owed: bool
) -> None:
    report(store, ok=False)
    channel = locking(other)
    with pytest.raises(StoreUnavailable):
        deliver(store, a=channel)
    other.unlock()
    if isinstance(store.database, SqliteDatabase):
        store.database.path.unlink()
    else:
        with store.database.transaction() as transaction:
            drop_everything(transaction)
    migrate(store.database, as_text(START))
    if is_owed:
        report(store, ok=False, after=60, name="other")
    assert deliver(store, 60, a=channel) == ({"SENT": 1} if is_owed else {})
    assert logged(store) == ["SENT"] * is_owed


@pytest.fixture
def wire(postgres: Server) -> Iterator[Wire]:
    """Leads to an empty store on PostgreSQL."""
    with Wire(postgres.new_store()) as leading:
        yield leading


@pytest.fixture
def at_the_end_of_a_wire(wire: Wire) -> Iterator[Store]:
    with closing(postgres.PostgresDatabase(SecretStr(wire.url))) as database:
        migrate(database, as_text(START))
        yield Store(database)


@pytest.mark.system
@pytest.mark.parametrize("side", SIDES)
def test_an_attempt_of_which_nobody_heard_whether_it_was_written_down_is_one_row_and_sent_once(
    wire: Wire, at_the_end_of_a_wire: Store, side: str
) -> None:
    store, channel = at_the_end_of_a_wire, Channel()
    report(store, ok=False)
    is_done = wire.hang_up("INSERT INTO notification_logs", side)
    assert deliver(store, a=channel) == {"SENT": 1}
    assert (is_done.is_set(), wire.came_late) == (True, side == "late")
    assert logged(store) == ["SENT"]
    assert store.summary()["owed_notifications"] == 0
    assert deliver(store, 99, a=channel) == {}
    assert channel.kinds == ["OUTAGE"]


@pytest.mark.system
def test_a_refusal_of_which_nobody_heard_that_it_was_written_down_is_one_alert_and_told_once(
    wire: Wire, at_the_end_of_a_wire: Store
) -> None:
    store, refusing, other = at_the_end_of_a_wire, Channel(fails(is_permanent=True)), Channel()
    report(store, ok=False)
    is_done = wire.hang_up("INSERT INTO alerts", "after")
    assert deliver(store, a=refusing, b=other)["FAILED"] == 1
    assert is_done.is_set()
    deliver(store, 99, a=refusing, b=other)
    assert logged(store) == ["FAILED", "SENT"]
    assert [alert.kind for alert in store.alerts.page(limit=9)] == ["CHANNEL_REFUSED", "OUTAGE"]
    assert other.kinds == ["CHANNEL_REFUSED"]


def test_a_lease_outlasts_a_send_and_is_short() -> None:
    assert delivery.SEND_SECONDS < delivery.LEASE_SECONDS <= 30
    assert delivery.AT_ONCE.ends_at <= 1
    assert delivery.AT_ONCE.starts_until < delivery.AT_ONCE.ends_at


def test_channels_are_served_side_by_side(store: Store) -> None:
    report(store, ok=False, channels=("a", "b"))
    together = threading.Barrier(2, timeout=5)
    assert deliver(store, a=Channel(together.wait), b=Channel(together.wait)) == {"SENT": 2}


def test_what_comes_due_while_another_channel_is_slow_does_not_wait(store: Store) -> None:
    report(store, ok=False, channels=("slow",))
    fast, is_told = Channel(), threading.Event()
    fast.behave = is_told.set

    def slow() -> None:
        # Only while this send lasts does the other channel come to owe something.
        report(store, ok=False, channels=("fast",), name="other")
        assert is_told.wait(5), "the fast channel was not served meanwhile"

    assert deliver(store, slow=Channel(slow), fast=fast) == {"SENT": 2}


def test_only_what_is_new_is_sent_at_once(store: Store) -> None:
    report(store, ok=False, name="older")
    ids = report(store, ok=False, name="newer")
    channel = Channel()
    deliver_at_once(store, {"a": channel}, ids, "en")
    assert len(channel.taken) == 1
    assert "newer" in channel.taken[0]


def test_a_recovery_at_once_does_not_overtake_an_outage_that_is_being_retried(store: Store) -> None:
    outage = report(store, ok=False)
    channel = Channel(fails())
    deliver_at_once(store, {"a": channel}, outage, "en")
    channel.behave = lambda: None
    recovery = report(store, ok=True, after=30)
    deliver_at_once(store, {"a": channel}, recovery, "en")
    assert channel.taken == []
    in_an_hour = (now() - START).total_seconds() + 3600
    assert deliver(store, in_an_hour, a=channel) == {"EXPIRED": 2} or channel.kinds == ["OUTAGE", "RECOVERY"]


def test_at_once_begins_no_send_that_it_would_have_to_cut_off(store: Store) -> None:
    ids = [*report(store, ok=False, name="first"), *report(store, ok=False, name="second")]
    channel = Channel(lambda: time.sleep(delivery.AT_ONCE.starts_until))
    deliver_at_once(store, {"a": channel}, ids, "en")
    assert len(channel.taken) == 1
    assert channel.timeouts[0] <= delivery.AT_ONCE.ends_at
    assert deliver(store, a=Channel()) == {"SENT": 1}


def test_a_manual_recovery_says_so(store: Store) -> None:
    report(store, ok=False)
    at = START + timedelta(seconds=60)
    store.alerts.move(1, AlertStatus.RESOLVED, by="kim", at=at, channels=["a"])
    channel = Channel()
    deliver(store, 60, a=channel)
    assert "resolved by hand by kim" in channel.taken[1]


@pytest.mark.parametrize(
    ("attempts", "retry_after", "jitter", "seconds", "why"),
    [
        (1, None, 1.0, 1.0, "the first wait is a second at least"),
        (1, None, 0.0, 2.0, "and two at most"),
        (2, None, 0.0, 4.0, "it doubles"),
        (9, None, 0.0, 512.0, "and doubles"),
        (10, None, 0.0, 600.0, "to ten minutes at most"),
        (10_000, None, 0.0, 600.0, "however often"),
        (1, 35.0, 0.0, 35.0, "the channel's word counts where it is longer"),
        (9, 1.0, 0.0, 512.0, "and not where it is shorter"),
    ],
)
def test_retries_wait(attempts: int, retry_after: float | None, jitter: float, seconds: float, why: str) -> None:
    assert retry_seconds(attempts, retry_after, jitter) == seconds, why


def test_jitter_spreads_retries() -> None:
    assert len({retry_seconds(5) for _ in range(20)}) > 10
