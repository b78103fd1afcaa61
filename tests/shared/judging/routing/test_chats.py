"""A channel of several chats: whoever names it means each of them."""

import pytest

from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at, routes
from tests.support.store.steps import report, rows

CHATS = routes("console", "ops", "ops#2", "mail")


@pytest.mark.parametrize(("named", "told"), [("ops", ["console", "ops", "ops#2"]), ("mail", ["console", "mail"])])
def test_a_monitor_that_names_a_channel_goes_to_each_of_its_chats(store: Store, named: str, told: list[str]) -> None:
    policy = Policy.model_validate({"name": "shop", "url": "https://shop/", "channels": [named]})
    store.monitors.add(policy, now=at(0))
    report(store, ok=False, monitor="shop", channels=CHATS)
    assert [channel for (channel,) in rows(store, "SELECT channel FROM notifications ORDER BY id")] == told
