"""Heartbeats that are expected to fail: each ping is a failure, and a period without one is a success."""

import pytest

from shared.alerting.heartbeats import Ping
from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, rows

pytestmark = on_each_engine
TOKEN = "token-of-the-alarm"
EVENTS = "SELECT is_success, error_message, message FROM events ORDER BY id"


@pytest.fixture
def alarm(store: Store) -> Store:
    """A store with something that pings while it is wrong; it is well after two quiet periods of 100 s."""
    fields = {"upside_down": True, "failure_threshold": 2, "success_threshold": 2}
    beat = {"period": "90s", "grace": "10s", "token": TOKEN}
    store.monitors.add(Policy.model_validate({"name": "alarm", "heartbeat": beat, **fields}), now=at(0))
    for seconds in range(-600, 1, 10):
        review(store, seconds)
    return store


def ping(store: Store, seconds: float, what: Ping) -> str | None:
    ingested = store.heartbeats.take(TOKEN, what, now=at(seconds), channels=CHANNELS).ingested
    return ingested.change if ingested else None


def review(store: Store, seconds: float) -> list[str | None]:
    store.agents.review(now=at(seconds), channels=CHANNELS)
    return [each.change for each in store.heartbeats.review(now=at(seconds), channels=CHANNELS)]


def test_what_is_reported_is_inverted(alarm: Store) -> None:
    failure = Ping(is_success=False, error_message="door closed")
    assert [ping(alarm, 1, Ping(message="door open")), ping(alarm, 2, Ping())] == [None, "OPENED"]
    assert [ping(alarm, 3, failure), ping(alarm, 4, failure)] == [None, "RESOLVED"]
    why = "expected to fail, but it works"
    assert rows(alarm, EVENTS) == [(0, why, "door open"), (0, why, None), *[(1, None, "door closed")] * 2]


def test_each_period_without_a_ping_is_a_success(alarm: Store) -> None:
    """As in Uptime Kuma. A ping that opens the outage at once would be the wrong way round."""
    ping(alarm, 1, Ping())
    ping(alarm, 2, Ping())
    found = {seconds: review(alarm, seconds) for seconds in range(10, 330, 10)}
    assert {seconds: changes for seconds, changes in found.items() if changes} == {
        110: [None],
        210: ["RESOLVED"],
        310: [None],
    }
    assert rows(alarm, "SELECT state FROM monitors") == [("UP",)]
    assert rows(alarm, EVENTS)[-1] == (1, None, "no ping since 2025-01-08T12:00:02.000Z")


def test_one_that_was_never_pinged_is_unknown(alarm: Store) -> None:
    assert [review(alarm, seconds) for seconds in (100, 1000)] == [[], []]
    assert rows(alarm, "SELECT state FROM monitors") == [("UNKNOWN",)]
