"""Subscribers of a page that is gone, or takes no subscriptions: kept for an edit of the file, not for ever."""

from typing import Any

import pytest

from shared.store import Retention, Store
from shared.store.tables import configuration
from tests.shared.subscribing.steps import DAY, KIM, LEE, announce, subscribe
from tests.support.builders import at
from tests.support.store.steps import rows

SHOP: dict[str, Any] = {"status_pages": {"shop": {}}}


def configured(store: Store, body: dict[str, Any], days: float) -> list[object]:
    """The subscribers after a review and an upkeep with this configuration."""
    with store.database.transaction() as transaction:
        configuration.save(transaction, 1, body)
    store.subscriptions.subscribers.note_pages(None, now=at(days * DAY))
    retention = Retention(DAY, DAY, DAY)
    store.upkeep.run(retention, now=at(days * DAY), seconds=9.0, pause=lambda _: None)
    return [address for (address,) in rows(store, "SELECT address FROM subscribers ORDER BY id")]


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
