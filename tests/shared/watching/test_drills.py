"""Drills over a real store: begun, delivered, acknowledged or not, ended, and what they open."""

import json
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

import pytest

from shared.models import AlertStatus
from shared.models.channel import Channels, QuietHours, Route
from shared.store import DrillUnderWay, Store
from shared.store.recurring.reviewed import Reviewed
from tests.support.builders import Channel, at, fails, refuses, routes
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, deliver, move, rows
from tests.support.store.watching import deliver_all, history, owed

pytestmark = pytest.mark.slow


def start(store: Store, seconds: float = 0, *, need_ack: float | None = None, channels: Channels = CHANNELS) -> int:
    change, _ = store.drills.start(channels, need_ack_seconds=need_ack, now=at(seconds))
    return change.alert.id


def review(store: Store, seconds: float, channels: Channels = CHANNELS) -> Reviewed:
    return store.drills.review(now=at(seconds), channels=channels)


def last(store: Store) -> dict[str, Any]:
    found = store.drills.last()
    assert found is not None
    return found


def kinds(store: Store) -> list[tuple[str, str]]:
    return [(kind, status) for kind, _, status in history(store)]


@on_each_engine
def test_a_drill_goes_to_every_channel_and_is_measured(store: Store) -> None:
    a, b = Channel(), Channel()
    drill = start(store)
    assert review(store, 1).ended is None, "nobody has got it yet"
    deliver_all(store, 2, a=a, b=b)
    assert review(store, 3).ended is not None
    assert last(store) == {
        "at": "2025-01-08T12:00:00.000Z",
        "ok": True,
        "delivered": {"a": pytest.approx(2, abs=0.2), "b": pytest.approx(2, abs=0.2)},
        "failed": {},
        "acknowledged_by": None,
    }
    assert store.alerts.get(drill)[0].status is AlertStatus.RESOLVED
    deliver_all(store, 4, a=a, b=b)
    assert a.headlines == b.headlines == ["DRILL Bonghwa", "RECOVERY drill Bonghwa"]
    assert "this is a drill, nothing is wrong" in a.texts[0]
    assert review(store, 5) == Reviewed()


@on_each_engine
def test_an_acknowledged_drill_ends_well(store: Store) -> None:
    drill = start(store, need_ack=600)
    a, b = Channel(), Channel()
    deliver_all(store, 1, a=a, b=b)
    assert "acknowledge it by" in a.texts[0]
    assert review(store, 300).ended is None
    move(store, drill, "ACK", 301)
    assert review(store, 302).ended is not None
    assert (last(store)["ok"], last(store)["acknowledged_by"]) == (True, "kim")
    assert kinds(store) == [("DRILL", "RESOLVED")]


@on_each_engine
def test_what_refuses_for_good_is_told_by_the_others(store: Store) -> None:
    start(store)
    a, b = Channel(refuses("no such chat")), Channel()
    deliver_all(store, 1, a=a, b=b)
    review(store, 2)
    assert last(store)["failed"] == {"a": "no such chat"}
    assert kinds(store) == [("DRILL", "RESOLVED"), ("CHANNEL_REFUSED", "OPEN")]
    assert owed(store, 2) == [("CHANNEL_REFUSED", "b")]


@on_each_engine
def test_what_fails_for_a_while_is_told_by_the_others(store: Store) -> None:
    start(store)
    a, b = Channel(fails("HTTP 503")), Channel()
    for seconds in (0, 5, 20):
        deliver(store, seconds, a=a, b=b)
    assert review(store, 29).ended is None
    assert review(store, 30).ended is not None
    assert last(store)["failed"] == {"a": "HTTP 503"}
    deliver_all(store, 31, b=b)
    assert b.headlines == ["DRILL Bonghwa", "RECOVERY drill Bonghwa", "CHANNEL_REFUSED a"]
    # Once the channel takes a message, its alert ends as always.
    a.behave = lambda: None
    deliver_all(store, 90, a=a, b=b)
    assert a.headlines == ["DRILL Bonghwa", "RECOVERY drill Bonghwa"]
    assert kinds(store) == [("DRILL", "RESOLVED"), ("CHANNEL_REFUSED", "RESOLVED")]


@on_each_engine
def test_a_missed_drill_is_told_on_the_other_channels(store: Store) -> None:
    start(store, need_ack=60, channels=routes("a"))
    a, b = Channel(), Channel()
    deliver_all(store, 1, a=a, b=b)
    review(store, 60)
    deliver_all(store, 61, a=a, b=b)
    assert a.headlines == ["DRILL Bonghwa", "RECOVERY drill Bonghwa"]
    assert b.headlines == ["DRILL_MISSED Bonghwa"]
    assert "nobody acknowledged the drill of" in b.texts[0]
    assert (last(store)["ok"], last(store)["failed"]) == (False, {})


@pytest.mark.parametrize("channels", [("a",), ("a", "console")])
def test_a_missed_drill_of_all_is_told_on_all(store: Store, channels: Sequence[str]) -> None:
    """Nobody has to watch the console."""
    start(store, need_ack=60, channels=routes("a"))
    deliver_all(store, 1, a=Channel())
    review(store, 60, routes(*channels))
    assert {channel for kind, channel in owed(store, 2) if kind == "DRILL_MISSED"} == set(channels)


def test_the_next_acknowledged_drill_ends_a_missed_one(store: Store) -> None:
    for seconds in (0, 100):
        start(store, seconds, need_ack=60, channels=routes("a"))
        deliver_all(store, seconds + 1, a=Channel())
        review(store, seconds + 60)
    assert kinds(store) == [("DRILL", "RESOLVED"), ("DRILL_MISSED", "OPEN"), ("DRILL", "RESOLVED")], "it is one alert"
    drill = start(store, 200, need_ack=60)
    deliver_all(store, 201, a=Channel(), b=Channel())
    move(store, drill, "ACK", 202)
    review(store, 203)
    assert ("DRILL_MISSED", "RESOLVED") in kinds(store)


def test_one_drill_at_a_time(store: Store) -> None:
    drill = start(store, need_ack=60)
    with pytest.raises(DrillUnderWay) as refused:
        start(store, 1)
    assert refused.value.alert_id == drill
    review(store, 61)
    assert start(store, 62) > drill


def test_a_drill_can_be_ended_by_hand(store: Store) -> None:
    drill = start(store, need_ack=600, channels=routes("a"))
    deliver_all(store, 1, a=Channel())
    move(store, drill, "RESOLVED", 2)
    review(store, 3)
    assert last(store)["ok"], "somebody has seen it"
    assert owed(store, drill) == [("DRILL", "a"), ("RECOVERY", "a")], "b has not heard of it"


def test_a_drill_that_was_reopened_later_holds_no_other_up(store: Store) -> None:
    drill = start(store)
    deliver_all(store, 1, a=Channel(), b=Channel())
    review(store, 2)
    move(store, drill, "OPEN", 3)
    assert start(store, 4) > drill
    assert store.alerts.get(drill)[0].status is AlertStatus.RESOLVED


def test_the_rules_of_a_channel_and_a_drill(store: Store) -> None:
    """``delay`` does not hold it, ``only`` may leave it out, and quiet hours hold it: that channel is not reached."""
    routes = {
        "delayed": Route("x", delay=timedelta(minutes=5)),
        "outages": Route("x", only=frozenset({"OUTAGE", "RECOVERY"})),
        "quiet": Route("x", quiet_hours=QuietHours(time(11), time(13))),
    }
    drill = start(store, channels=routes)
    deliver_all(store, 1, delayed=Channel(), outages=Channel(), quiet=Channel())
    review(store, 2, routes)
    assert (set(last(store)["delivered"]), last(store)["failed"]) == ({"delayed"}, {"quiet": "held back: quiet_hours"})
    assert kinds(store) == [("DRILL", "RESOLVED")], "nothing is wrong with a channel that is quiet"
    found = [(each.channel, str(each.kind), str(each.status)) for each in store.alerts.get(drill)[1]]
    assert ("quiet", "DRILL", "SUPPRESSED") in found
    assert ("outages", "RECOVERY", "SUPPRESSED") in found


@on_each_engine
def test_an_old_result_outlasts_its_alert(store: Store) -> None:
    for seconds in (0, 100):
        start(store, seconds)
        deliver_all(store, seconds + 1, a=Channel(), b=Channel())
        review(store, seconds + 2)
    from shared.store.tables import drills

    with store.database.transaction() as transaction:
        assert drills.prune(transaction, "2026-01-01", 500) == 1
    assert last(store)["at"] == "2025-01-08T12:01:40.000Z"
    assert [json.loads(str(channels)) for [channels] in rows(store, "SELECT channels FROM drills")] == [["a", "b"]]
