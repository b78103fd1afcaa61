"""Several rules hold a message one after the other: its reason, and a row of the log, is the one that holds it now."""

from datetime import time

import pytest

from shared.models.channel import QuietHours, Route
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.routes import channels, fail, logs, owed, recover, review
from tests.support.store.steps import report, rows, settle

pytestmark = [on_each_engine, pytest.mark.slow]

# Noon, when every test begins, is inside.
ROUTES = channels(ops=Route(quiet_hours=QuietHours(time(11), time(13))))
QUIET_UNTIL = 3600


def silence(store: Store, seconds: float, until: float) -> None:
    store.windows.add(Window(kind="silence", all=True, duration=until - seconds), now=at(seconds))


@pytest.fixture
def family(store: Store) -> None:
    """A router, and a shop behind it of which two failures are an outage. Both are down, and the router is again up."""
    for name, fields in (("router", {}), ("shop", {"depends_on": ["router"], "failure_threshold": 2})):
        policy = {"name": name, "url": f"http://{name}/", "interval": "30s", "timeout": "5s", **fields}
        store.monitors.add(Policy.model_validate(policy), now=at(0))
        check(store, 0, name, ok=True)
    check(store, 1, "router", ok=False)
    for seconds in (2, 3):
        check(store, seconds, "shop", ok=False)
    check(store, 20, "router", ok=True)
    review(store, ROUTES, 20)


def check(store: Store, seconds: float, monitor: str, *, ok: bool) -> None:
    report(store, seconds, ok=ok, monitor=monitor, received=seconds, channels=ROUTES)


def of_shop(store: Store, channel: str) -> list[tuple[object, ...]]:
    sql = "SELECT kind, status, reason FROM notifications WHERE alert_id = 2 AND channel = '%s' ORDER BY id"
    return rows(store, sql % channel)


def test_quiet_hours_after_a_silence_are_the_reason(store: Store) -> None:
    silence(store, -10, until=60)
    fail(store, ROUTES)
    review(store, ROUTES, 59)
    assert logs(store) == [(1, "OUTAGE", "HELD", "silence")]
    for seconds in (60, 61):
        review(store, ROUTES, seconds)
    held = [(1, "OUTAGE", "HELD", "silence"), (1, "OUTAGE", "HELD", "quiet_hours")]
    assert logs(store) == held
    recover(store, ROUTES, 80)
    assert logs(store)[2:] == [(1, "OUTAGE", "SUPPRESSED", "quiet_hours"), (2, "RECOVERY", "SUPPRESSED", "quiet_hours")]


def test_a_rule_that_begins_later_is_the_reason_once_the_first_has_ended(store: Store) -> None:
    fail(store, ROUTES)
    silence(store, QUIET_UNTIL - 60, until=QUIET_UNTIL + 60)
    review(store, ROUTES, QUIET_UNTIL - 30)
    assert [reason for *_, reason in logs(store)] == ["quiet_hours"]
    review(store, ROUTES, QUIET_UNTIL)
    assert [reason for *_, reason in logs(store)] == ["quiet_hours", "silence"]
    review(store, ROUTES, QUIET_UNTIL + 60)
    assert owed(store) == [("OUTAGE", "PENDING")]


def test_why_an_outage_ended_stays_the_reason_of_its_end(store: Store) -> None:
    """Its monitor was paused in a silence, after which the channel has quiet hours."""
    entry = store.monitors.add(Policy.model_validate({"name": "shop", "url": "http://shop/"}), now=at(-3800))
    for seconds in (-3790, -3780, -3770):
        fail(store, ROUTES, seconds)
    settle(store, "SENT", -3760, "ops")
    silence(store, 0, until=60)
    paused = Policy.model_validate({"name": "shop", "url": "http://shop/", "enabled": False})
    store.monitors.replace(entry.row["id"], paused, now=at(10), channels=ROUTES)
    for seconds in (60, QUIET_UNTIL):
        review(store, ROUTES, seconds)
    assert owed(store) == [("OUTAGE", "SENT"), ("RECOVERY", "PENDING")]
    assert [reason for *_, reason in logs(store)] == [None, "paused"]


@pytest.mark.usefixtures("family")
def test_quiet_hours_after_a_parents_outage_are_the_reason(store: Store) -> None:
    for seconds in (31, 41):
        check(store, seconds, "shop", ok=False)
        review(store, ROUTES, seconds)
    assert of_shop(store, "other") == [("OUTAGE", "PENDING", "dependency")]
    assert of_shop(store, "ops") == [("OUTAGE", "HELD", "quiet_hours")]
    check(store, 60, "shop", ok=True)
    assert of_shop(store, "ops") == [("OUTAGE", "SUPPRESSED", "quiet_hours"), ("RECOVERY", "SUPPRESSED", "quiet_hours")]


@pytest.mark.usefixtures("family")
def test_a_parent_that_fails_again_holds_no_channel_longer_than_the_others(store: Store) -> None:
    for seconds in (31, 41):
        check(store, seconds, "shop", ok=False)
        review(store, ROUTES, seconds)
    silence(store, QUIET_UNTIL - 60, until=QUIET_UNTIL + 60)
    check(store, QUIET_UNTIL - 50, "router", ok=False)
    for seconds, status in ((-40, "HELD"), (30, "HELD"), (60, "PENDING")):
        review(store, ROUTES, QUIET_UNTIL + seconds)
        assert of_shop(store, "ops")[0][1] == status, seconds
    assert store.alerts.get(2)[0].suppressed_by is None, "people have heard of it"
