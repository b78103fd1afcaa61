"""Checks that may last longer than their interval: an outage in which each of them waits for its timeout is known."""

from collections.abc import Iterable

import pytest

from shared.alerting.agents import report_interval
from shared.history.uptime import Availability
from shared.models import as_text
from shared.monitors.policy import Policy
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, MIGRATIONS, add, report, rows
from tests.support.store.watching import history, states

pytestmark = [on_each_engine, pytest.mark.slow]

INTERVAL = 10.0
# Four tries of 10 s each, with 10 s between them.
LONGEST = 70.0


def policy(name: str = "shop", **fields: object) -> Policy:
    tries = {"interval": INTERVAL, "timeout": "10s", "retries": 3, "retry_interval": "10s"}
    return Policy.model_validate({"name": name, "url": f"http://{name}/", **tries, **fields})


def hang(store: Store, starts: Iterable[float], name: str = "shop", location: str | None = None) -> None:
    """Checks that start then, and fail once all their tries have waited for their timeout, while somebody reviews."""
    for start in starts:
        ends = start + LONGEST
        for waited in range(0, int(LONGEST), 5):
            store.lapses.review(now=at(start + waited))
        report(store, ends, ok=False, monitor=name, received=ends, location=location)


def test_an_hour_in_which_each_check_hangs_is_an_hour_of_downtime(store: Store) -> None:
    store.monitors.add(policy(), now=at(0))
    report(store, 0, ok=True, received=0)
    hang(store, range(10, 3610, 80))
    [told] = store.history.of_monitor(1, [at(0), at(3600)], "whole", now=at(3600))
    assert told.availability == Availability(known_ms=3_600_000, down_ms=3_520_000, outages=1)
    assert rows(store, "SELECT to_state FROM state_changes ORDER BY id") == [("UP",), ("DOWN",)]


def test_afterwards_nobody_knows_all_the_same(store: Store) -> None:
    """Three intervals, and as much as a check may outlast one."""
    store.monitors.add(policy(), now=at(0))
    report(store, 0, ok=True, received=0)
    assert store.lapses.review(now=at(90)) == []
    [told] = store.history.of_monitor(1, [at(0), at(500)], "whole", now=at(500))
    assert told.availability.known_ms == 90_000
    assert store.lapses.review(now=at(91)) == ["shop"]


def test_an_agent_whose_only_check_hangs_is_not_silent(store: Store) -> None:
    """Each check lasts for 282 s, and the next one is due at the next whole minute."""
    hanging = policy(interval="60s", timeout="48s", retries=3, retry_interval="30s")
    store.monitors.add(hanging, now=at(0))
    often = report_interval(hanging.interval, hanging.longest_check)
    ends = {0.0, *(start + 282.0 for start in range(60, 3600, 300))}
    for moment in map(float, range(-60, 3600)):
        if moment in ends:
            report(store, moment, ok=not moment, received=moment, agent="seoul", interval_seconds=often)
        if moment % 10 == 0:
            assert store.agents.review(now=at(moment), channels=CHANNELS) == []
            assert store.lapses.review(now=at(moment)) == []
    ended = max(end for end in ends if end < 3600)
    opened = [moment for moment in range(3600, 4200, 10) if store.agents.review(now=at(moment), channels=CHANNELS)]
    assert opened == [-(-(ended + 402) // 10) * 10], "it is once no check ends any more"


def test_locations_whose_checks_hang_open_an_outage_together(store: Store) -> None:
    store.monitors.add(policy(quorum=2), now=at(0))
    add(store, *(event(0, ok=True, location=place) for place in ("seoul", "tokyo")), received=0)
    hang(store, [10], location="seoul")
    hang(store, [45], location="tokyo")
    assert history(store) == [("OUTAGE", "shop", "OPEN")]


def test_a_parent_whose_checks_hang_holds_its_dependents_all_the_time(store: Store) -> None:
    store.monitors.add(policy("router"), now=at(0))
    store.monitors.add(policy(retries=0, depends_on=["router"]), now=at(0))
    add(store, event(0, ok=True, monitor="router"), event(0, ok=True), received=0)
    hang(store, [10], "router")
    store.lapses.review(now=at(140))
    assert states(store)["router"] == "DOWN"
    report(store, 140, ok=False, received=140)
    assert rows(store, "SELECT DISTINCT status, reason FROM notifications WHERE alert_id = 2") == [
        ("HELD", "dependency")
    ]


def test_a_dependent_waits_for_all_tries_of_its_parent(store: Store) -> None:
    store.monitors.add(policy("router"), now=at(0))
    store.monitors.add(policy(retries=0, depends_on=["router"]), now=at(0))
    add(store, event(0, ok=True, monitor="router"), event(0, ok=True), received=0)
    report(store, 10, ok=False, received=10)
    store.maintenance.review(now=at(80), channels=CHANNELS)
    assert rows(store, "SELECT DISTINCT status FROM notifications") == [("HELD",)]
    store.maintenance.review(now=at(90), channels=CHANNELS)
    assert rows(store, "SELECT DISTINCT status FROM notifications") == [("PENDING",)]


def test_a_target_whose_checks_hang_stays_down(store: Store) -> None:
    """It is checked every two seconds, each time for at most the agent's own timeout."""
    store.checks.claim("seoul", now=at(0), seconds=1, targets=["http://shop/"], target_interval=2, target_timeout=20)
    report(store, 0, ok=True, monitor="http://shop/", received=0, agent="seoul")
    report(store, 22, ok=False, monitor="http://shop/", received=22, agent="seoul")
    assert store.lapses.review(now=at(44)) == []
    [told] = store.history.of_monitor(1, [at(0), at(44)], "whole", now=at(44))
    assert told.availability == Availability(known_ms=44_000, down_ms=22_000, outages=1)


def test_what_a_former_version_stored_is_right_once_the_store_is_updated(database: Database) -> None:
    """It stored how long one try takes, of the file's monitors and of others. Nobody need apply or edit anything."""
    migrate(database, as_text(at(0)), [path for path in MIGRATIONS if path.stem < "0028"])
    store = Store(database)
    store.monitors.apply([policy()], {}, {}, now=at(0), channels=CHANNELS)
    for each in (policy("api"), policy("once", retries=0, timeout="40s"), policy("unreadable")):
        store.monitors.add(each, now=at(0))
    with database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET timeout_seconds = 10 WHERE name <> 'once'")
        transaction.rows("""UPDATE monitors SET policy = '{"retries":1,"gone":2}' WHERE name = 'unreadable'""")
        transaction.rows("DELETE FROM replay_facts")
    assert migrate(database, as_text(at(1)))[0] == "0028_longest_checks"
    found = rows(store, "SELECT name, timeout_seconds FROM monitors ORDER BY id")
    assert found == [("shop", LONGEST), ("api", LONGEST), ("once", 40), ("unreadable", 10)]
    assert rows(store, "SELECT monitor_id, at FROM replay_facts") == [(1, as_text(at(1))), (2, as_text(at(1)))]
