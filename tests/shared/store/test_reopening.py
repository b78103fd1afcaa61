"""Alerts that people resolve and reopen, over a real store: a monitor that is down is told as down."""

import pytest

from shared.alerting import TooManyMoves
from shared.models import AlertStatus
from shared.store import Store
from tests.support.builders import Channel, at, fails, routes
from tests.support.store.steps import deliver, move, opened, owe, rows

pytestmark = pytest.mark.slow


def act(store: Store, step: str, seconds: float, channel: Channel) -> None:
    """f, s: a check fails or succeeds. R, O, A: a person moves the newest alert. d: a run of deliveries."""
    if step in "fs":
        owe(store, seconds, ok=step == "s")
    elif step == "d":
        deliver(store, seconds, a=channel)
    else:
        [(newest,)] = rows(store, "SELECT max(id) FROM alerts")
        to = {"R": "RESOLVED", "O": "OPEN", "A": "ACK"}[step]
        store.alerts.move(int(str(newest)), AlertStatus(to), by="kim", at=at(seconds), channels=routes("a"))


OUTAGE, RECOVERY = "OUTAGE", "RECOVERY"


@pytest.mark.parametrize(
    ("steps", "heard", "why"),
    [
        ("fdRdOd", [OUTAGE, RECOVERY, OUTAGE], "a live outage: people heard that it ended"),
        ("fdROd", [OUTAGE, RECOVERY, OUTAGE], "also if that is only owed yet"),
        ("fROd", [OUTAGE, RECOVERY, OUTAGE], "in the order in which it happened"),
        ("fdRdOdfd", [OUTAGE, RECOVERY, OUTAGE], "the next failure is the same outage"),
        ("fdsdOfd", [OUTAGE, RECOVERY, OUTAGE], "reopened just before it failed again"),
        ("fdsdOdsd", [OUTAGE, RECOVERY, OUTAGE, RECOVERY], "reopened by mistake: the next success ends it"),
        ("fdRdfd", [OUTAGE, RECOVERY, OUTAGE], "not reopened: the next failure is a new outage"),
        ("fdAdOd", [OUTAGE], "an acknowledgement, and its end, are no news"),
        ("fdRdOdRdOd", [OUTAGE, RECOVERY, OUTAGE, RECOVERY, OUTAGE], "each time"),
        ("fdRdRdOdOd", [OUTAGE, RECOVERY, OUTAGE], "the same again is no move"),
    ],
)
def test_a_monitor_that_is_down_is_told_as_down(store: Store, steps: str, heard: list[str], why: str) -> None:
    channel = Channel()
    for number, step in enumerate(steps):
        act(store, step, number * 10, channel)
    assert channel.kinds == heard, why


def test_a_reopening_says_who_did_it_and_since_when(store: Store) -> None:
    opened(store)
    move(store, 1, "RESOLVED", 30, by="kim")
    move(store, 1, "OPEN", 60, by="lee\n")
    channel = Channel()
    deliver(store, 3600, a=channel)
    assert channel.texts[2].endswith(" · since 2025-01-08 12:00:00 UTC · reopened by hand by lee · #5")
    assert rows(store, "SELECT occurred_at FROM notifications WHERE id = 5") == [("2025-01-08T12:01:00.000Z",)]


def test_a_reopening_never_overtakes_its_recovery(store: Store) -> None:
    channel = Channel()
    opened(store)
    deliver(store, a=channel)
    move(store, 1, "RESOLVED", 30)
    channel.behave = fails()
    deliver(store, 30, a=channel)
    channel.behave = lambda: None
    move(store, 1, "OPEN", 30.1)
    deliver(store, 30.1, a=channel)
    assert channel.kinds == [OUTAGE]
    deliver(store, 60, a=channel)
    assert channel.kinds == [OUTAGE, RECOVERY, OUTAGE]


@pytest.mark.parametrize("pair", [("RESOLVED", "OPEN"), ("ACK", "OPEN"), ("ACK", "RESOLVED")])
def test_an_alert_moves_ten_times_a_minute(store: Store, pair: tuple[str, str]) -> None:
    opened(store)
    opened(store, "other")
    moves = ["ACK", "RESOLVED", "OPEN"] * 4 if pair == ("ACK", "RESOLVED") else [*pair] * 6
    for number, to in enumerate(moves[:10]):
        move(store, 1, to, number)
    before = rows(store, "SELECT count(*) FROM notifications"), store.alerts.get(1)
    with pytest.raises(TooManyMoves) as refused:
        move(store, 1, moves[10], 10)
    assert refused.value.retry_after == 50
    assert (rows(store, "SELECT count(*) FROM notifications"), store.alerts.get(1)) == before
    assert move(store, 1, moves[9], 10).kind is None, "the same status again is no move"
    assert move(store, 2, "ACK", 10).kind is not None, "nor has another alert to wait"
    assert move(store, 1, moves[10], 60).kind is not None


def test_a_channel_hears_of_an_end_if_it_heard_of_the_beginning(store: Store) -> None:
    """One joins, and one is gone while the alert is reopened."""
    opened(store)
    move(store, 1, "RESOLVED", 30)
    store.alerts.move(1, AlertStatus.OPEN, by="kim", at=at(40), channels=routes("a"))
    owe(store, 50, ok=True, channels=routes("a", "b", "new"))
    sql = "SELECT channel FROM notifications WHERE kind = 'RECOVERY' ORDER BY id"
    assert [channel for (channel,) in rows(store, sql)] == ["a", "b", "a"]
