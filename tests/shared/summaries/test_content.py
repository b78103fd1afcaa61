"""The content of a summary."""

from typing import Any

import pytest

from shared.monitors.policy import Policy
from shared.store import Retention, Store
from tests.shared.summaries.steps import DAILY, DAY, HOUR, content, put, review, stored
from tests.support.builders import Channel, at, refuses
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, move, report
from tests.support.store.watching import deliver_all

pytestmark = pytest.mark.slow

# Half an hour past midnight of Thursday, 9 January: the summary is about Wednesday.
DUE = 12.5 * HOUR
AT_NIGHT = {"every": "day", "at": "00:30"}
INTERVAL = 60


def watch(store: Store, name: str) -> None:
    policy = Policy.model_validate({"name": name, "url": f"http://{name}/", "interval": INTERVAL, "channels": ["a"]})
    store.monitors.add(policy, now=at(-60))


def check(
    store: Store, monitor: str, seconds: float, *, ok: bool = True, milliseconds: float = 100, **more: Any
) -> None:
    report(store, seconds, ok=ok, received=seconds, monitor=monitor, response_time_ms=milliseconds, **more)


@on_each_engine
def test_it_says_how_it_went(store: Store) -> None:
    for name in ("shop", "api", "quiet"):
        watch(store, name)
    put(store, AT_NIGHT)
    for number in range(20):
        check(store, "shop", number * INTERVAL, ok=not 5 <= number < 10, milliseconds=1500)
        expires_at = at(10 * DAY) if number == 19 else None
        check(store, "api", number * INTERVAL, ok=number != 5, certificate_expires_at=expires_at)
    deliver_all(store, 30 * INTERVAL, a=Channel(refuses("no such chat")), b=Channel())
    # Counts of a day that are folded are read as well as those that are not.
    store.upkeep.run(Retention(1e9, 1e9, 1e9), now=at(DUE - 1), seconds=60)
    [summary] = review(store, DUE)
    said = content(summary)
    assert (said["from"], said["to"], said["monitors"], said["drill"]) == ("2025-01-08", "2025-01-08", 2, None)
    assert (said["outages"], said["longest"]) == (2, ["shop", 5.0 * INTERVAL])
    assert (said["certificates"], said["many_certificates"]) == ([["api", "2025-01-18T12:00:00.000Z"]], 1)
    # Each is known for 19 intervals and three more.
    assert [name for name, _ in said["worst"]] == ["shop", "api"]
    assert said["worst"][0][1] == 1 - 5 / 22
    assert said["worst"][1][1] == 1 - 1 / 22
    assert said["uptime"] == 1 - 6 / 44
    assert [name for name, _ in said["slowest"]] == ["shop", "api"]
    assert 1450 < said["slowest"][0][1] < 1550
    # Two outages, their ends, and nothing about the channel itself.
    assert (said["failed"], said["many_failed"]) == ({"a": 4}, 4)


def test_nothing_to_say_is_said_too(store: Store) -> None:
    put(store, DAILY)
    said = content(review(store, HOUR)[0])
    assert (said["uptime"], said["monitors"], said["outages"], said["longest"]) == (None, 0, 0, None)
    assert (said["worst"], said["slowest"], said["certificates"], said["failed"]) == ([], [], [], {})


def test_what_never_failed_is_not_among_the_worst(store: Store) -> None:
    watch(store, "shop")
    put(store, AT_NIGHT)
    check(store, "shop", 0)
    said = content(review(store, DUE)[0])
    assert (said["uptime"], said["monitors"], said["worst"]) == (1.0, 1, [])


def test_an_outage_that_goes_on_lasts_until_now(store: Store) -> None:
    watch(store, "shop")
    put(store, AT_NIGHT)
    check(store, "shop", 0, ok=False)
    assert content(review(store, DUE)[0])["longest"] == ["shop", DUE]


def test_an_outage_of_another_day_does_not_count(store: Store) -> None:
    watch(store, "shop")
    put(store, AT_NIGHT)
    check(store, "shop", DUE - 60, ok=False)
    said = content(review(store, DUE)[0])
    assert (said["outages"], said["longest"]) == (0, None)


def test_five_are_the_worst_and_five_the_slowest(store: Store) -> None:
    put(store, AT_NIGHT)
    for number in range(8):
        watch(store, f"m{number}")
        for step in range(10):
            check(store, f"m{number}", step * INTERVAL, ok=step >= number, milliseconds=100 * (number + 1))
    said = content(review(store, DUE)[0])
    assert [name for name, _ in said["worst"]] == ["m7", "m6", "m5", "m4", "m3"]
    assert [name for name, _ in said["slowest"]] == ["m7", "m6", "m5", "m4", "m3"]


def test_certificates_within_thirty_days_are_named_the_next_one_first(store: Store) -> None:
    put(store, AT_NIGHT)
    for number in range(12):
        watch(store, f"m{number}")
        check(store, f"m{number}", 0, certificate_expires_at=at((29 - number) * DAY))
    watch(store, "later")
    check(store, "later", 0, certificate_expires_at=at(40 * DAY))
    said = content(review(store, DUE)[0])
    assert (said["certificates"][0][0], len(said["certificates"]), said["many_certificates"]) == ("m11", 10, 12)


def test_the_last_drill_is_in_it(store: Store) -> None:
    put(store, AT_NIGHT)
    change, _ = store.drills.start(CHANNELS, need_ack_seconds=600, now=at(0))
    deliver_all(store, 1, a=Channel(), b=Channel(refuses("gone")))
    move(store, change.alert.id, "ACK", 2)
    store.drills.review(now=at(3), channels=CHANNELS)
    found = content(review(store, DUE)[0])["drill"]
    assert (found["ok"], found["failed"], found["acknowledged_by"]) == (False, {"b": "gone"}, "kim")


def test_it_is_counted_once(store: Store) -> None:
    watch(store, "shop")
    put(store, AT_NIGHT)
    check(store, "shop", 0)
    [summary] = review(store, DUE)
    check(store, "shop", 60, ok=False)
    assert stored(store)[0].summary == summary.summary
