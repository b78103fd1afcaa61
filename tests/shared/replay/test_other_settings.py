"""The effect of other thresholds: alerts that vanish, merge, come later or appear."""

from typing import Any

import pytest

from shared.history.comparison import Comparison, compare
from shared.history.replay import Rules, replay
from shared.models import Monitor, as_text
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Retention, Store
from shared.store.asking.pasts import first_event, past_of
from shared.store.tables import monitors
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, add, move, rows

pytestmark = [on_each_engine, pytest.mark.slow]


def watch(store: Store, **fields: Any) -> int:
    policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "interval": 10, **fields})
    return int(store.monitors.add(policy, now=at(0)).row["id"])


def check(store: Store, outcomes: str, start: float = 10, **fields: Any) -> None:
    """A check every ten seconds: ``.`` succeeds, ``x`` fails."""
    for number, outcome in enumerate(outcomes):
        seconds = start + 10 * number
        add(store, event(seconds, ok=outcome == ".", **fields), received=seconds)


def judged(store: Store, since: float = 0, **fields: Any) -> Comparison:
    """The comparison of the outages of ``shop`` from then on with those that these fields would give."""
    with store.database.snapshot() as snapshot:
        shop = monitors.named(snapshot, "shop")
        assert isinstance(shop, Monitor)
        past = past_of(snapshot, shop, first_event(snapshot, at(since)))
        again = replay(past.start, past.steps, Rules(fields))
    return compare(past.start.happened, again, max(at(since), past.begins_at or at(since)))


def ids(found: Comparison) -> dict[str, list[int]]:
    later = [alert.id for alert, _ in found.later]
    of_kind = {name: [alert.id for alert in getattr(found, name)] for name in ("vanished", "merged", "appeared")}
    return {name: found_ids for name, found_ids in {**of_kind, "later": later}.items() if found_ids}


def test_short_outages_vanish_and_long_ones_come_later(store: Store) -> None:
    watch(store)
    check(store, ".x.xxxx.")
    found = judged(store, failure_threshold=3)
    assert (found.happened, found.replayed) == (2, 1)
    assert ids(found) == {"vanished": [1], "later": [2]}
    assert [seconds for _, seconds in found.later] == [20.0]


def test_two_outages_merge(store: Store) -> None:
    watch(store)
    check(store, "xx.xx..")
    found = judged(store, success_threshold=2)
    assert (found.happened, found.replayed) == (2, 1)
    assert ids(found) == {"merged": [2]}


def test_a_lower_threshold_adds_an_outage_and_lets_one_come_earlier(store: Store) -> None:
    watch(store, failure_threshold=3)
    check(store, "x..xxx.")
    found = judged(store, failure_threshold=1)
    assert (found.happened, found.replayed) == (1, 2)
    assert [alert.opened_at for alert in found.appeared] == [at(10)]
    assert [seconds for _, seconds in found.later] == [-20.0]


def test_a_quorum_needs_more_locations(store: Store) -> None:
    watch(store, quorum=1)
    for location in ("seoul", "tokyo"):
        check(store, ".", location=location)
    check(store, "x.", start=20, location="seoul")
    assert ids(judged(store)) == {}
    assert ids(judged(store, quorum=2)) == {"vanished": [1]}
    assert ids(judged(store, locations=("tokyo",))) == {"vanished": [1]}


def test_a_policy_counts_from_its_change_on(store: Store) -> None:
    monitor_id = watch(store)
    check(store, "x.")
    policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "interval": 10, "failure_threshold": 2})
    store.monitors.replace(monitor_id, policy, now=at(100), channels=CHANNELS)
    store.monitors.replace(monitor_id, policy, now=at(101), channels=CHANNELS)
    check(store, "x.xx.", start=110)
    assert ids(judged(store)) == {}
    assert rows(store, "SELECT count(*) FROM replay_facts WHERE what = 'policy'") == [(2,)], "only what differs"


def test_a_window_counts_also_after_it_was_removed(store: Store) -> None:
    watch(store)
    window = store.windows.add(Window(kind="maintenance", all=True, duration=100), now=at(5))
    check(store, "xx.")
    store.windows.remove(window.planned.id, now=at(40), channels=CHANNELS)
    assert judged(store, failure_threshold=1) == Comparison()
    check(store, "xx.", start=50)
    assert ids(judged(store)) == {}


def test_what_people_did_happens_again(store: Store) -> None:
    watch(store)
    check(store, "xx")
    move(store, 1, "RESOLVED", 25)
    check(store, "x.", start=30)
    found = judged(store, success_threshold=2)
    assert (found.happened, found.replayed) == (2, 2)
    assert ids(found) == {}


def test_what_opened_before_is_left_out(store: Store) -> None:
    watch(store)
    check(store, "x.x.")
    assert judged(store, since=25, failure_threshold=2).vanished[0].id == 2


def test_a_monitor_whose_checks_are_all_gone_is_not_compared(store: Store) -> None:
    """Without other rules too, all its alerts would seem to vanish."""
    watch(store)
    check(store, "x.x.")
    assert judged(store).happened == 2
    add(store, event(50, ok=True, monitor="blog"), received=50)  # the newest event stays
    store.upkeep.run(Retention(60, 1e6, 1e6), now=at(4000), seconds=60, pause=lambda _: None)
    assert rows(store, "SELECT id FROM events") == [(5,)]
    assert judged(store) == Comparison()


def test_what_was_pruned_before_its_first_stored_check_is_not_compared(store: Store) -> None:
    watch(store)
    check(store, "x.xx")
    store.upkeep.run(Retention(3965, 1e6, 1e6), now=at(4000), seconds=60, pause=lambda _: None)
    assert rows(store, "SELECT id FROM events") == [(4,)]
    check(store, "x.x.", start=50)
    found = judged(store)
    assert (found.happened, found.replayed, ids(found)) == (1, 1, {})


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [1, 4])
@pytest.mark.parametrize("failing", [{"busan"}, {"seoul", "tokyo"}], ids=["a minority", "a majority"])
def test_no_location_decides_alone_after_what_was_pruned(store: Store, failing: set[str], threshold: int) -> None:
    """Busan is the first to report after the cut. It sees what the two others do not."""
    watch(store, failure_threshold=threshold)
    places = ["busan", "seoul", "tokyo"]
    for number in range(60):
        where, seconds = places[number % 3], 10 + 10 * (number // 3) + number % 3
        add(store, event(seconds, ok=where not in failing, location=where), received=seconds)
    store.upkeep.run(Retention(3891, 1e6, 1e6), now=at(4000), seconds=60, pause=lambda _: None)
    assert rows(store, "SELECT timestamp, location FROM events ORDER BY id LIMIT 1") == [(as_text(at(110)), "busan")]
    found = judged(store)
    assert (found.happened, found.replayed, ids(found)) == (0, 0, {})


@pytest.mark.parametrize(("kept", "left"), [(500.0, 5), (60.0, 2)])
def test_what_is_in_force_is_kept_however_old_it_is(store: Store, kept: float, left: int) -> None:
    monitor_id = watch(store)
    for kind in ("maintenance", "silence"):
        store.windows.add(Window(kind=kind, all=True, weekly=("Mon",), at="02:30", duration=60), now=at(10))
    store.windows.remove(2, now=at(20), channels=CHANNELS)
    policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "failure_threshold": 2})
    store.monitors.replace(monitor_id, policy, now=at(30), channels=CHANNELS)
    store.upkeep.run(Retention(1e6, 1e6, kept), now=at(400), seconds=60, pause=lambda _: None)
    found = rows(store, "SELECT what, at FROM replay_facts ORDER BY id")
    assert [what for what, _ in found[-1:]] == ["policy"]
    assert len(found) == left


def test_nothing_is_written_by_a_replay(store: Store) -> None:
    watch(store)
    check(store, "x.")
    before = [rows(store, f"SELECT * FROM {table} ORDER BY id") for table in ("alerts", "monitors", "replay_facts")]
    judged(store, failure_threshold=2)
    assert before == [
        rows(store, f"SELECT * FROM {table} ORDER BY id") for table in ("alerts", "monitors", "replay_facts")
    ]
