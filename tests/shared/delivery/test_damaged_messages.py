"""Messages that cannot be composed, and rows that somebody damaged: each costs only itself."""

import threading
from collections.abc import Callable, Sequence

import pytest

from shared.delivery import deliver_at_once, texts
from shared.delivery.sender import Budget, Sender
from shared.messages import Language, message_about
from shared.models import Alert, Notification, NotificationLog
from shared.models.message import Message
from shared.notifiers import Accepted, SendFailed
from shared.store import Store
from shared.store.asking import circumstances
from tests.support.builders import Channel, at, event, fails, routes
from tests.support.store.steps import SETTINGS, TTL, add, deliver, opened, owe, rows, statuses

pytestmark = pytest.mark.slow


def damage(store: Store, statement: str, **values: object) -> None:
    """Somebody changes the store by hand."""
    with store.database.transaction() as transaction:
        transaction.rows(statement, **values)


def logs(store: Store) -> list[NotificationLog]:
    return list(reversed(store.notifications.logs(limit=99)))


@pytest.mark.parametrize(
    ("zone", "failed_at"),
    [("America/New_York", "0001-01-01T00:00:00.000Z"), ("Pacific/Kiritimati", "9999-12-31T23:59:59.999Z")],
)
def test_a_time_that_a_zone_cannot_show_is_shown_in_utc(
    store: Store, set_zone: Callable[[str], None], zone: str, failed_at: str
) -> None:
    set_zone(zone)
    owe(store)
    # As version 0.1 stored it.
    damage(store, "UPDATE alerts SET failed_at = :failed_at", failed_at=failed_at)
    channel = Channel()
    assert deliver(store, a=channel) == {"SENT": 1}
    assert f"since {failed_at[:10]} {failed_at[11:19]} UTC" in channel.texts[0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alerts SET cause_data = '{' WHERE subject = 'bad'",
        """UPDATE alerts SET cause_data = '{"code": "x", "parameters": {"a": [1]}}' WHERE subject = 'bad'""",
        "UPDATE alerts SET failed_at = 'yesterday', opened_at = '' WHERE subject = 'bad'",
        "UPDATE alerts SET failed_at = '0001-01-01T00:00:00.000+14:00' WHERE subject = 'bad'",
        "UPDATE alerts SET target_url = x'ff', cause = x'fe' WHERE subject = 'bad'",
        "UPDATE notifications SET occurred_at = 'soon', created_at = 'x', is_manual = 7 WHERE alert_id = 1",
        "UPDATE notifications SET actor = x'ff' WHERE alert_id = 1",
    ],
)
def test_a_damaged_row_costs_only_what_cannot_be_read(store: Store, statement: str) -> None:
    for monitor in ("bad", "good", "better"):
        owe(store, monitor=monitor)
    damage(store, statement)
    channel = Channel()
    assert deliver(store, a=channel) == {"SENT": 3}
    assert [headline.split()[:2] for headline in channel.headlines] == [
        ["OUTAGE", name] for name in ("bad", "good", "better")
    ]


def test_a_kind_that_this_program_does_not_know_is_sent(store: Store) -> None:
    owe(store, monitor="bad")
    owe(store, monitor="good")
    damage(store, "UPDATE alerts SET kind = 'TIDE' WHERE subject = 'bad'")
    damage(store, "UPDATE notifications SET kind = 'TIDE' WHERE alert_id = 1")
    channel = Channel()
    assert deliver(store, a=channel) == {"SENT": 2}
    assert channel.headlines[0].startswith("OUTAGE bad")


def test_a_damaged_message_expires_with_a_row(store: Store) -> None:
    owe(store, monitor="bad")
    owe(store, monitor="good")
    damage(store, "UPDATE notifications SET occurred_at = 'soon', actor = x'ff' WHERE alert_id = 1")
    assert deliver(store, TTL + 1, a=Channel()) == {"EXPIRED": 2}


def test_a_text_that_cannot_be_composed_is_replaced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def composed(pairs: Sequence[tuple[Alert, Notification]], language: Language, **_: object) -> Message:
        if pairs[0][0].subject == "bad":
            raise KeyError("no words")
        return message_about(pairs, language)

    monkeypatch.setattr(texts, "message_about", composed)
    for monitor in ("bad", "good"):
        owe(store, monitor=monitor)
    channel = Channel()
    assert deliver(store, a=channel) == {"SENT": 2}
    assert channel.texts[0] == "OUTAGE bad · #1"
    first, second = logs(store)
    assert first.answer == "accepted 1 (a short text, because composing failed: KeyError)"
    assert second.answer == "accepted 2"


def test_facts_that_cannot_be_looked_up_are_left_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class WithFacts(Channel):
        shows_facts = True

    def breaks(*_: object, **__: object) -> None:
        raise KeyError("no such monitor")

    monkeypatch.setattr(circumstances, "circumstances_of", breaks)
    owe(store, monitor="shop")
    channel = WithFacts()
    assert deliver(store, a=channel) == {"SENT": 1}
    assert channel.headlines == ["OUTAGE shop (http://shop/)"]


@pytest.mark.slow
@pytest.mark.parametrize("defect", [RuntimeError("x"), RecursionError(), MemoryError(), UnicodeError()])
def test_twenty_defects_leave_the_others_their_messages(store: Store, defect: Exception) -> None:
    def breaks() -> None:
        raise defect

    for number in range(20):
        owe(store, monitor=f"bad{number}")
    deliver(store, a=Channel(breaks))
    owe(store, monitor="good")
    channel = Channel()
    assert deliver(store, 3600, a=channel) == {"SENT": 21}
    assert statuses(store) == ["SENT"] * 9


def test_a_response_that_is_no_text_is_recorded(store: Store) -> None:
    class Odd(Channel):
        def send(self, message: Message, **_: object) -> Accepted:
            self.texts.append(message.text)
            return Accepted(None)  # type: ignore[arg-type]

    owe(store)
    odd = Odd()
    assert deliver(store, a=odd) == {"SENT": 1}
    assert deliver(store, 3600, a=odd) == {}
    assert len(odd.texts) == 1


def test_a_damaged_alert_about_a_channel_sends_nothing_twice(store: Store) -> None:
    owe(store, monitor="first")

    def refuses() -> None:
        raise SendFailed("no", is_permanent=True)

    deliver(store, a=Channel(refuses))
    damage(store, "UPDATE alerts SET opened_at = 'never' WHERE kind = 'CHANNEL_REFUSED'")
    owe(store, 60, monitor="second")
    channel = Channel()
    assert deliver(store, 60, a=channel) == {"SENT": 1}
    assert deliver(store, 3600, a=channel) == {}
    assert len(channel.texts) == 1


@pytest.mark.slow
def test_a_sender_outlives_a_store_that_fails_unexpectedly(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = owe(store)
    claim, calls = store.notifications.claim, []

    def fails_once(*given, **named):  # type: ignore[no-untyped-def]
        calls.append(given)
        if len(calls) == 1:
            raise TypeError("a row of another world")
        return claim(*given, **named)

    monkeypatch.setattr(store.notifications, "claim", fails_once)
    channel = Channel()
    deliver_at_once(store, {"a": channel}, ids, SETTINGS)
    assert channel.kinds == ["OUTAGE"]


def test_a_machine_short_of_threads_delivers_in_turn(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    owe(store, channels=routes("a", "b", "c"))

    def no_thread(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert deliver(store, a=Channel(), b=Channel(), c=Channel()) == {"SENT": 3}


@pytest.mark.parametrize("timestamp", [at(-2e9), at(0).replace(year=1, month=1, day=1), at(0).replace(year=1, day=2)])
def test_an_event_that_nobody_dated_counts_from_its_receipt(store: Store, timestamp: object) -> None:
    alert = opened(store)
    added = add(store, event(ok=False, monitor="go", timestamp=timestamp), received=60)[0]
    assert added.alert is not None
    assert (added.alert.failed_at, added.alert.id) == (at(60), alert.id + 1)
    assert rows(store, "SELECT timestamp FROM events WHERE id = 2") == [("2025-01-08T12:01:00.000Z",)]
    # The next one is not late, although it is as old.
    ended = add(store, event(ok=True, monitor="go", timestamp=timestamp), received=90)[0]
    assert ended.change == "RESOLVED"


@pytest.mark.parametrize("asked", [1e12, 1e300, float("inf"), float("nan"), -5.0, 0.0, 10**400])
def test_a_channel_cannot_make_its_message_wait_for_ever(store: Store, asked: float) -> None:
    owe(store)
    channel = Channel(fails(retry_after=asked))
    assert deliver(store, a=channel) == {"RETRY": 1}
    [(due_at,)] = rows(store, "SELECT due_at FROM notifications")
    assert str(due_at) <= "2025-01-09T11:59:00.000Z"
    channel.behave = lambda: None
    assert deliver(store, TTL - 30, a=channel) == {"SENT": 1}


def test_a_defect_before_any_look_at_the_time_ends_with_the_budget(store: Store) -> None:
    sender = Sender(store, {}, SETTINGS, Budget(starts_until=0.5, ends_at=1.0), lambda: at(0))
    tries: list[float] = []

    def send_next() -> bool:
        tries.append(sender.elapsed())
        if len(tries) > 100:
            return False  # otherwise a sender without an end would be a test without one
        raise RuntimeError

    sender.serve("a", send_next)
    assert 1 <= len(tries) < 10
