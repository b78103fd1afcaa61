"""Reminders and escalations in the store: owed once each, stopped by an acknowledgement, kept back by windows."""

from typing import Any

import pytest

from shared.models import as_text
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store, UnknownName
from tests.support.builders import at, routes
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import move, report, rows, settle

pytestmark = on_each_engine

CHANNELS = routes("ops", "mail", "any")
STEPS = [{"after": "5m", "channels": ["mail"]}, {"after": "15m", "channels": ["any"], "repeat": "10m"}]


@pytest.fixture(autouse=True)
def outage(store: Store) -> None:
    """An outage from second 0 on, of which ops is reminded each minute; the steps of an escalation follow."""
    apply(store)
    report(store, 0, ok=False, received=0, channels=CHANNELS)


def apply(store: Store, escalations: dict[str, Any] | None = None, **fields: Any) -> None:
    policy = {"name": "shop", "url": "http://shop/", "channels": ["ops"], "reminder_interval": "1m"}
    wanted = Policy.model_validate({**policy, "escalation": "night", **fields})
    body = {"escalations": escalations or {"night": STEPS}}
    store.monitors.apply([wanted], {}, body, now=at(-1), channels=CHANNELS)


def review(store: Store, seconds: float) -> list[tuple[str, int]]:
    """The newly owed messages: kind and number."""
    return [(due.kind, due.number) for due in store.follow_ups.review(now=at(seconds), channels=CHANNELS)]


def owed(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT kind, channel, status, number FROM notifications ORDER BY id")


def test_reminders_and_steps_come_at_their_times_once_each(store: Store) -> None:
    found = {seconds: review(store, seconds) for seconds in (59, 60, 61, 119, 120, 299, 300, 301)}
    assert found == {
        59: [],
        60: [("REMINDER", 1)],
        61: [],
        119: [],
        120: [("REMINDER", 2)],
        299: [("REMINDER", 3)],
        300: [("REMINDER", 4), ("ESCALATION", 1)],
        301: [],
    }
    assert owed(store)[-2:] == [("REMINDER", "ops", "PENDING", 4), ("ESCALATION", "mail", "PENDING", 1)]


@pytest.mark.parametrize(
    "damaged", [{"after": "soon", "channels": ["mail"]}, {"after": "5m"}, {"after": "5m", "channels": [{}]}, 5, None]
)
def test_a_damaged_step_holds_up_no_other(store: Store, damaged: Any) -> None:
    apply(store, {"night": [damaged, STEPS[0]]})
    assert review(store, 60) == [("REMINDER", 1)]
    assert review(store, 300) == [("REMINDER", 2), ("ESCALATION", 2)]
    assert owed(store)[-1] == ("ESCALATION", "mail", "PENDING", 2)


@pytest.mark.parametrize(
    "former",
    [
        {"after": 0, "channels": ["mail"]},
        {"after": "30s", "channels": ["mail"], "comment": "the night shift"},
        {"after": "30s", "channels": "mail", "repeat": 0},
    ],
)
def test_a_step_that_a_former_version_took_is_taken(store: Store, former: Any) -> None:
    apply(store, {"night": [former]})
    assert review(store, 30) == [("ESCALATION", 1)]
    assert owed(store)[-1] == ("ESCALATION", "mail", "PENDING", 1)


def test_a_damaged_escalation_is_logged_once_in_a_run(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    apply(store, {"night": [5, None, STEPS[0]]})
    report(store, 0, ok=False, received=0, channels=CHANNELS, monitor="blog")
    review(store, 300)
    assert [record.message for record in caplog.records].count("escalation_damaged") == 1


def test_a_damaged_escalation_holds_up_no_reminder(store: Store) -> None:
    apply(store, {"night": 5})
    assert review(store, 300) == [("REMINDER", 1)]


def test_after_a_restart_what_is_overdue_comes_once(store: Store) -> None:
    assert review(store, 2400) == [("REMINDER", 1), ("ESCALATION", 1), ("ESCALATION", 2)]
    assert review(store, 2401) == []
    assert review(store, 2460) == [("REMINDER", 2)]


def test_an_acknowledgement_stops_both_and_reopening_starts_them_anew(store: Store) -> None:
    assert review(store, 60) == [("REMINDER", 1)]
    move(store, 1, "ACK", 70)
    assert review(store, 3600) == []
    move(store, 1, "OPEN", 4000)
    assert review(store, 4059) == []
    assert review(store, 4060) == [("REMINDER", 1)]
    assert review(store, 4300) == [("REMINDER", 2), ("ESCALATION", 1)]


def test_an_end_stops_both_and_reaches_whom_a_step_has_told(store: Store) -> None:
    review(store, 300)
    report(store, 310, ok=True, received=310, channels=CHANNELS)
    assert review(store, 3600) == []
    ends = [(channel, status) for kind, channel, status, _ in owed(store) if kind == "RECOVERY"]
    assert ends == [("ops", "PENDING"), ("mail", "PENDING")], "any was never told"


@pytest.mark.parametrize("kind", ["maintenance", "silence"])
def test_a_window_keeps_both_back_and_says_so(store: Store, kind: str) -> None:
    window = Window.model_validate({"kind": kind, "all": True, "duration": 400})
    store.windows.add(window, now=at(30))
    assert review(store, 300) == [("REMINDER", 1), ("ESCALATION", 1)]
    assert owed(store)[-2:] == [("REMINDER", "ops", "SUPPRESSED", 1), ("ESCALATION", "mail", "SUPPRESSED", 1)]
    logs = rows(store, "SELECT kind, channel, status, reason FROM notification_logs ORDER BY id")
    assert logs == [("REMINDER", "ops", "SUPPRESSED", kind), ("ESCALATION", "mail", "SUPPRESSED", kind)]
    # A channel that nobody has told hears of no end.
    report(store, 440, ok=True, received=440, channels=CHANNELS)
    assert [channel for kind, channel, *_ in owed(store) if kind == "RECOVERY"] == ["ops"]


def test_reminders_are_kept_back_while_it_flaps_and_steps_go_out(store: Store) -> None:
    for second, outcome in enumerate("-+" * 10, start=1):
        report(store, second, ok=outcome == "+", received=second, channels=CHANNELS)
    found = store.follow_ups.review(now=at(400), channels=CHANNELS)
    assert [(due.kind, due.number) for due in found] == [("REMINDER", 1), ("ESCALATION", 1)]
    assert owed(store)[-2:] == [("REMINDER", "ops", "SUPPRESSED", 1), ("ESCALATION", "mail", "PENDING", 1)]
    assert rows(store, "SELECT reason FROM notification_logs ORDER BY id")[-1] == ("flapping",)


def test_another_interval_counts_from_the_beginning(store: Store) -> None:
    review(store, 60)
    apply(store, reminder_interval="2m")
    assert review(store, 119) == []
    assert review(store, 120) == [("REMINDER", 2)]
    apply(store, reminder_interval=None, escalation=None)
    assert review(store, 9999) == []


def test_an_escalation_that_is_gone_has_no_steps(store: Store) -> None:
    """A former version took any name, and whoever changes something else may keep it."""
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET escalation = 'other', reminder_seconds = NULL, source = 'api'")
    assert review(store, 9999) == []
    policy = {"name": "shop", "url": "http://shop/", "escalation": "other"}
    store.monitors.replace(1, Policy.model_validate(policy | {"interval": 90}), now=at(9), channels=CHANNELS)
    with pytest.raises(UnknownName):
        store.monitors.replace(1, Policy.model_validate(policy | {"escalation": "x"}), now=at(9), channels=CHANNELS)


def pages(store: Store) -> list[object]:
    """The channels that a step has notified, in order."""
    return [channel for kind, channel, *_ in owed(store) if kind == "ESCALATION"]


def test_another_escalation_is_overdue_as_a_whole(store: Store) -> None:
    review(store, 300)
    day = [{"after": "1m", "channels": ["any"]}, {"after": "2m", "channels": ["mail"]}]
    apply(store, {"night": STEPS, "day": day}, escalation="day", reminder_interval=None)
    assert review(store, 320) == [("ESCALATION", 1), ("ESCALATION", 2)]
    apply(store, {"night": STEPS, "day": day}, reminder_interval=None)
    assert (review(store, 340), pages(store)) == ([], ["mail", "any", "mail"])


def test_a_step_that_is_put_before_others_is_the_only_new_one(store: Store) -> None:
    review(store, 300)
    apply(store, {"night": [{"after": "2m", "channels": ["any"]}, *STEPS]}, reminder_interval=None)
    review(store, 310)
    review(store, 899)
    assert pages(store) == ["mail", "any"]
    apply(store, escalation=None)
    review(store, 899)
    apply(store)
    review(store, 899)
    assert pages(store) == ["mail", "any"], "an escalation that was gone for a while"


def test_progress_of_a_former_version_means_what_it_meant(store: Store) -> None:
    """It was a list of times, in the order of the steps."""
    apply(store, reminder_interval=None)
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE alerts SET escalated = :times", times=f'["{as_text(at(300))}", null]')
    assert review(store, 600) == []
    assert review(store, 900) == [("ESCALATION", 2)]
    assert review(store, 901) == []


def test_a_reminder_waits_for_its_outage_on_the_channel(store: Store) -> None:
    review(store, 60)
    first = settle(store, "RETRY", 61, channel="ops", due=100)
    assert first == 1
    assert store.notifications.claim("ops", now=at(62), leased_until=at(90)) is None, "the outage comes first"
    settle(store, "SENT", 101, channel="ops")
    following = store.notifications.claim("ops", now=at(102), leased_until=at(130))
    assert following is not None
    assert following.notification.kind == "REMINDER"
