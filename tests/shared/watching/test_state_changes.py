"""Each change of a monitor's state is a row that says from what to what, when and why."""

from shared.models import AlertStatus
from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, report, rows

pytestmark = on_each_engine

CHANGES = """
    SELECT from_state, to_state, at, reason, state_changes.location, event_id, alert_id
    FROM state_changes JOIN monitors ON monitors.id = monitor_id WHERE name = 'shop' ORDER BY state_changes.id"""


def changes(store: Store) -> list[tuple[object, ...]]:
    return [(row[0], row[1], str(row[2])[11:19], *row[3:]) for row in rows(store, CHANGES)]


def policy(**fields: object) -> Policy:
    return Policy.model_validate({"name": "shop", "url": "http://shop/"} | fields)


def test_an_outage_and_its_end_are_changes_with_their_events_and_alert(store: Store) -> None:
    store.monitors.add(policy(failure_threshold=2, success_threshold=2), now=at(0))
    for seconds, ok in enumerate((True, True, False, False, False, True, True)):
        report(store, seconds, ok=ok, location="seoul")
    assert changes(store) == [
        ("UNKNOWN", "UP", "12:00:00", "healthy", "seoul", 1, None),
        ("UP", "PENDING", "12:00:02", "below_threshold", "seoul", 3, None),
        ("PENDING", "DOWN", "12:00:03", "threshold_met", "seoul", 4, 1),
        ("DOWN", "UP", "12:00:06", "recovered", "seoul", 7, 1),
    ]


def test_an_event_that_is_late_or_repeated_changes_no_state(store: Store) -> None:
    first = event(10, ok=True)
    for each in (first, first, event(5, ok=False)):
        store.events.add([each], received_at=at(20), channels=CHANNELS)
    assert [each[:2] for each in changes(store)] == [("UNKNOWN", "UP")]


def test_a_persons_move_is_a_change(store: Store) -> None:
    report(store, 0, ok=False)
    store.alerts.move(1, AlertStatus.RESOLVED, by="kim", at=at(5), channels=CHANNELS)
    assert changes(store)[1:] == [("DOWN", "PENDING", "12:00:05", "moved_by_hand", None, None, 1)]


def test_a_silent_agents_monitors_become_unknown_once(store: Store) -> None:
    report(store, 0, ok=True, agent="seoul", interval_seconds=10)
    for seconds in range(0, 400, 10):
        store.agents.review(now=at(seconds), channels=CHANNELS)
    assert [(*each[:2], each[3]) for each in changes(store)[1:]] == [("UP", "UNKNOWN", "agent_silent")]
    [since] = rows(store, "SELECT since FROM monitors")[0]
    assert str(since)[11:19] == changes(store)[1][2]


def test_a_pause_and_a_removal_are_changes(store: Store) -> None:
    monitor_id = store.monitors.add(policy(), now=at(0)).row["id"]
    report(store, 1, ok=False)
    store.monitors.replace(monitor_id, policy(enabled=False), now=at(2), channels=CHANNELS)
    store.monitors.replace(monitor_id, policy(), now=at(3), channels=CHANNELS)
    store.monitors.remove(monitor_id, now=at(4), channels=CHANNELS)
    assert [(*each[:4], each[6]) for each in changes(store)[1:]] == [
        ("DOWN", "PAUSED", "12:00:02", "paused", 1),
        ("PAUSED", "UNKNOWN", "12:00:03", "watched_again", None),
        ("UNKNOWN", "PAUSED", "12:00:04", "removed", None),
    ]
