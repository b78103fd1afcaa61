"""Storms, from 300 failing monitors to the messages of their channels, over a real store and with given times."""

import re
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import pytest

from shared.alerting.storms import WAIT_SECONDS
from shared.delivery import deliver_at_once, deliver_owed, texts
from shared.delivery.run import LIST_SECONDS, RUN
from shared.models import Attempt, Change, now
from shared.models.channel import USUAL, Channels, Pace
from shared.models.message import Message
from shared.notifiers import Accepted
from shared.notifiers.services.console import ConsoleNotifier
from shared.store import Store, StoreUnavailable
from tests.support.builders import Channel, at, event, fails, refuses, routes
from tests.support.store.steps import SETTINGS, add, owe, rows, statuses

pytestmark = pytest.mark.slow


class Record(Protocol):
    """Outbox.record."""

    def __call__(self, attempt: Attempt, *, channels: Channels) -> Change | None: ...


class Phone(Channel):
    """A channel that reaches people. It keeps when it got each message, and which notifications that names."""

    def __init__(self, clock: "Clock", pace: Pace = USUAL) -> None:
        super().__init__()
        self.clock, self.own_pace = clock, pace
        self.received: list[tuple[float, list[int]]] = []

    @property
    def pace(self) -> Pace:  # type: ignore[override]
        """See NotifierKind.pace."""
        return self.own_pace

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:  # noqa: ARG002
        """See NotifierKind.send."""
        assert message.notification is not None
        self.behave()
        ids = [int(number) for number in re.findall(r"#(\d+)", message.text)]
        assert ids[0] == message.notification.id
        self.texts.append(message.text)
        self.received.append((self.clock.seconds, ids))
        return Accepted(f"message {len(self.texts)}")


class Clock:
    """A clock that only stands still or is waited for; seconds after noon."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waited: list[float] = []

    def __call__(self) -> datetime:
        return at(self.seconds)

    def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        # Times in the store are whole milliseconds.
        self.seconds += seconds + 0.001


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def phone(clock: Clock) -> Phone:
    return Phone(clock)


def change(
    store: Store, count: int, seconds: float = 0, *, ok: bool = False, channels: tuple[str, ...] = ("a",)
) -> list[int]:
    """Let a number of monitors fail, or recover, at once; return the ids of the notifications that this owes."""
    events = [event(seconds, ok=ok, monitor=f"m{number:03}") for number in range(count)]
    return [
        id_
        for ingested in add(store, *events, received=seconds, channels=routes(*channels))
        for id_ in ingested.notification_ids
    ]


def run(store: Store, clock: Clock, **channels: Channel) -> dict[str, int]:
    outcomes = deliver_owed(store, channels, SETTINGS, clock=clock, pause=clock.pause)
    return {str(status): count for status, count in outcomes.items() if count}


def test_300_failing_monitors_are_six_messages_and_300_rows(store: Store, clock: Clock, phone: Phone) -> None:
    change(store, 300)
    assert run(store, clock, a=phone) == {"SENT": 300}
    assert [seconds for seconds, _ in phone.received] == [0, 0, 0, 0, 0, pytest.approx(2, abs=0.01)]
    assert phone.texts[5].splitlines()[0] == "OUTAGE: 295 monitors"
    assert phone.texts[5].splitlines()[1] == "m005 · connection refused · #6"
    assert phone.texts[5].splitlines()[21:] == ["and 275 more · #26–#300"]
    logs = rows(store, "SELECT notification_id, status, answer FROM notification_logs ORDER BY id")
    assert [row[0] for row in logs] == list(range(1, 301))
    assert {row[1:] for row in logs[5:]} == {("SENT", "message 6 (a list of 295)")}
    assert run(store, clock, a=phone) == {}


def test_failures_over_ten_seconds_are_ten_messages_at_most(store: Store, clock: Clock, phone: Phone) -> None:
    """Runs begin every two seconds, as in the local system, and monitors fail ten at a time."""
    for tenth in range(0, 150, 2):
        clock.seconds = max(clock.seconds, tenth / 10)
        events = [event(ok=False, monitor=f"m{tenth}-{number}") for number in range(4)]
        add(store, *events, received=tenth / 10, channels=routes("a"))
        if tenth % 20 == 0:
            run(store, clock, a=phone)
    clock.seconds += 30
    run(store, clock, a=phone)
    times = [seconds for seconds, _ in phone.received]
    assert all(times[place + 10] - times[place] >= 10 for place in range(len(times) - 10))
    assert store.summary()["owed_notifications"] == 0


def test_recoveries_are_listed_too_and_come_after(store: Store, clock: Clock, phone: Phone) -> None:
    change(store, 30)
    change(store, 30, 1, ok=True)
    assert run(store, clock, a=phone) == {"SENT": 60}
    assert [text.split()[0] for text in phone.texts[:6]] == ["OUTAGE"] * 5 + ["OUTAGE:"]
    assert {text.split()[0] for text in phone.texts[6:]} == {"RECOVERY:"}
    place = {id_: place for place, (_, ids) in enumerate(phone.received) for id_ in ids}
    assert all(place[id_] < place[id_ + 30] for id_ in range(1, 31) if id_ in place and id_ + 30 in place)


def test_the_console_prints_each_of_300_lines(store: Store, clock: Clock) -> None:
    assert ConsoleNotifier().pace is None
    console = Channel()
    change(store, 300)
    assert run(store, clock, a=console) == {"SENT": 300}
    assert len(console.texts) == 300
    assert clock.waited == []


def test_a_list_that_waits_holds_up_no_other_channel(store: Store, clock: Clock, phone: Phone) -> None:
    change(store, 9, channels=("a", "b"))
    has_failed = threading.Event()
    # On a busy machine it could be done before the list begins to wait.
    other = Channel(lambda: len(other.texts) < 8 or has_failed.wait(20))

    def fail_meanwhile(seconds: float) -> None:
        owe(store, 1, monitor="meanwhile", channels=routes("b"))
        has_failed.set()
        clock.pause(seconds)

    deliver_owed(store, {"a": phone, "b": other}, SETTINGS, clock=clock, pause=fail_meanwhile)
    assert "meanwhile" in other.headlines[-1]


def test_a_run_waits_no_longer_than_for_a_list(
    store: Store, clock: Clock, capsys: pytest.CaptureFixture[str], fresh_logs: Callable[[], None]
) -> None:
    """The rest of a minute of a group's pace is left to a later run."""
    phone = Phone(clock, Pace(1, 60.0))
    change(store, 9)
    assert run(store, clock, a=phone) == {"SENT": 1}
    assert clock.waited == []
    # A sender that cannot go on waits as well, for its next try.
    assert "sender_failed" not in capsys.readouterr().out
    assert LIST_SECONDS == WAIT_SECONDS < RUN.starts_until


def test_at_once_waits_for_no_list_and_leaves_it_to_the_next_run(store: Store, clock: Clock, phone: Phone) -> None:
    received = now()
    events = [event(ok=False, monitor=f"m{number}", timestamp=received) for number in range(9)]
    ingested = store.events.add(events, received_at=received, channels=routes("a"))
    deliver_at_once(store, {"a": phone}, [id_ for each in ingested for id_ in each.notification_ids], SETTINGS)
    assert [ids for _, ids in phone.received] == [[1], [2], [3], [4], [5]]


def test_what_waited_is_sent_with_the_next_failure_at_once(store: Store, phone: Phone) -> None:
    """In a cloud the next scheduled run may be a minute away."""
    change(store, 9)
    deliver_at_once(store, {"a": phone}, owe(store, 5, monitor="next"), SETTINGS)
    assert sorted(id_ for _, ids in phone.received for id_ in ids) == list(range(1, 11))
    assert len(phone.received) < 10


# --- what can go wrong ------------------------------------------------------------------------------------------------


def test_a_list_that_fails_is_tried_again_as_it_was(store: Store, clock: Clock, phone: Phone) -> None:
    change(store, 9)
    phone.behave = lambda: fails()() if len(phone.texts) == 5 and "RETRY" not in statuses(store) else None
    assert run(store, clock, a=phone) == {"SENT": 5, "RETRY": 4}
    change(store, 12, 3)
    clock.seconds += 3
    run(store, clock, a=phone)
    assert [6, 7, 8, 9] in [ids for _, ids in phone.received]
    assert rows(store, "SELECT count(*) FROM notification_logs WHERE status = 'RETRY'") == [(4,)]


def test_a_refused_list_fails_each_of_its_notifications(store: Store, clock: Clock, phone: Phone) -> None:
    change(store, 9)
    phone.behave = lambda: refuses()() if len(phone.texts) == 5 else None
    assert run(store, clock, a=phone) == {"SENT": 5, "FAILED": 4}
    assert rows(store, "SELECT subject FROM alerts WHERE kind = 'CHANNEL_REFUSED'") == [("a",)]


def dying(record: Record, is_in_trouble: Callable[[], bool]) -> Record:
    """Records every attempt but those of lists while there is trouble."""

    def recording(attempt: Attempt, *, channels: Channels) -> Change | None:
        if attempt.listed and is_in_trouble():
            raise StoreUnavailable("the disk is full", is_transient=False)
        return record(attempt, channels=channels)

    return recording


def test_a_process_that_dies_with_a_list_repeats_it_as_it_was(store: Store, clock: Clock, phone: Phone) -> None:
    """It died between the send and the record."""
    change(store, 9)
    store.notifications.record = dying(store.notifications.record, lambda: True)  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        run(store, clock, a=phone)
    again = Store(store.database)
    change(again, 12, 3)
    clock.seconds = 40
    run(again, clock, a=phone)
    assert [text for text in phone.texts if "OUTAGE: 4" in text] == [phone.texts[5]] * 2
    assert len(rows(store, "SELECT * FROM notification_logs")) == 12


def test_a_list_that_could_not_be_recorded_is_recorded_later(store: Store, clock: Clock, phone: Phone) -> None:
    change(store, 9)
    troubles = [True]
    store.notifications.record = dying(store.notifications.record, lambda: any(troubles))  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        run(store, clock, a=phone)
    troubles.clear()
    clock.seconds = 99
    assert run(store, clock, a=phone) == {}
    assert len(phone.received) == 6
    assert rows(store, "SELECT count(*) FROM notifications WHERE status = 'SENT'") == [(9,)]


def test_a_list_that_cannot_be_composed_still_names_its_subjects(
    store: Store, clock: Clock, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "message_about", lambda *_, **__: 1 / 0)
    change(store, 30)
    assert run(store, clock, a=phone) == {"SENT": 30}
    assert phone.texts[5].splitlines()[:2] == ["OUTAGE: 25", "m005 · #6"]
    assert phone.texts[5].splitlines()[-1] == "and 5 more · #26–#30"
