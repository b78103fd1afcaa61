"""Subscribers of a page that is gone, or takes no subscriptions: kept for an edit of the file, not for ever."""

from typing import Any

import pytest

from shared.store import Retention, Store
from shared.store.tables import configuration
from tests.shared.subscribing.steps import DAY, KIM, LEE, announce, subscribe
from tests.support.builders import at
from tests.support.store.steps import rows
from tests.support.store.watching import review

SHOP: dict[str, Any] = {"status_pages": {"shop": {}}}


def configure(store: Store, body: dict[str, Any]) -> None:
    with store.database.transaction() as transaction:
        configuration.save(transaction, 1, body)


def reviewed(store: Store, seconds: float) -> None:
    """A review of whether somebody watches, and of the pages."""
    review(store, seconds)
    store.subscriptions.subscribers.note_pages(None, now=at(seconds))


def kept(store: Store, seconds: float) -> list[object]:
    """The subscribers after an upkeep."""
    store.upkeep.run(Retention(DAY, DAY, DAY), now=at(seconds), seconds=9.0, pause=lambda _: None)
    return [address for (address,) in rows(store, "SELECT address FROM subscribers ORDER BY id")]


def configured(store: Store, body: dict[str, Any], days: float) -> list[object]:
    """The subscribers after some reviews and an upkeep with this configuration."""
    configure(store, body)
    for seconds in (-120, -60, 0):
        reviewed(store, days * DAY + seconds)
    return kept(store, days * DAY)


@pytest.mark.parametrize("without", [{}, {"status_pages": {"shop": {"subscribe": False}}}])
def test_who_subscribes_to_a_page_that_is_gone_is_forgotten(store: Store, without: dict[str, Any]) -> None:
    main: dict[str, Any] = {"status_page": {}}
    subscribe(store, KIM, slug="shop")
    subscribe(store, LEE)
    announce(store, "Payments fail")
    both = [KIM, LEE]
    assert configured(store, {**main, **SHOP}, 0) == both
    assert configured(store, {**main, **without}, 1) == both
    assert configured(store, {**main, **SHOP}, 7) == both, "it was an edit"
    assert configured(store, {**main, **without}, 9) == both
    assert configured(store, {**main, **without}, 15) == both
    assert configured(store, {**main, **without}, 16.1) == [LEE]


def test_a_page_may_come_back_while_the_system_is_stopped(store: Store) -> None:
    """The first upkeep comes before the first review."""
    subscribe(store, KIM, slug="shop")
    assert configured(store, {}, 1) == [KIM]
    configure(store, SHOP)
    assert kept(store, 20 * DAY) == [KIM]
    review(store, 20 * DAY + 10)
    assert kept(store, 20 * DAY + 10) == [KIM], "its pages are still under review"
    store.subscriptions.subscribers.note_pages(None, now=at(20 * DAY + 10))
    for seconds in range(60, 600, 60):
        reviewed(store, 20 * DAY + seconds)
    assert kept(store, 20 * DAY + 600) == [KIM]
