"""Monitors that were removed, and are reported by an agent afterwards."""

import pytest

from shared.models import ChangeKind
from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, add, report
from tests.support.store.watching import review

pytestmark = on_each_engine


def remove(store: Store, seconds: float) -> None:
    [entry] = store.monitors.page(limit=9)
    store.monitors.remove(entry.row["id"], now=at(seconds), channels=CHANNELS)


def sources(store: Store) -> list[str]:
    return [entry.row["source"] for entry in store.monitors.page(limit=9)]


@pytest.fixture
def removed(store: Store) -> Store:
    """A store whose monitor an agent checked every minute, for ten seconds at most. It was removed at 100."""
    store.monitors.add(Policy(name="api", url="http://api/"), now=at(0))
    review(store, 0)
    report(store, 10, ok=True, monitor="api", received=10, agent="seoul", interval_seconds=60)
    remove(store, 100)
    return store


@pytest.mark.parametrize("agent", ["seoul", "mine"])
def test_an_agents_report_long_after_a_removal_opens_an_outage(removed: Store, agent: str) -> None:
    """A claim reaches 60 seconds ahead, and a clock may be off by 5."""
    assert report(removed, 175, ok=False, monitor="api", received=176, agent=agent).change is None
    assert sources(removed) == []
    assert report(removed, 176, ok=False, monitor="api", received=176, agent=agent).change is ChangeKind.OPENED
    assert sources(removed) == ["report"]


def test_a_late_report_from_before_a_removal_brings_nothing_back(removed: Store) -> None:
    assert report(removed, 90, ok=False, monitor="api", received=3_600, agent="seoul").change is None
    assert sources(removed) == []


def test_an_event_that_is_stored_already_brings_nothing_back(store: Store) -> None:
    assert not report(store, 10, ok=False, event_id="the-same").is_duplicate
    remove(store, 100)
    assert report(store, 10, ok=False, event_id="the-same").is_duplicate
    assert sources(store) == []


def test_an_agent_that_was_cut_off_brings_nothing_back(removed: Store) -> None:
    """It had gone on checking what it knew, and posts all of it once it reaches its backend again."""
    review(removed, *range(60, 3_600, 60))
    add(removed, *(event(second, ok=False, monitor="api", agent="seoul") for second in range(60, 3_600, 60)))
    assert report(removed, 3_605, ok=False, monitor="api", received=3_605, agent="seoul").change is None
    assert sources(removed) == []
    # By now it has heard of the removal, and reports the monitor all the same.
    assert report(removed, 3_700, ok=False, monitor="api", received=3_700, agent="seoul").change is ChangeKind.OPENED


def test_nothing_of_a_removed_policy_stays(store: Store) -> None:
    policy = Policy(name="api", url="http://api/", group="Web", tags=["prod"], interval="5s", timeout="3s")
    store.monitors.apply([policy], {"api": 7}, {}, now=at(0), channels=CHANNELS)
    store.monitors.apply([], {}, {}, now=at(10), channels=CHANNELS)
    report(store, 20, ok=True, monitor="api", received=20)
    [entry] = store.monitors.page(limit=9)
    cleared = ("policy", "line", "group_name", "tags", "interval_seconds", "timeout_seconds")
    assert [entry.row[name] for name in cleared] == [None] * len(cleared)
    assert store.checks.claim("busan", now=at(3_600), seconds=60).checks == []
    review(store, 20, *range(60, 3_600, 60))
    assert [entry.state for entry in store.monitors.page(limit=9)] == ["UP"], "nobody expects it to be checked"


def test_an_agents_target_has_nothing_of_a_removed_policy(store: Store) -> None:
    other = Store(store.database)
    policy = Policy(name="http://api/", url="http://api/", group="Web", tags=["prod"], interval="5s")
    store.monitors.apply([policy], {"http://api/": 7}, {}, now=at(0), channels=CHANNELS)
    store.monitors.apply([], {}, {}, now=at(10), channels=CHANNELS)
    assert other.checks.claim("seoul", now=at(11), seconds=1).checks == []
    store.checks.claim("seoul", now=at(20), seconds=1, targets=["http://api/"], target_interval=30)
    [entry] = store.monitors.page(limit=9)
    assert [entry.row[name] for name in ("line", "group_name", "tags")] == [None] * 3
    assert (entry.row["source"], entry.row["interval_seconds"]) == ("env", 30)


def test_other_processes_hear_that_a_monitor_is_back(store: Store) -> None:
    """They keep what is watched for as long as the configuration has its version."""
    store.monitors.add(Policy(name="api", url="http://api/", interval="1h"), now=at(0))
    remove(store, 10)
    before = store.checks.claim("busan", now=at(11), seconds=1).version
    report(store, 20, ok=True, monitor="api", received=20)
    found = store.checks.claim("busan", now=at(21), seconds=1, known=before)
    assert (found.version, found.changed, found.is_all) == (before + 1, [], False)


def test_a_monitor_that_was_only_reported_comes_back_at_once(store: Store) -> None:
    report(store, 10, ok=True, monitor="api", received=10, agent="mine")
    remove(store, 20)
    assert report(store, 15, ok=False, monitor="api", received=21, agent="mine").change is None
    assert report(store, 22, ok=False, monitor="api", received=22, agent="mine").change is ChangeKind.OPENED
    assert sources(store) == ["report"]
