"""The channels that hear of a monitor, and of a step of an escalation: by their names, or by their kinds."""

import pytest

from shared.models.channel import Route
from shared.store import Store
from tests.support.store.engines import on_each_engine
from tests.support.store.routes import fail, recover, review, watch
from tests.support.store.steps import rows

pytestmark = on_each_engine

OF_KINDS = {"console": Route("console"), "ops": Route("slack"), "web": Route("slack"), "mail": Route("email")}


@pytest.mark.parametrize(
    ("named", "notified"),
    [
        (None, ["console", "ops", "web", "mail"]),
        (["mail"], ["console", "mail"]),
        (["kind:slack"], ["console", "ops", "web"]),
        (["mail", "kind:slack"], ["console", "ops", "web", "mail"]),
        # It names no channel that is configured: somebody has to hear of it.
        (["kind:telegram", "gone"], ["console", "ops", "web", "mail"]),
        # It notifies nobody, and the console prints everything.
        ([], ["console"]),
    ],
    ids=str,
)
def test_a_monitor_notifies_the_channels_that_it_names(
    store: Store, named: list[str] | None, notified: list[str]
) -> None:
    watch(store, OF_KINDS, channels=named)
    fail(store, OF_KINDS)
    found = rows(store, "SELECT channel FROM notifications ORDER BY id")
    assert [channel for (channel,) in found] == notified


def test_without_a_console_a_monitor_may_notify_nobody(store: Store) -> None:
    routes = {"ops": Route("slack")}
    watch(store, routes, channels=[])
    assert fail(store, routes) == []
    assert recover(store, routes, 10) == []


def test_a_step_notifies_channels_by_their_kind_too(store: Store) -> None:
    watch(store, OF_KINDS, channels=["mail"], escalation="night")
    fail(store, OF_KINDS)
    review(store, OF_KINDS, 300)
    found = rows(store, "SELECT channel FROM notifications WHERE kind = 'ESCALATION' ORDER BY id")
    assert [channel for (channel,) in found] == ["ops", "web", "mail"]
