"""How summaries are sent, and what they are not: alerts that anybody acts on, outages, parts of a list."""

from datetime import time, timedelta

import pytest

from shared.alerting.moves import IllegalMove
from shared.alerting.storms import Waiting, plan
from shared.models import AlertKind, AlertStatus
from shared.models.channel import USUAL, QuietHours, Route
from shared.monitors.windows.window import Window
from shared.store import NotAMonitors, Store
from tests.shared.summaries.steps import DAILY, HOUR, put, review, stored
from tests.support.builders import Channel, at, fails, refuses
from tests.support.store.engines import on_each_engine
from tests.support.store.routes import channels as named
from tests.support.store.routes import logs
from tests.support.store.routes import owed as owed_to
from tests.support.store.steps import CHANNELS, rows
from tests.support.store.watching import deliver_all, history, owed

pytestmark = pytest.mark.slow

NIGHT = QuietHours(time(12), time(14))


@on_each_engine
def test_it_goes_the_usual_way_and_is_the_same_in_every_copy(store: Store) -> None:
    put(store, DAILY)
    review(store, HOUR)
    a, b = Channel(), Channel(fails("busy"))
    deliver_all(store, HOUR + 1, a=a, b=b)
    b.behave = lambda: None
    deliver_all(store, HOUR + 600, a=a, b=b)
    assert a.texts[0].replace("#1", "#2") == b.texts[0]
    assert a.texts[0].startswith("SUMMARY 7 Jan\n")
    found = rows(store, "SELECT channel, kind, status FROM notification_logs ORDER BY id")
    assert sorted(found) == [("a", "SUMMARY", "SENT"), ("b", "SUMMARY", "RETRY"), ("b", "SUMMARY", "SENT")]
    assert store.alerts.get(1)[0].timings.delivered == {"a": pytest.approx(1, abs=0.3), "b": pytest.approx(600, abs=1)}


def test_it_is_over_from_its_beginning(store: Store) -> None:
    put(store, DAILY)
    [summary] = review(store, HOUR)
    assert (summary.kind, summary.subject, summary.status) == (AlertKind.SUMMARY, "Bonghwa", AlertStatus.RESOLVED)
    assert summary.cause == "summary of 2025-01-07 to 2025-01-07"
    assert "summary" not in summary.shown()
    a = Channel()
    deliver_all(store, HOUR + 1, a=a, b=Channel())
    assert (a.messages[0].actions, a.messages[0].links, a.messages[0].tone) == ((), (), "neutral")
    assert owed(store, 1) == [("SUMMARY", "a"), ("SUMMARY", "b")], "there is no RECOVERY"


@on_each_engine
def test_it_is_among_no_alerts_but_those_asked_for(store: Store) -> None:
    put(store, DAILY)
    review(store, HOUR)
    assert history(store) == []
    assert store.alerts.page(limit=10, status=AlertStatus.RESOLVED) == []
    assert [each.kind for each in stored(store)] == ["SUMMARY"]
    assert store.summary()["open_alerts"] == 0
    deliver_all(store, HOUR + 1, a=Channel(), b=Channel())
    assert store.time_to_notify(now=at(HOUR + 2)) == {"p50": None, "p95": None}


@pytest.mark.parametrize("to", [AlertStatus.OPEN, AlertStatus.ACK])
def test_nobody_can_act_on_it(store: Store, to: AlertStatus) -> None:
    put(store, DAILY)
    review(store, HOUR)
    with pytest.raises(IllegalMove, match="over when it was made"):
        store.alerts.move(1, to, by="kim", at=at(HOUR), channels=CHANNELS)
    with pytest.raises(NotAMonitors):
        store.alerts.move(1, None, by="kim", at=at(HOUR), channels=CHANNELS, silence_seconds=60)
    assert store.alerts.get(1)[0].status is AlertStatus.RESOLVED


def test_a_channel_that_refuses_it_has_refused(store: Store) -> None:
    put(store, DAILY)
    review(store, HOUR)
    deliver_all(store, HOUR + 1, a=Channel(refuses("no such chat")), b=Channel())
    assert history(store) == [("CHANNEL_REFUSED", "a", "OPEN")]


def test_it_goes_to_its_channels_and_opens_no_incident(store: Store) -> None:
    routes = {"a": Route("slack"), "b": Route("pagerduty", opens_incidents=True), "c": Route("email")}
    put(store, DAILY, {"every": "day", "at": "12:30", "channels": ["c", "b", "gone"]})
    begun = store.summaries.review(now=at(HOUR), channels=routes)
    assert [each.channels for each in begun] == [("c",), ("a", "c")]
    assert [owed(store, each.id) for each in stored(store)] == [
        [("SUMMARY", "c")],
        [("SUMMARY", "a"), ("SUMMARY", "c")],
    ]


def test_a_channel_can_leave_it_out(store: Store) -> None:
    put(store, DAILY)
    review(store, HOUR, named(ops=Route(only=frozenset({"OUTAGE"})), all=Route(only=frozenset({"SUMMARY"}))))
    assert logs(store) == [(1, "SUMMARY", "SUPPRESSED", "only")]
    assert owed_to(store, "all") == [("SUMMARY", "PENDING")]


def test_delay_does_not_delay_it(store: Store) -> None:
    put(store, DAILY)
    review(store, HOUR, named(ops=Route(delay=timedelta(hours=1))))
    assert owed_to(store) == [("SUMMARY", "PENDING")]


@on_each_engine
def test_quiet_hours_hold_it_to_their_end(store: Store) -> None:
    routes = named(ops=Route(quiet_hours=NIGHT))
    put(store, DAILY)
    review(store, HOUR, routes)
    assert logs(store) == [(1, "SUMMARY", "HELD", "quiet_hours")]
    store.maintenance.review(now=at(2 * HOUR - 1), channels=routes)
    ops = Channel()
    deliver_all(store, 2 * HOUR - 1, ops=ops)
    assert ops.texts == []
    store.maintenance.review(now=at(2 * HOUR), channels=routes)
    deliver_all(store, 2 * HOUR, ops=ops)
    assert ops.kinds == ["SUMMARY"]


@pytest.mark.parametrize("kind", ["silence", "maintenance"])
def test_windows_do_not_hold_it(store: Store, kind: str) -> None:
    put(store, DAILY)
    window = {"kind": kind, "all": True, "starts_at": at(0), "ends_at": at(9 * HOUR)}
    store.windows.add(Window.model_validate(window), now=at(0))
    review(store, HOUR)
    a = Channel()
    deliver_all(store, HOUR + 1, a=a, b=Channel())
    assert a.kinds == ["SUMMARY"]


def test_a_storm_never_lists_it() -> None:
    due = [Waiting(number, kind, at(0)) for number, kind in enumerate(["SUMMARY", "SUMMARY", "OUTAGE", "OUTAGE"], 1)]
    found = plan(due, [], USUAL, at(5))
    assert (found.ids, found.listed_with) == ((1,), None)
    assert plan(due[1:], [], USUAL, at(5)).ids == (2,)
    assert plan(due[2:], [], USUAL, at(5)).ids == (3, 4)
