"""Agents that fall silent: one alert, their monitors UNKNOWN, and an end with the next event."""

import pytest

from shared.models import AlertStatus, ChangeKind
from shared.monitors.policy import Policy
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import move, rows
from tests.support.store.watching import SILENT, about_agent, check, history, owed, review, states

pytestmark = pytest.mark.slow


@pytest.fixture
def silent(store: Store) -> Store:
    """A store whose agent was seen last at 0, and that was watched since; at 130 its alert is open."""
    review(store, -60, 0)
    check(store, 0)
    check(store, 0, ok=False, monitor="blog")
    check(store, 0, monitor="pushed", agent=None)
    assert review(store, 60, 119.9) == []
    [alert] = review(store, 130)
    assert (alert.id, alert.kind, alert.subject, alert.status) == (2, SILENT, "seoul", AlertStatus.OPEN)
    assert (alert.cause, alert.failed_at, alert.opened_at) == ("no checks received", at(0), at(130))
    return store


@on_each_engine
def test_a_silent_agent_is_one_alert_and_unknown_monitors(silent: Store) -> None:
    assert states(silent) == {"shop": "UNKNOWN", "blog": "UNKNOWN", "pushed": "UP"}
    assert owed(silent, 2) == [("AGENT_SILENT", "a"), ("AGENT_SILENT", "b")]
    assert review(silent, *range(140, 2000, 60)) == [], "once"
    assert history(silent)[0] == ("OUTAGE", "blog", "OPEN"), "the outage neither went on nor ended"


@pytest.mark.parametrize("ok", [True, False])
def test_a_silence_ends_when_a_check_arrives(silent: Store, ok: bool) -> None:
    ingested = check(silent, 200, ok=ok)
    assert about_agent(ingested) == [(ChangeKind.RESOLVED, SILENT)]
    assert silent.alerts.get(2)[0].resolved_at == at(200)
    assert owed(silent, 2)[2:] == [("RECOVERY", "a"), ("RECOVERY", "b")]
    assert states(silent) == {"shop": "UP" if ok else "DOWN", "blog": "UNKNOWN", "pushed": "UP"}
    recoveries = [notification.id for notification in silent.alerts.get(2)[1][2:]]
    assert ingested.notification_ids[-2:] == recoveries, "so that they are sent at once"


def test_old_checks_end_a_silence_when_they_arrive(silent: Store) -> None:
    check(silent, 30, received=300)
    alert, notifications = silent.alerts.get(2)
    assert (alert.status, alert.resolved_at) == (AlertStatus.RESOLVED, at(300))
    assert [notification.occurred_at for notification in notifications] == [at(130)] * 2 + [at(300)] * 2


def test_each_silence_of_an_agent_is_an_alert(silent: Store) -> None:
    check(silent, 200)
    assert review(silent, *range(200, 320, 30)) == []
    assert [alert.id for alert in review(silent, 320)] == [3]
    check(silent, 400)
    silences = [(kind, subject, status) for kind, subject, status in history(silent) if kind == SILENT]
    assert silences == [(SILENT, "seoul", "RESOLVED")] * 2


def test_a_silence_resolved_by_hand_is_not_opened_again(silent: Store) -> None:
    """It is once the agent was back and falls silent again."""
    move(silent, 2, "RESOLVED", 150)
    assert review(silent, *range(150, 3600, 60)) == []
    assert about_agent(check(silent, 3600)) == [], "its return does not end the silence a second time"
    assert [alert.id for alert in review(silent, *range(3600, 3780, 60), 3780)] == [3]


def test_an_acknowledged_silence_ends_with_the_next_check(silent: Store) -> None:
    move(silent, 2, "ACK", 150)
    assert review(silent, 190, 250) == []
    check(silent, 300)
    assert silent.alerts.get(2)[0].status is AlertStatus.RESOLVED


@on_each_engine
def test_a_reopened_silence_ends_with_the_next_check(silent: Store) -> None:
    check(silent, 200)
    move(silent, 2, "OPEN", 210)
    assert [change.alert for change in check(silent, 230).changes] == [silent.alerts.get(2)[0]]
    assert silent.alerts.get(2)[0].status is AlertStatus.RESOLVED


def test_a_reopened_silence_leaves_no_monitor_up(silent: Store) -> None:
    check(silent, 200)
    move(silent, 2, "OPEN", 210)
    review(silent, *range(200, 500, 60))
    assert states(silent)["shop"] == "UNKNOWN"


def test_a_reporter_without_an_agent_never_falls_silent(store: Store) -> None:
    review(store, 0)
    check(store, 0, agent=None)
    assert review(store, *range(0, 9000, 90)) == []
    assert states(store) == {"shop": "UP"}


def test_a_monitor_handed_over_is_not_the_agents_any_more(store: Store) -> None:
    review(store, 0)
    check(store, 0, monitor="kept")
    check(store, 0, monitor="handed over")
    check(store, 10, monitor="handed over", agent=None)
    assert len(review(store, *range(0, 180, 60))) + len(review(store, 180)) == 1
    assert states(store) == {"kept": "UNKNOWN", "handed over": "UP"}


@on_each_engine
def test_one_agents_silence_is_not_anothers(store: Store) -> None:
    review(store, 0)
    check(store, 0, monitor="shop", agent="seoul")
    for seconds in range(0, 180, 30):
        check(store, seconds, monitor="blog", agent="busan")
        review(store, seconds)
    assert history(store) == [(SILENT, "seoul", "OPEN")]
    assert states(store) == {"shop": "UNKNOWN", "blog": "UP"}


def test_a_monitor_named_like_an_agent_keeps_its_own_alert(silent: Store) -> None:
    assert check(silent, 200, ok=False, monitor="seoul", agent=None).change is ChangeKind.OPENED
    check(silent, 210, monitor="shop")
    assert history(silent)[1:] == [(SILENT, "seoul", "RESOLVED"), ("OUTAGE", "seoul", "OPEN")]


@pytest.mark.parametrize(
    ("reviews", "is_alert", "why"),
    [
        ([0, 3600], False, "the machine slept for an hour, and the agent with it"),
        ([0, 3600, 3660, 3719], False, "since then it has a new chance"),
        ([0, 3600, 3660, 3720], True, "and not for longer"),
        ([0, 60, -3540, -3480], False, "the clock was set back by an hour"),
        ([0, 60, -3540, -3480, -3420], True, "and we do not wait for an hour"),
        ([0, 60, 3660, 3719], False, "the clock was set an hour ahead"),
        ([0, 60, 3660, 3720, 3780], True, "and then it is as silent as ever"),
        ([*range(0, 32, 2), 11], False, "the clock was set back by 19 s, which the watch does not notice"),
        ([-600], False, "the first review ever"),
        (list(range(0, 120, 2)), False, "every 2 seconds"),
        (list(range(0, 122, 2)), True, "every 2 seconds, and 2 minutes are over"),
    ],
)
def test_a_silence_counts_only_while_somebody_watches(
    store: Store, reviews: list[float], is_alert: bool, why: str
) -> None:
    for seconds in range(-900, 0, 60):
        review(store, seconds)
    check(store, 0)
    assert [alert.kind for alert in review(store, *reviews)] == [SILENT] * is_alert, why


def test_a_check_counts_although_the_clock_is_a_little_back(store: Store) -> None:
    review(store, *range(-900, 30, 2))
    check(store, 30)
    # Set back by 3 s: the newest check lies ahead now.
    assert review(store, 28, 30, 32) == []
    assert states(store) == {"shop": "UP"}


def test_a_review_that_waited_sees_what_arrived_meanwhile(store: Store) -> None:
    """It took its time before it waited for the store."""
    review(store, *range(-900, 0, 60))
    check(store, 0)
    check(store, 4)
    assert review(store, 1) == []


@on_each_engine
def test_a_silent_agent_leaves_the_state_to_the_other_locations(store: Store) -> None:
    """Both check the shop once an hour, and seoul was the last one."""
    policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "interval": "1h"})
    store.monitors.add(policy, now=at(0))
    review(store, 0)
    for place in ("busan", "seoul"):
        check(store, 0, agent=place, location=place)
    for seconds in range(30, 120, 30):
        check(store, seconds, monitor="blog", agent="busan", location="busan")
        review(store, seconds)
    assert [alert.subject for alert in review(store, 120)] == ["seoul"]
    assert states(store) == {"shop": "UP", "blog": "UP"}
    assert rows(store, "SELECT location, state FROM monitor_locations ORDER BY location") == [
        ("busan", "UP"),
        ("seoul", "UNKNOWN"),
    ]


@on_each_engine
def test_a_monitor_is_unknown_once_no_location_votes(store: Store) -> None:
    review(store, 0)
    for place in ("seoul", "busan"):
        check(store, 0, agent=place, location=place)
    assert len(review(store, 60, 120)) == 2
    assert states(store) == {"shop": "UNKNOWN"}
    assert rows(store, "SELECT reason, to_state FROM state_changes ORDER BY id DESC LIMIT 1") == [
        ("agent_silent", "UNKNOWN")
    ]
