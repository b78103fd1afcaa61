"""A monitor that flaps while what it depends on is down: its messages wait for that, and go once that works."""

import pytest

from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, report, rows, settle

pytestmark = [on_each_engine, pytest.mark.slow]

OWED = """SELECT n.kind, n.status, n.reason FROM notifications n JOIN alerts ON alerts.id = n.alert_id
    WHERE channel = 'a' AND subject = 'api' AND coalesce(n.reason, '') <> 'flapping' ORDER BY n.id"""


@pytest.fixture(autouse=True)
def family(store: Store) -> None:
    """A router, and an API behind it; both work."""
    limits = {"interval": "30s", "timeout": "5s", "failure_threshold": 2, "success_threshold": 2}
    for name, fields in (("router", {}), ("api", {"depends_on": ["router"], **limits})):
        policy = {"name": name, "url": f"http://{name}/", **fields}
        store.monitors.add(Policy.model_validate(policy), now=at(0))
        check(store, 0, name, ok=True)


def check(store: Store, seconds: float, monitor: str, *, ok: bool) -> None:
    report(store, seconds, ok=ok, monitor=monitor, received=seconds)


def flap(store: Store, start: float, checks: int) -> None:
    """The API works every other time."""
    for number in range(checks):
        check(store, start + 30 * number, "api", ok=number % 2 == 1)
        store.maintenance.review(now=at(start + 30 * number + 1), channels=CHANNELS)


def suppressed_by(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT suppressed_by FROM alerts WHERE subject = 'api'")


def test_of_an_outage_that_was_sent_flapping_waits_for_the_parent_alone(store: Store) -> None:
    for seconds in (30, 60):
        check(store, seconds - 1, "router", ok=True)
        check(store, seconds, "api", ok=False)
    settle(store, "SENT", 61)
    check(store, 62, "router", ok=False)
    flap(store, 90, 16)
    assert rows(store, OWED) == [("OUTAGE", "SENT", None), ("FLAPPING", "HELD", "dependency")]
    assert suppressed_by(store) == [(None,)], "people know of it"
    check(store, 600, "router", ok=True)
    flap(store, 601, 1)
    assert rows(store, OWED)[1:] == [("FLAPPING", "PENDING", "dependency")]


def test_an_outage_that_flaps_on_after_its_parents_is_sent(store: Store) -> None:
    """It never fails twice in a row, and its alert never ends."""
    check(store, 10, "router", ok=False)
    for seconds in (30, 60):
        check(store, seconds, "api", ok=False)
    flap(store, 91, 16)
    held = [("OUTAGE", "HELD", "dependency"), ("FLAPPING", "HELD", "dependency")]
    assert rows(store, OWED) == held
    check(store, 570, "router", ok=True)
    flap(store, 571, 4)
    assert rows(store, OWED) == held, "it may need a while to work again"
    flap(store, 691, 1)
    assert [status for _, status, _ in rows(store, OWED)] == ["PENDING", "PENDING"]
    assert suppressed_by(store) == [(None,)]
