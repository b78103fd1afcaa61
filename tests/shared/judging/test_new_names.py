"""A monitor gets another name: what people wrote about it under the former one still means it."""

from typing import Any

import pytest

from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, report, rows

pytestmark = on_each_engine


def policy(name: str, **fields: Any) -> Policy:
    return Policy.model_validate({"name": name, "url": f"http://{name}/", "interval": "30s", **fields})


def add(store: Store, name: str, **fields: Any) -> int:
    """A monitor that works; its id."""
    monitor_id = store.monitors.add(policy(name, **fields), now=at(0)).row["id"]
    report(store, 0, ok=True, monitor=name, received=0)
    return int(monitor_id)


def rename(store: Store, monitor_id: int, name: str, seconds: float = 20) -> None:
    store.monitors.replace(monitor_id, policy(name), now=at(seconds), channels=CHANNELS)


def opened_window(store: Store, kind: str, **targets: Any) -> int:
    window = Window.model_validate({"kind": kind, "duration": "1h", **targets})
    return store.windows.add(window, now=at(1)).planned.id


@pytest.fixture
def shop(store: Store) -> int:
    return add(store, "shop")


def test_it_stays_in_maintenance(store: Store, shop: int) -> None:
    add(store, "db")
    window = opened_window(store, "maintenance", monitors=["db", "shop"])
    rename(store, shop, "store")
    assert report(store, 30, ok=False, monitor="store", received=30).change is None
    assert store.windows.get(window).window.monitors == ("db", "store")
    facts = rows(store, "SELECT body FROM replay_facts WHERE what = 'window' ORDER BY id")
    assert ["store" in str(body) for (body,) in facts] == [False, True]


def test_its_silence_goes_on_holding_what_it_held(store: Store, shop: int) -> None:
    opened_window(store, "silence", monitors=["shop"])
    report(store, 10, ok=False, received=10)
    rename(store, shop, "store")
    store.maintenance.review(now=at(30), channels=CHANNELS)
    assert rows(store, "SELECT status FROM notifications WHERE channel = 'a'") == [("HELD",)]


def test_what_depends_on_it_is_held_back_and_can_be_changed(store: Store, shop: int) -> None:
    api = add(store, "api", depends_on=["shop"])
    known = rows(store, "SELECT version FROM configuration")[0][0]
    rename(store, shop, "store")
    report(store, 30, ok=False, monitor="store", received=30)
    report(store, 31, ok=False, monitor="api", received=31)
    assert rows(store, "SELECT status, reason FROM notifications WHERE alert_id = 2 AND channel = 'a'") == [
        ("HELD", "dependency")
    ]
    [(stored, version)] = rows(store, f"SELECT policy, version FROM monitors WHERE id = {api}")
    parents = Policy.model_validate_json(str(stored)).depends_on
    assert (parents, version) == (("store",), int(str(known)) + 1)
    changed = policy("api", depends_on=parents, failure_threshold=2)
    store.monitors.replace(api, changed, now=at(40), channels=CHANNELS)


def test_the_alert_of_its_parent_names_it(store: Store, shop: int) -> None:
    api = add(store, "api", depends_on=["shop"])
    report(store, 10, ok=False, monitor="shop", received=10)
    report(store, 11, ok=False, monitor="api", received=11)
    store.monitors.replace(api, policy("web", depends_on=("shop",)), now=at(20), channels=CHANNELS)
    report(store, 30, ok=True, monitor="shop", received=30)
    alert, _ = store.alerts.get(1)
    assert (alert.dependents, alert.still_failing) == (("web",), ("web",))
    store.monitors.replace(api, policy("front", depends_on=("shop",)), now=at(40), channels=CHANNELS)
    assert store.alerts.get(1)[0].still_failing == ("front",)


def test_an_incident_is_about_it(store: Store, shop: int) -> None:
    incident = store.incidents.add("Slow", "We look into it.", "investigating", ["shop"], now=at(1))
    rename(store, shop, "store")
    assert store.incidents.get(incident.id).monitors == ["store"]


def test_two_monitors_change_their_names(store: Store, shop: int) -> None:
    db = add(store, "db")
    of_shop = opened_window(store, "maintenance", monitors=["shop"])
    of_db = opened_window(store, "silence", monitors=["db"])
    rename(store, shop, "other")
    rename(store, db, "shop", 21)
    rename(store, shop, "db", 22)
    named = [store.windows.get(window).planned.targets["monitors"] for window in (of_shop, of_db)]
    assert named == [["db"], ["shop"]]
    assert report(store, 30, ok=False, monitor="db", received=30).change is None, "it is the one in maintenance"
    assert report(store, 30, ok=False, monitor="shop", received=30).change == "OPENED"


def test_a_window_that_names_a_removed_monitor_too_names_the_new_one_once(store: Store, shop: int) -> None:
    db = add(store, "db")
    window = opened_window(store, "silence", monitors=["db", "shop"])
    store.monitors.remove(db, now=at(10), channels=CHANNELS)
    rename(store, shop, "db")
    assert store.windows.get(window).window.monitors == ("db",)


def test_a_group_of_the_same_name_keeps_it(store: Store) -> None:
    shop = add(store, "shop", group="shop", tags=["shop"])
    windows = [opened_window(store, "silence", groups=["shop"]), opened_window(store, "silence", tags=["shop"])]
    rename(store, shop, "store")
    assert [store.windows.get(each).planned.targets for each in windows] == [{"groups": ["shop"]}, {"tags": ["shop"]}]


def test_the_file_goes_on_naming_what_it_says(store: Store, shop: int) -> None:
    window = Window.model_validate({"kind": "silence", "monitors": ["shop"], "duration": "1h"})
    store.monitors.apply([], {}, {}, windows=[window], now=at(1), channels=CHANNELS)
    rename(store, shop, "store")
    assert store.windows.page(limit=1)[0].window.monitors == ("shop",)
