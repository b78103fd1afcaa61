"""Requests for mails: another spelling of a mailbox gets no more, and nobody who asks holds others up."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.store import Store
from shared.store.engines.database import Database
from shared.store.subscribing.subscribers import MOST_OF_CLIENT
from tests.shared.subscribing.steps import KIM, LEE, announce, statuses, subscribe
from tests.support.builders import NOON
from tests.support.store.steps import rows


def test_one_mailbox_has_many_spellings(store: Store) -> None:
    people = store.subscriptions.subscribers
    for number in range(20):
        address = f"{'k.im' if number % 2 else 'kim'}+{number}@visitors.example"
        assert people.ask("", address, "en", client=str(number), now=NOON + timedelta(hours=number))
    assert len(statuses(store)) == 3
    assert people.ask("", "kim@other.example", "en", client="21", now=NOON + timedelta(hours=20))
    assert len(statuses(store)) == 4


def test_each_page_asks_at_once_and_the_same_page_later(store: Store) -> None:
    people = store.subscriptions.subscribers
    for slug, minutes, owed in (("", 0, 1), ("", 5, 1), ("shop", 5, 2), ("", 11, 3), ("club", 12, 3)):
        assert people.ask(slug, KIM, "en", client="kim", now=NOON + timedelta(minutes=minutes))
        assert len(statuses(store)) == owed


def test_what_was_confirmed_keeps_nobody_from_asking(store: Store) -> None:
    people = store.subscriptions.subscribers
    for number in range(6):
        subscribe(store, KIM, slug=f"page-{number}", seconds=number)
    assert set(people.counts().values()) == {1}
    for number in range(5):
        assert people.ask("page-0", KIM, "en", client="kim", now=NOON + timedelta(minutes=20 + number))
    people.remove_address(KIM, slug="page-0")
    subscribe(store, KIM, slug="page-0", seconds=3_600)
    assert people.counts()["page-0"] == 1


def test_an_address_is_removed_however_it_is_spelt_and_with_its_mails(store: Store) -> None:
    people = store.subscriptions.subscribers
    for hours, slug in ((-2, ""), (-1, "shop")):
        subscribe(store, KIM, slug=slug, seconds=hours * 3_600)
    subscribe(store, LEE)
    announce(store, "Payments fail")
    assert people.remove_address(KIM.upper(), slug="shop") == 1
    assert people.remove_address("KIM@visitors.example") == 1
    assert people.remove_address(KIM) == 0
    assert rows(store, "SELECT address FROM subscribers") == [(LEE,)]
    assert rows(
        store, "SELECT DISTINCT address FROM subscriber_mails JOIN subscribers people ON people.id = subscriber_id"
    ) == [(LEE,)]


@pytest.mark.parametrize(
    ("clients", "is_one"),
    [
        ("2001:db8:1:2::{:x}", True),
        ("2001:db8:1:{:x}::1", False),
        ("::ffff:192.0.2.{}", False),
        ("192.0.2.{}", False),
        ("fe80::{}%eth0", True),
    ],
)
def test_a_client_has_a_whole_network_of_ipv6(store: Store, clients: str, is_one: bool) -> None:
    people = store.subscriptions.subscribers
    asked = [
        people.ask("", f"{number}@a.example", "en", client=clients.format(number), now=NOON)
        for number in range(1, MOST_OF_CLIENT + 2)
    ]
    assert asked == [True] * MOST_OF_CLIENT + [not is_one]


def test_who_asks_too_often_holds_no_writer_up(store: Store, new_database: Callable[[], Database]) -> None:
    people = store.subscriptions.subscribers
    for number in range(MOST_OF_CLIENT):
        assert people.ask("", f"{number}@a.example", "en", client="one", now=NOON)
    with new_database().transaction():
        assert not people.ask("", "more@a.example", "en", client="one", now=NOON), "it needs no lock"
