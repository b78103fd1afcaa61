"""Attempts that the store fails to record, or records without an answer: none is lost, and nothing is sent again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from pydantic import SecretStr

from shared.delivery import deliver_at_once, run
from shared.delivery.sender import Budget
from shared.models import as_text
from shared.store import Store, StoreUnavailable
from shared.store.engines.database import Database
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import drop_everything, migrate
from tests.support.builders import NOON, Channel, fails, refuses
from tests.support.postgres import Server
from tests.support.store.steps import SETTINGS, TTL, deliver, owe, statuses
from tests.torture.wire import SIDES, Wire

pytestmark = pytest.mark.slow

# --- the store is locked when a message was accepted ------------------------------------------------------------------


class OtherProcess:
    """Another process's connection to the store, which can hold the store's lock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_locked, self._is_over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)

    def lock(self) -> None:
        self._thread.start()
        assert self._is_locked.wait(20)

    def unlock(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _hold(self) -> None:
        with self._database.transaction():
            self._is_locked.set()
            self._is_over.wait(30)


@pytest.fixture
def other(new_database: Callable[[], Database], monkeypatch: pytest.MonkeyPatch) -> OtherProcess:
    """It can lock the store, and this process soon gives up if it has to wait."""
    monkeypatch.setattr("shared.store.engines.lifecycle.BUSY_SECONDS", 0.1)
    monkeypatch.setattr(run, "RUN", Budget(starts_until=0.5, ends_at=0.5))
    return OtherProcess(new_database())


@pytest.fixture
def locking(other: OtherProcess) -> Channel:
    """A channel that accepts its first message, and locks the store before that can be recorded."""
    channel = Channel()
    channel.behave = lambda: None if channel.texts else other.lock()
    return channel


@pytest.fixture
def unrecorded(store: Store, other: OtherProcess, locking: Channel) -> Channel:
    """A channel that accepted a message which this process could not record; the store is usable again."""
    owe(store)
    with pytest.raises(StoreUnavailable):
        deliver(store, a=locking)
    other.unlock()
    return locking


def test_a_message_accepted_under_a_lock_is_recorded_later(
    store: Store,
    other: OtherProcess,
    locking: Channel,
    capsys: pytest.CaptureFixture[str],
    fresh_logs: Callable[[], None],
) -> None:
    owe(store)
    owe(store, 30, ok=True)
    fresh_logs()
    for seconds in (30, 70):
        with pytest.raises(StoreUnavailable, match="busy"):
            deliver(store, seconds, a=locking)
    assert capsys.readouterr().out.count('"notification_sent"') == 1, "the log names each attempt, recorded or not"
    other.unlock()
    # The lease has expired. If the message were still owed, it would even expire.
    assert deliver(store, TTL + 1, a=locking) == {"SENT": 1}
    assert locking.kinds == ["OUTAGE", "RECOVERY"]
    assert statuses(store) == ["SENT", "SENT"]


def test_the_next_delivery_records_what_was_sent_at_once(store: Store, other: OtherProcess, locking: Channel) -> None:
    deliver_at_once(store, {"a": locking}, owe(store), SETTINGS)
    assert statuses(store) == []
    other.unlock()
    deliver_at_once(store, {"a": locking}, [], SETTINGS)
    assert statuses(store) == ["SENT"]
    assert deliver(store, 99, a=locking) == {}
    assert len(locking.texts) == 1


def test_a_short_lock_costs_nothing(store: Store, other: OtherProcess) -> None:
    owe(store)
    unlock = threading.Timer(0.3, other.unlock)

    def lock() -> None:
        other.lock()
        unlock.start()

    assert deliver(store, a=Channel(lock)) == {"SENT": 1}
    unlock.join()
    assert statuses(store) == ["SENT"]


def test_an_acceptance_counts_although_another_sent_again(
    store: Store, unrecorded: Channel, new_database: Callable[[], Database]
) -> None:
    elsewhere = Store(new_database())
    assert deliver(elsewhere, 31, a=Channel(fails())) == {"RETRY": 1}
    elsewhere.database.close()
    assert deliver(store, 99, a=unrecorded) == {}
    assert statuses(store) == ["RETRY", "SENT"]
    assert len(unrecorded.texts) == 1


@pytest.mark.parametrize("is_owed", [False, True])
def test_an_attempt_is_not_recorded_for_a_new_stores_message(store: Store, unrecorded: Channel, is_owed: bool) -> None:
    """A message of the new store has the same id."""
    if isinstance(store.database, SqliteDatabase):
        store.database.path.unlink()
    else:
        with store.database.transaction() as transaction:
            drop_everything(transaction)
    migrate(store.database, as_text(NOON))
    if is_owed:
        owe(store, 60, monitor="other")
    assert deliver(store, 60, a=unrecorded) == ({"SENT": 1} if is_owed else {})
    assert statuses(store) == ["SENT"] * is_owed


# --- the connection ends during the COMMIT ----------------------------------------------------------------------------


@pytest.fixture
def wire(postgres: Server) -> Iterator[Wire]:
    """Leads to an empty store on PostgreSQL."""
    with Wire(postgres.new_store()) as leading:
        yield leading


@pytest.fixture
def at_the_end_of_a_wire(wire: Wire) -> Iterator[Store]:
    with closing(PostgresDatabase(SecretStr(wire.url))) as database:
        migrate(database, as_text(NOON))
        yield Store(database)


@pytest.mark.system
@pytest.mark.parametrize("side", SIDES)
def test_an_unconfirmed_attempt_is_one_row_and_sent_once(wire: Wire, at_the_end_of_a_wire: Store, side: str) -> None:
    store, channel = at_the_end_of_a_wire, Channel()
    owe(store)
    is_done = wire.hang_up("INSERT INTO notification_logs", side)
    assert deliver(store, a=channel) == {"SENT": 1}
    assert (is_done.is_set(), wire.came_late) == (True, side == "late")
    assert statuses(store) == ["SENT"]
    assert store.summary()["owed_notifications"] == 0
    assert deliver(store, 99, a=channel) == {}
    assert channel.kinds == ["OUTAGE"]


@pytest.mark.system
def test_an_unconfirmed_refusal_is_one_alert_and_sent_once(wire: Wire, at_the_end_of_a_wire: Store) -> None:
    store, refusing, other = at_the_end_of_a_wire, Channel(refuses()), Channel()
    owe(store)
    is_done = wire.hang_up("INSERT INTO alerts", "after")
    # The other channel's sender may be the one that records it, and ends if the connection does.
    with suppress(StoreUnavailable):
        deliver(store, a=refusing, b=other)
    assert is_done.is_set()
    deliver(store, 99, a=refusing, b=other)
    assert statuses(store) == ["FAILED", "SENT"]
    assert [alert.kind for alert in store.alerts.page(limit=9)] == ["CHANNEL_REFUSED", "OUTAGE"]
    assert other.kinds == ["CHANNEL_REFUSED"]
