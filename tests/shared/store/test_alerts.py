"""Alerts: read, and moved by a person."""

import pytest

from shared.alerting import IllegalMove
from shared.models import AlertStatus, ChangeKind
from shared.monitors.policy import Policy
from shared.store import AlertNotFound, Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine_and_pooler
from tests.support.store.steps import CHANNELS, move, opened, report

pytestmark = on_each_engine_and_pooler


def test_an_acknowledged_alert_lasts_until_the_recovery(store: Store) -> None:
    opened(store)
    assert move(store, 1, "ACK", by="kim").notification_ids == ()
    assert report(store, 30, ok=False).change is None
    assert store.alerts.get(1)[0].acknowledged_by == "kim"
    assert report(store, 60, ok=True).change is ChangeKind.RESOLVED


def test_resolving_by_hand_owes_a_recovery_that_says_so(store: Store) -> None:
    opened(store)
    assert len(move(store, 1, "RESOLVED", by="kim").notification_ids) == 2
    alert, owed = store.alerts.get(1)
    assert (alert.status, alert.resolved_by) == ("RESOLVED", "kim")
    recoveries = [(notification.kind, notification.is_manual, notification.actor) for notification in owed[2:]]
    assert recoveries == [("RECOVERY", True, "kim")] * 2


def test_a_failure_after_resolving_by_hand_opens_a_new_alert(store: Store) -> None:
    opened(store)
    move(store, 1, "RESOLVED", by=None)
    again = report(store, 30, ok=False)
    assert again.change is ChangeKind.OPENED
    assert again.alert is not None
    assert (again.alert.id, again.alert.failed_at) == (2, at(30))


def test_an_alert_is_reopened_unless_another_is_active(store: Store) -> None:
    opened(store)
    move(store, 1, "RESOLVED", by=None)
    assert len(move(store, 1, "OPEN", by=None).notification_ids) == 2
    assert store.alerts.get(1)[0].resolved_at is None
    move(store, 1, "RESOLVED", by=None)
    report(store, 30, ok=False)
    with pytest.raises(IllegalMove, match="alert 2 of shop is OPEN"):
        move(store, 1, "OPEN", by=None)


def test_a_move_by_hand_is_told_to_the_monitors_channels(store: Store) -> None:
    def watch(*channels: str) -> None:
        policy = {"name": "shop", "url": "http://shop/", "channels": list(channels)}
        store.monitors.apply([Policy.model_validate(policy)], {}, {}, now=at(0), channels=CHANNELS)

    def told(kind: str) -> list[str]:
        return [owed.channel for owed in store.alerts.get(1)[1] if owed.kind == kind]

    watch("a")
    opened(store)
    move(store, 1, "RESOLVED")
    assert (told("OUTAGE"), told("RECOVERY")) == (["a"], ["a"])
    watch("b")
    move(store, 1, "OPEN", 3700)
    assert told("OUTAGE") == ["a", "b"]
    watch("a")
    # b was told that it goes on, before it was taken away. The last that a heard is its end.
    move(store, 1, "RESOLVED", 3800)
    assert told("RECOVERY") == ["a", "b"]


def test_the_same_status_again_changes_nothing(store: Store) -> None:
    opened(store)
    move(store, 1, "ACK", by="kim")
    change = move(store, 1, "ACK", 99, by="lee")
    assert (change.alert.acknowledged_by, change.kind, change.notification_ids) == ("kim", None, ())


@pytest.mark.parametrize("alert_id", [0, 1, 2**63 - 1, 2**63, 10**18])
def test_an_unknown_alert_is_not_found(store: Store, alert_id: int) -> None:
    with pytest.raises(AlertNotFound):
        store.alerts.get(alert_id)
    with pytest.raises(AlertNotFound):
        move(store, alert_id, "ACK", by=None)


def test_alerts_are_listed_newest_first_and_filtered(store: Store) -> None:
    for monitor in ("a", "b", "c"):
        opened(store, monitor)
    move(store, 2, "RESOLVED", by=None)
    move(store, 3, "ACK", by=None)

    def listed(**wanted: object) -> list[int]:
        return [alert.id for alert in store.alerts.page(limit=wanted.pop("limit", 10), **wanted)]  # type: ignore[arg-type]

    assert listed() == [3, 2, 1]
    assert listed(limit=2) == [3, 2]
    assert listed(before=2) == [1]
    assert listed(status=AlertStatus.OPEN) == [1]
    assert listed(status=AlertStatus.RESOLVED) == [2]
    assert listed(monitor="c") == [3]
    assert listed(monitor="c", status=AlertStatus.OPEN) == []
