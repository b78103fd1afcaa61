"""Monitors: policies come from the file and from people, and an outage ends with its monitor."""

import pytest

from shared.models import Cause, ChangeKind, NotificationKind
from shared.models.channel import Channels
from shared.monitors.policy import Policy
from shared.store import Store
from shared.store.monitors import Plan
from shared.store.refusals import MonitorNotFound, NameTaken, OwnedElsewhere
from tests.support.builders import at, routes
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, report, rows

pytestmark = on_each_engine


def policy(name: str = "api", **fields: object) -> Policy:
    return Policy.model_validate({"name": name, "url": f"http://{name}/", **fields})


def apply(store: Store, *policies: Policy, channels: Channels = CHANNELS) -> Plan:
    return store.monitors.apply(policies, {}, {}, now=at(100), channels=channels)


def owed(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT kind, channel, reason FROM notifications ORDER BY id")


def test_a_file_is_applied_as_a_whole(store: Store) -> None:
    first = apply(store, policy("api"), policy("web"))
    assert (first.added, first.changed, first.removed, first.unchanged) == (["api", "web"], {}, [], 0)
    again = apply(store, policy("api"), policy("web"))
    assert (again.added, again.changed, again.removed, again.unchanged) == ([], {}, [], 2)
    changed = apply(store, policy("api", interval="30s", tags=["x"]), policy("new"))
    assert (changed.added, changed.changed, changed.removed) == (["new"], {"api": ["tags", "interval"]}, ["web"])
    assert [entry.row["name"] for entry in store.monitors.page(limit=9)] == ["api", "new"]


def test_a_plan_changes_nothing(store: Store) -> None:
    found = store.monitors.apply([policy()], {}, {}, now=at(0), channels=CHANNELS, is_dry_run=True)
    assert found.added == ["api"]
    assert store.monitors.page(limit=9) == []


def test_a_removed_monitor_ends_its_outage_and_says_so(store: Store) -> None:
    apply(store, policy())
    report(store, 10, ok=False, monitor="api", received=10)
    plan = apply(store)
    assert [change.kind for change in plan.changes] == [ChangeKind.RESOLVED]
    assert owed(store)[2:] == [(NotificationKind.RECOVERY, channel, "removed") for channel in CHANNELS]


def test_a_pause_ends_an_outage_and_resuming_begins_anew(store: Store) -> None:
    monitor_id = store.monitors.add(policy(), now=at(0)).row["id"]
    report(store, 10, ok=False, monitor="api", received=10)
    paused, changes = store.monitors.replace(monitor_id, policy(enabled=False), now=at(20), channels=CHANNELS)
    assert (paused.state, len(changes)) == ("PAUSED", 1)
    assert owed(store)[2:] == [(NotificationKind.RECOVERY, channel, "paused") for channel in CHANNELS]
    # A check that was under way.
    assert report(store, 21, ok=False, monitor="api", received=21, agent="seoul").change is None
    resumed, _ = store.monitors.replace(monitor_id, policy(), now=at(30), channels=CHANNELS)
    assert resumed.state == "UNKNOWN"
    assert report(store, 31, ok=False, monitor="api", received=31).change is ChangeKind.OPENED


def test_an_event_that_was_under_way_brings_nothing_back(store: Store) -> None:
    apply(store, policy())
    apply(store)
    assert report(store, 170, ok=False, monitor="api", received=170, agent="seoul").change is None
    assert store.monitors.page(limit=9) == []
    # Somebody else reports a thing of this name.
    assert report(store, 210, ok=False, monitor="api", received=210).change is ChangeKind.OPENED
    assert [entry.row["source"] for entry in store.monitors.page(limit=9)] == ["report"]


def test_a_change_during_an_outage_keeps_the_alert(store: Store) -> None:
    apply(store, policy())
    report(store, 10, ok=False, monitor="api", received=10)
    apply(store, policy(url="http://elsewhere/", failure_threshold=5))
    [entry] = store.monitors.page(limit=9)
    assert entry.active_alert is not None
    assert entry.state == "DOWN"
    assert report(store, 20, ok=True, monitor="api", received=20).change is ChangeKind.RESOLVED


def test_the_policys_threshold_judges_its_events(store: Store) -> None:
    apply(store, policy(failure_threshold=3))
    changes = [report(store, second, ok=False, monitor="api", received=second).change for second in range(4)]
    assert changes == [None, None, ChangeKind.OPENED, None]


def test_only_its_channels_hear_of_a_monitor(store: Store) -> None:
    configured = routes("console", "ops", "dev")
    apply(store, policy(channels=["ops"]), channels=configured)
    report(store, 10, ok=False, monitor="api", received=10, channels=configured)
    apply(store, policy(channels=["dev"]), channels=configured)
    report(store, 20, ok=True, monitor="api", received=20, channels=configured)
    found = [(kind, channel) for kind, channel, _ in owed(store)]
    told = ["console", "ops"]
    assert found[:2] == [("OUTAGE", channel) for channel in told]
    # One was taken away meanwhile, but was told of the outage. Another joined, and was not.
    assert found[2:] == [("RECOVERY", channel) for channel in told]


def test_the_file_owns_its_monitors(store: Store) -> None:
    apply(store, policy())
    [entry] = store.monitors.page(limit=9)
    with pytest.raises(OwnedElsewhere, match="'api' stands in the configuration's file"):
        store.monitors.remove(entry.row["id"], now=at(0), channels={})
    with pytest.raises(OwnedElsewhere):
        store.monitors.replace(entry.row["id"], policy(), now=at(0), channels={})


def test_a_name_is_given_once(store: Store) -> None:
    store.monitors.add(policy(), now=at(0))
    with pytest.raises(NameTaken):
        store.monitors.add(policy(), now=at(0))
    other = store.monitors.add(policy("web"), now=at(0)).row["id"]
    with pytest.raises(NameTaken):
        store.monitors.replace(other, policy("api"), now=at(0), channels={})
    store.monitors.remove(other, now=at(0), channels={})
    with pytest.raises(MonitorNotFound):
        store.monitors.get(other)
    assert store.monitors.add(policy("web"), now=at(0)).row["id"] == other, "a name is the monitor's identity"


def test_the_file_takes_over_a_monitor_of_its_name(store: Store) -> None:
    store.monitors.add(policy(), now=at(0))
    assert apply(store, policy(interval="5m")).changed == {"api": ["interval", "source"]}
    assert [entry.row["source"] for entry in store.monitors.page(limit=9)] == ["file"]


def test_a_page_filters(store: Store) -> None:
    apply(store, policy("a", group="Web", tags=['x"%']), policy("b", group="Web"), policy("c", tags=["x"]))
    found = {
        "group": store.monitors.page(limit=9, group_name="Web"),
        "tag": store.monitors.page(limit=9, tag='x"%'),
        "other": store.monitors.page(limit=9, tag="x"),
        "page": store.monitors.page(limit=1, after=1),
    }
    shown = {key: [entry.row["name"] for entry in entries] for key, entries in found.items()}
    assert shown == {"group": ["a", "b"], "tag": ["a"], "other": ["c"], "page": ["b"]}


def test_a_heartbeat_without_a_token_gets_one_and_keeps_it(store: Store) -> None:
    beat = Policy.model_validate({"name": "backup", "heartbeat": {"period": "1h"}})
    apply(store, beat)
    tokens = []
    for _ in range(2):
        assert apply(store, beat).unchanged == 1
        [entry] = store.monitors.page(limit=9)
        assert entry.policy
        assert entry.policy.heartbeat
        tokens.append(entry.policy.heartbeat.token)
    assert tokens[0] == tokens[1]
    assert len(tokens[0] or "") == 32


def test_names_have_one_order_on_every_engine(store: Store) -> None:
    ordered = ["_z", "a b", "ab", "B", "b", "서울"]
    for number, name in enumerate(reversed(ordered)):
        report(store, number, ok=True, monitor=name, agent=name)
    assert [row["name"] for row in store.visits.overview.names()] == ordered
    assert [agent.name for agent in store.health_facts(now=at(9)).agents] == sorted(ordered)


def test_what_an_agent_cannot_check_is_known(store: Store) -> None:
    """As of the newest check, and only for a reason that concerns the monitor alone."""
    apply(store, policy("api"), policy("web"), policy("shop"))
    missing, refused = Cause.of("value_missing", name="MONITOR_X"), Cause.of("connection_refused")
    for monitor, cause in (("api", missing), ("web", refused), ("shop", missing)):
        report(store, 200, ok=False, monitor=monitor, agent="seoul", is_inconclusive=True, cause=cause)
    unable = store.health_facts(now=at(210)).unable
    assert [(group.name, group.why, group.made_at, group.checked_at) for group in unable] == [
        (name, "connection refused", at(100), at(200)) for name in ("api", "shop")
    ]
    report(store, 230, ok=True, monitor="shop", agent="seoul")
    assert [group.name for group in store.health_facts(now=at(240)).unable] == ["api"]
