"""Channels that refuse permanently: one alert, which the other channels send."""

import pytest

from shared.store import Store
from tests.support.builders import Channel, at, fails, refuses
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, move
from tests.support.store.watching import REFUSED, check, deliver_all, history, owed

pytestmark = pytest.mark.slow


def refusals(store: Store) -> list[tuple[str, str]]:
    return [(subject, status) for kind, subject, status in history(store) if kind == REFUSED]


def test_a_permanent_refusal_is_sent_to_the_other_channels(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses()), Channel()
    assert deliver_all(store, 10, a=a, b=b) == {"FAILED": 1, "SENT": 2}
    assert b.headlines == ["OUTAGE shop (http://shop/)", "CHANNEL_REFUSED a"]
    assert "cause: Unauthorized" in b.texts[1]
    assert owed(store, 2) == [("CHANNEL_REFUSED", "b")], "a channel is not asked to send its own refusal"


def test_two_refused_messages_are_one_alert(store: Store) -> None:
    check(store, 0, ok=False, monitor="shop")
    check(store, 0, ok=False, monitor="blog")
    a, b = Channel(refuses()), Channel()
    assert deliver_all(store, 10, a=a, b=b) == {"FAILED": 2, "SENT": 3}
    assert refusals(store) == [("a", "OPEN")]


def test_the_end_of_a_refusal_is_sent_to_the_other_channels(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses()), Channel()
    deliver_all(store, 10, a=a, b=b)
    a.behave = lambda: None
    check(store, 30)
    assert deliver_all(store, 40, a=a, b=b) == {"SENT": 3}
    assert a.headlines == ["RECOVERY shop (http://shop/)"]
    assert sorted(b.headlines[2:]) == ["RECOVERY channel a", "RECOVERY shop (http://shop/)"]
    assert store.alerts.get(2)[0].resolved_at == at(40)


def test_a_transient_failure_says_nothing_of_the_channel(store: Store) -> None:
    check(store, 0, ok=False)
    assert deliver_all(store, 10, a=Channel(fails()), b=Channel()) == {"RETRY": 1, "SENT": 1}
    assert [kind for kind, *_ in history(store)] == ["OUTAGE"]


@on_each_engine
def test_two_refusing_channels_come_to_an_end(store: Store) -> None:
    check(store, 0, ok=False)
    assert deliver_all(store, 10, a=Channel(refuses()), b=Channel(refuses())) == {"FAILED": 4}
    assert sorted(refusals(store)) == [("a", "OPEN"), ("b", "OPEN")]
    assert not store.notifications.due(CHANNELS, now=at(9999))


def test_a_refusal_by_the_only_channel_is_sent_to_nobody(store: Store) -> None:
    check(store, 0, ok=False)
    store.notifications.expire(now=at(1), created_before=at(-1))
    assert deliver_all(store, 10, a=Channel(refuses())) == {"FAILED": 1}
    assert history(store)[1:] == [(REFUSED, "a", "OPEN")]
    assert owed(store, 2) == []


def test_after_a_resolved_refusal_the_next_one_is_an_alert(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses()), Channel()
    deliver_all(store, 10, a=a, b=b)
    move(store, 2, "RESOLVED", 20)
    assert owed(store, 2)[1:] == [("RECOVERY", "b")], "a channel is not asked to send its own recovery either"
    check(store, 30)
    deliver_all(store, 40, a=a, b=b)
    assert history(store)[1:] == [(REFUSED, "a", "RESOLVED"), (REFUSED, "a", "OPEN")]


@on_each_engine
def test_a_reopened_refusal_ends_with_the_next_accepted_message(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses()), Channel()
    deliver_all(store, 10, a=a, b=b)
    move(store, 2, "RESOLVED", 20)
    move(store, 2, "OPEN", 21)
    a.behave = lambda: None
    check(store, 30)
    deliver_all(store, 40, a=a, b=b)
    assert history(store) == [("OUTAGE", "shop", "RESOLVED"), (REFUSED, "a", "RESOLVED")]


@on_each_engine
def test_a_channel_that_takes_nothing_is_stalled_however_often_it_is_tried(store: Store) -> None:
    """Each failure moves the time when the message is due, so that it is never overdue."""
    check(store, 0, ok=False)
    for seconds in (10, 100, 400, 1_000):
        deliver_all(store, seconds, a=Channel(fails()), b=Channel())
        assert store.health_facts(now=at(seconds + 1)).stalled == {"a": at(0)}
    check(store, 1_100, ok=False, monitor="blog")
    deliver_all(store, 1_110, a=Channel(), b=Channel())
    assert store.health_facts(now=at(1_111)).stalled == {}


@on_each_engine
def test_a_channel_that_took_another_message_is_stalled_since_then(store: Store) -> None:
    check(store, 0, ok=False)
    deliver_all(store, 10, a=Channel(fails()), b=Channel())
    deliver_all(store, 30, a=Channel(fails()), b=Channel())
    check(store, 31, ok=False, monitor="blog")
    assert deliver_all(store, 31, a=Channel(), b=Channel()) == {"SENT": 2}, "the other one waits"
    assert store.health_facts(now=at(32)).stalled == {"a": at(31)}


@on_each_engine
def test_a_channel_that_takes_messages_is_not_stuck_by_a_late_one(store: Store) -> None:
    """As one that the service's limits hold up, or a damaged row."""
    check(store, 0, ok=False)
    assert store.health_facts(now=at(300)).stalled == dict.fromkeys(CHANNELS, at(0))
    check(store, 300, ok=False, monitor="blog")
    deliver_all(store, 400, a=Channel(), b=Channel())
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE notifications SET status = 'PENDING' WHERE alert_id = 1 AND channel = 'a'")
    facts = store.health_facts(now=at(401))
    assert (facts.overdue, facts.stalled) == ({"a": 1}, {"a": at(400)})


@on_each_engine
def test_a_channel_that_is_gone_does_not_count(store: Store) -> None:
    """Its alert and what it is owed stay: it may come back."""
    check(store, 0, ok=False)
    deliver_all(store, 10, a=Channel(refuses()), b=Channel(fails()))
    assert (store.health_facts(now=at(900)).refused, set(store.health_facts(now=at(900)).overdue)) == (("a",), {"b"})
    store.note_channels(["c"], [])
    assert (store.health_facts(now=at(900)).refused, store.health_facts(now=at(900)).overdue) == ((), {})
    store.note_channels(CHANNELS, [])
    facts = store.health_facts(now=at(900))
    assert (facts.refused, set(facts.overdue)) == (("a",), {"b"})
    assert refusals(store) == [("a", "OPEN")]
