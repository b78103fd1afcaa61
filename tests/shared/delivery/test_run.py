"""Delivery over a real store, with channels that do as a test says and times that it gives."""

import threading
import time

import pytest

from shared.delivery import deliver_at_once
from shared.delivery.run import AT_ONCE
from shared.delivery.sender import LEASE_SECONDS, SEND_SECONDS
from shared.models import AlertStatus, as_text, now
from shared.models.message import Message
from shared.notifiers import Accepted
from shared.notifiers.outcomes import ANSWER_SECONDS
from shared.store import Store
from tests.support.builders import NOON, Channel, at, fails, refuses, routes
from tests.support.store.steps import SETTINGS, TTL, claim, deliver, owe, settle, statuses

pytestmark = pytest.mark.slow

# --- one channel ------------------------------------------------------------------------------------------------------


def test_an_owed_message_is_sent_once(store: Store) -> None:
    owe(store)
    channel = Channel()
    assert deliver(store, a=channel) == {"SENT": 1}
    assert deliver(store, 99, a=channel) == {}
    assert channel.kinds == ["OUTAGE"]


def test_one_run_sends_an_outage_and_then_its_recovery(store: Store) -> None:
    owe(store)
    owe(store, 30, ok=True)
    channel = Channel()
    assert deliver(store, 30, a=channel) == {"SENT": 2}
    assert channel.kinds == ["OUTAGE", "RECOVERY"]


def test_a_failed_attempt_is_retried_when_it_is_due(store: Store) -> None:
    owe(store)
    channel = Channel(fails())
    assert deliver(store, a=channel) == {"RETRY": 1}
    channel.behave = lambda: None
    assert deliver(store, 0.9, a=channel) == {}
    assert deliver(store, 2.1, a=channel) == {"SENT": 1}
    assert statuses(store) == ["RETRY", "SENT"]


@pytest.mark.parametrize("text", ["nul \x00 inside", "half \ud800 a character"], ids=["NUL", "half a character"])
def test_any_response_of_a_channel_can_be_recorded(store: Store, text: str) -> None:
    owe(store)
    assert deliver(store, a=Channel(refuses(text))) == {"FAILED": 1}
    [refused] = store.notifications.logs(limit=9)
    assert (refused.status, refused.answer) == ("FAILED", text.replace("\0", "?").replace("\ud800", "?"))


def test_a_retry_waits_as_long_as_the_channel_asks(store: Store) -> None:
    owe(store)
    channel = Channel(fails(retry_after=100.0))
    deliver(store, a=channel)
    channel.behave = lambda: None
    assert deliver(store, 99.9, a=channel) == {}
    assert deliver(store, 100.1, a=channel) == {"SENT": 1}


def test_a_channel_that_asks_to_wait_is_left_alone(store: Store) -> None:
    """Slack disables an app that goes on posting. Another channel goes on."""
    for name in ("shop", "blog", "wiki", "mail"):
        owe(store, monitor=name, channels=routes("a", "b"))
    busy, other = Channel(fails(retry_after=60.0)), Channel()
    assert deliver(store, a=busy, b=other) == {"RETRY": 1, "SENT": 4}
    owe(store, 1, ok=True, monitor="shop", channels=routes("a", "b"))
    busy.behave = lambda: None
    assert deliver(store, 59.9, a=busy) == {}
    deliver(store, 60.1, a=busy)
    assert sorted(busy.kinds) == ["OUTAGE"] * 4 + ["RECOVERY"]


def test_a_message_that_would_expire_meanwhile_is_tried_before(store: Store) -> None:
    owe(store, monitor="old")
    channel = Channel(fails())
    deliver(store, a=channel)
    late = TTL - 100
    owe(store, late, monitor="new")
    with store.database.transaction() as transaction:
        transaction.run("UPDATE notifications SET due_at = :at WHERE id = 1", at=as_text(at(late + 10)))
    channel.behave = fails(retry_after=3600.0)
    assert deliver(store, late, a=channel) == {"RETRY": 1}
    channel.behave = lambda: None
    assert deliver(store, late + 11, a=channel) == {"SENT": 1}
    assert channel.headlines == ["OUTAGE old (http://old/)"]


def test_a_permanent_refusal_fails_at_once_and_blocks_nothing(store: Store) -> None:
    owe(store)
    owe(store, 30, ok=True)
    assert deliver(store, 30, a=Channel(refuses("no luck"))) == {"FAILED": 2}
    assert store.notifications.logs(limit=1)[0].answer == "no luck"


def test_a_message_that_expires_leaves_a_row_that_says_so(store: Store) -> None:
    owe(store)
    channel = Channel()
    assert deliver(store, TTL + 1, a=channel) == {"EXPIRED": 1}
    assert channel.texts == []
    log = store.notifications.logs(limit=9)[0]
    assert (log.status, log.answer) == ("EXPIRED", "not delivered after 0 attempts since 2025-01-08T12:00:00.000Z")


@pytest.mark.parametrize(("attempts", "words"), [(1, "1 attempt"), (2, "2 attempts")])
def test_a_message_that_expires_counts_its_attempts(store: Store, attempts: int, words: str) -> None:
    owe(store)
    for number in range(attempts):
        deliver(store, 60.0 * number, a=Channel(fails("no")))
    deliver(store, TTL + 1, a=Channel())
    [log] = store.notifications.logs(limit=1)
    assert log.answer == f"not delivered after {words} since 2025-01-08T12:00:00.000Z"


def test_messages_to_a_removed_channel_expire(store: Store) -> None:
    owe(store, channels=routes("a", "removed"))
    assert deliver(store, a=Channel()) == {"SENT": 1}
    assert deliver(store, TTL + 1, a=Channel()) == {"EXPIRED": 1}


def test_a_notifiers_defect_loses_nothing_and_shows_no_secret(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "token-12345")
    owe(store)

    def defect() -> None:
        raise ValueError("no URL: http://me:pw@proxy/token-12345/x")

    assert deliver(store, a=Channel(defect)) == {"RETRY": 1}
    assert (
        store.notifications.logs(limit=1)[0].answer == "unexpected ValueError: no URL: http://me:***@proxy/(hidden)/x"
    )


def test_the_lease_of_a_dead_sender_is_taken_over(store: Store) -> None:
    owe(store)
    assert claim(store, 0)
    channel = Channel()
    assert deliver(store, 29, a=channel) == {}
    assert deliver(store, 30, a=channel) == {"SENT": 1}


def test_a_lease_outlasts_a_send_and_is_short() -> None:
    assert SEND_SECONDS + ANSWER_SECONDS < LEASE_SECONDS <= 30
    assert AT_ONCE.ends_at <= 1
    assert AT_ONCE.starts_until < AT_ONCE.ends_at


def test_a_recovery_by_hand_says_so(store: Store) -> None:
    owe(store)
    store.alerts.move(1, AlertStatus.RESOLVED, by="kim", at=at(60), channels=routes("a"))
    channel = Channel()
    deliver(store, 60, a=channel)
    assert "resolved by hand by kim" in channel.texts[1]


# --- several channels -------------------------------------------------------------------------------------------------


def test_channels_are_served_side_by_side(store: Store) -> None:
    owe(store, channels=routes("a", "b"))
    together = threading.Barrier(2, timeout=5)
    assert deliver(store, a=Channel(together.wait), b=Channel(together.wait)) == {"SENT": 2}


def test_a_message_that_comes_due_waits_for_no_slow_channel(store: Store) -> None:
    owe(store, channels=routes("slow"))
    fast, is_sent = Channel(), threading.Event()
    fast.behave = is_sent.set

    def slow() -> None:
        # The fast channel comes to owe a message only while this send lasts.
        owe(store, channels=routes("fast"), monitor="other")
        assert is_sent.wait(20), "the fast channel was not served meanwhile"

    assert deliver(store, slow=Channel(slow), fast=fast) == {"SENT": 2}


def test_a_run_asks_once_and_starts_no_sender_for_channels_without_messages(store: Store) -> None:
    owe(store, channels=routes("busy"))
    senders: list[str] = []
    busy = Channel(lambda: senders.extend(thread.name for thread in threading.enumerate()))
    others = {f"idle-{number}": Channel() for number in range(30)}
    assert deliver(store, 0, busy=busy, **others) == {"SENT": 1}
    assert [name for name in senders if name.startswith("sender of ")] == ["sender of busy"]


def test_a_message_whose_channel_is_gone_starts_no_sender(store: Store) -> None:
    owe(store, channels=routes("gone"))
    assert deliver(store, a=Channel()) == {}


def test_while_one_channel_is_slow_another_is_served_again_and_again(store: Store) -> None:
    """Its sender ends each time, since nothing is left for it, and the next message starts one anew."""
    owe(store, channels=routes("slow", "fast"))
    fast, sent = Channel(), threading.Semaphore(0)
    fast.behave = sent.release

    def slow() -> None:
        assert sent.acquire(timeout=5)
        for number in range(2):
            owe(store, channels=routes("fast"), monitor=f"later-{number}")
            assert sent.acquire(timeout=5), "the fast channel was not served meanwhile"

    assert deliver(store, slow=Channel(slow), fast=fast) == {"SENT": 4}


# --- at once ----------------------------------------------------------------------------------------------------------


def test_only_new_messages_are_sent_at_once(store: Store) -> None:
    owe(store, monitor="older")
    ids = owe(store, monitor="newer")
    channel = Channel()
    deliver_at_once(store, {"a": channel}, ids, SETTINGS)
    assert len(channel.texts) == 1
    assert "newer" in channel.texts[0]


def test_a_recovery_at_once_waits_for_its_retried_outage(store: Store) -> None:
    outage = owe(store)
    channel = Channel(fails())
    deliver_at_once(store, {"a": channel}, outage, SETTINGS)
    channel.behave = lambda: None
    recovery = owe(store, 30, ok=True)
    deliver_at_once(store, {"a": channel}, recovery, SETTINGS)
    assert channel.texts == []
    in_an_hour = (now() - NOON).total_seconds() + 3600
    assert deliver(store, in_an_hour, a=channel) == {"EXPIRED": 2} or channel.kinds == ["OUTAGE", "RECOVERY"]


def test_at_once_starts_no_send_that_it_would_cut_off(store: Store) -> None:
    ids = [*owe(store, monitor="first"), *owe(store, monitor="second")]
    channel = Channel(lambda: time.sleep(AT_ONCE.starts_until))
    deliver_at_once(store, {"a": channel}, ids, SETTINGS)
    assert len(channel.texts) == 1
    assert channel.timeouts[0] <= AT_ONCE.ends_at
    assert deliver(store, a=Channel()) == {"SENT": 1}


def test_a_channel_that_was_slow_is_not_asked_at_once_until_it_is_quick(store: Store) -> None:
    """At once it would be cut off each time, after it has the message, and get each message twice."""
    channel = Channel()
    # The first was cut off, after the claim of it had taken its time.
    for status, took_ms in (("RETRY", 850), ("SENT", 1_200)):
        owe(store, monitor=status)
        settle(store, status, 0, took_ms=took_ms)
        deliver_at_once(store, {"a": channel}, owe(store, monitor=f"after {status}"), SETTINGS)
        assert channel.texts == []
    assert deliver(store, 30, a=channel) == {"SENT": 3}
    deliver_at_once(store, {"a": channel}, owe(store, monitor="later"), SETTINGS)
    assert "later" in channel.texts[-1]


def test_a_channel_that_was_quick_enough_is_asked_at_once(store: Store) -> None:
    owe(store)
    settle(store, "SENT", 0, took_ms=600)
    channel = Channel()
    deliver_at_once(store, {"a": channel}, owe(store, monitor="next"), SETTINGS)
    assert len(channel.texts) == 1


def test_at_once_starts_no_second_send_that_takes_as_long_as_the_first(store: Store) -> None:
    """Otherwise it would be cut off, and go twice."""
    ids = [*owe(store, monitor="first"), *owe(store, monitor="second")]
    channel = Channel(lambda: time.sleep(0.9 * AT_ONCE.starts_until))
    deliver_at_once(store, {"a": channel}, ids, SETTINGS)
    assert len(channel.texts) == 1


def test_a_slow_channel_puts_off_no_other_at_once(store: Store) -> None:
    owe(store)
    settle(store, "SENT", 0, took_ms=1_200)
    slow, quick = Channel(), Channel()
    deliver_at_once(store, {"a": slow, "b": quick}, owe(store, channels=routes("a", "b"), monitor="next"), SETTINGS)
    assert (len(slow.texts), len(quick.texts)) == (0, 1)


def test_every_message_names_the_installation(store: Store) -> None:
    """Across runs too: what is sent later is about the same alert for a service that several ones report to."""
    sent: list[str] = []

    class Naming(Channel):
        def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
            sent.append(message.installation)
            return super().send(message, timeout_seconds=timeout_seconds)

    owe(store)
    deliver(store, a=Naming())
    owe(store, 30, ok=True)
    deliver(store, 30, a=Naming())
    assert sent == [store.notifications.installation()] * 2
    assert sent[0]
