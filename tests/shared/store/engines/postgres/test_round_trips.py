"""How often a report asks a server that is far away."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from shared.delivery import deliver_at_once
from shared.models import Attempt, AttemptStatus, Event, as_text
from shared.monitors.policy import Policy
from shared.store import Store
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.migrate import migrate
from tests.support.builders import NOON, Channel, at, event, routes
from tests.support.postgres import Server
from tests.support.store.steps import SETTINGS, add, claimed, owe, rows, settle
from tests.support.store.watching import review
from tests.torture.wire import Wire

pytestmark = pytest.mark.system

# The beginning with the lock, what is read, the events, and what changed with the COMMIT.
MOST = 4
# Two agents, each with its monitors, its alert and the messages about it.
MOST_OF_SILENCES = 50
# The beginning with the lock, the alert about the channel, and what changed with the COMMIT; and after the first
# message about an alert, how long it took.
MOST_OF_A_FAILURE = 3
MOST_OF_A_SUCCESS = 4
NAMES = [f"m{number}" for number in range(100)]


class Counting(Wire):
    """Notes each thing that is asked: what is sent until an answer is waited for."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: list[bytes] = []

    def _note(self, said: bytes, port: int) -> None:
        self.asked.append(said)
        super()._note(said, port)


@pytest.fixture
def wire(postgres: Server) -> Iterator[Counting]:
    with Counting(postgres.new_store()) as counting:
        yield counting


@pytest.fixture
def store(wire: Counting) -> Iterator[Store]:
    database = PostgresDatabase(SecretStr(wire.url), prepare=lambda known: migrate(known, as_text(NOON)))
    yield Store(database)
    database.close()


def report(seconds: float, names: Sequence[str] = NAMES, ok: bool = True, **fields: object) -> list[Event]:
    said = {"agent": "seoul", "interval_seconds": 30, **fields}
    return [event(seconds, ok=ok, monitor=name, **said) for name in names]


def asked(wire: Counting, store: Store, events: Sequence[Event]) -> int:
    wire.asked.clear()
    add(store, *events)
    return len(wire.asked)


def test_a_report_asks_no_more_often_if_it_is_long(wire: Counting, store: Store) -> None:
    add(store, *report(0))
    assert asked(wire, store, report(30, NAMES[:2])) == MOST
    assert asked(wire, store, [each for seconds in (60, 90, 120) for each in report(seconds)]) == MOST


def test_a_report_of_failures_asks_as_often(wire: Counting, store: Store) -> None:
    for name in NAMES:
        store.monitors.add(Policy(name=name, url=f"http://{name}/", failure_threshold=3), now=NOON)
    add(store, *report(0))
    # A finding that is new is written once more, ahead of the events.
    assert asked(wire, store, report(30, ok=False)) == MOST + 1
    assert rows(store, "SELECT DISTINCT state FROM monitors") == [("PENDING",)]
    assert asked(wire, store, report(60, ok=False)) == MOST


def test_a_report_that_comes_again_asks_as_often(wire: Counting, store: Store) -> None:
    events = report(30)
    add(store, *report(0))
    add(store, *events)
    assert asked(wire, store, events) <= MOST + 1


def test_every_rule_asks_as_often(wire: Counting, store: Store) -> None:
    limits = {"max_response_time": 5, "certificate_expiry": ["21d"], "quorum": 2}
    for name in NAMES:
        store.monitors.add(Policy.model_validate({"name": name, "url": f"http://{name}/", **limits}), now=NOON)
    seen: dict[str, Any] = {"response_time_ms": 50, "certificate_expires_at": at(90 * 86_400)}
    for seconds in (0, 30):
        for location in ("seoul", "paris"):
            add(store, *report(seconds, location=location, **seen))
    found = asked(wire, store, report(60, location="seoul", **seen))
    assert b"monitor_locations" in b"".join(wire.asked)
    assert found == MOST


@pytest.mark.parametrize(("status", "most"), [("SENT", MOST_OF_A_SUCCESS), ("RETRY", MOST_OF_A_FAILURE)])
def test_recording_an_attempt_asks_as_seldom_as_it_can(wire: Counting, store: Store, status: str, most: int) -> None:
    """All other writers wait for it, on every channel."""
    owe(store, monitor="first")
    settle(store, "SENT", 1)  # once a day, older times are put together
    owe(store)
    owed = claimed(store)
    wire.asked.clear()
    attempt = Attempt(owed.notification, AttemptStatus(status), at(1), 9.0, "so it went", due_at=at(60))
    store.notifications.record(attempt, channels={})
    assert len(wire.asked) == most


def test_the_silence_of_agents_asks_no_more_often_for_many_monitors(wire: Counting, store: Store) -> None:
    """Each monitor loses both of its locations, and with the second one its state."""
    for agent in ("seoul", "paris"):
        add(store, *report(0, agent=agent, location=agent), received=0)
    review(store, 0, 60)
    wire.asked.clear()
    assert {alert.subject for alert in review(store, 120)} == {"paris", "seoul"}
    assert len(wire.asked) < MOST_OF_SILENCES
    assert rows(store, "SELECT DISTINCT state FROM monitors") == [("UNKNOWN",)]


def test_sending_at_once_asks_nothing_after_the_last_message(wire: Counting, store: Store) -> None:
    """Each question would lock the store for writing, and find nothing; all other writers would wait for it."""
    channels = {name: Channel() for name in ("a", "b")}
    ids = [*owe(store, channels=routes("a", "b")), *owe(store, channels=routes("a"), monitor="other")]
    wire.asked.clear()
    deliver_at_once(store, channels, ids, SETTINGS)
    assert [len(channel.texts) for channel in channels.values()] == [2, 1]
    assert len([said for said in wire.asked if b"SET status = 'SENDING'" in said]) == len(ids)
