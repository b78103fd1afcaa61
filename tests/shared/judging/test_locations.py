"""Several locations report one monitor: their votes are kept, and the alert and its message say who sees what."""

import pytest

from shared.messages import compose, message_about
from shared.models import Event
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at, event, notification
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, add, move, rows
from tests.support.store.watching import review

pytestmark = [on_each_engine, pytest.mark.slow]

PLACES = "SELECT location, state FROM monitor_locations ORDER BY location"


def watch(store: Store, **fields: object) -> None:
    policy = {"name": "shop", "url": "http://shop/", "interval": "60s", **fields}
    store.monitors.add(Policy.model_validate(policy), now=at(0))


def seen(store: Store, seconds: float, **oks: bool) -> list[str | None]:
    """Each of these locations reports at that time; how that changed the alert."""
    events = [event(seconds, ok=ok, location=location) for location, ok in oks.items()]
    return [each.change for each in add(store, *events, received=seconds)]


def test_one_location_costs_no_further_row(store: Store) -> None:
    watch(store)
    seen(store, 1, seoul=True)
    seen(store, 61, seoul=False)
    assert rows(store, PLACES) == []


def test_an_outage_needs_more_than_half(store: Store) -> None:
    watch(store)
    assert seen(store, 1, seoul=True, tokyo=True, paris=True) == [None] * 3
    assert seen(store, 61, seoul=False) == [None]
    assert rows(store, "SELECT state FROM monitors") == [("PENDING",)]
    assert seen(store, 62, tokyo=False) == ["OPENED"]
    assert rows(store, PLACES) == [("paris", "UP"), ("seoul", "DOWN"), ("tokyo", "DOWN")]
    assert seen(store, 121, seoul=True) == ["RESOLVED"]
    assert rows(store, "SELECT state FROM monitors") == [("PENDING",)], "tokyo still sees it fail"


def test_a_number_is_needed_even_if_one_location_reports(store: Store) -> None:
    """The second agent may not have started yet, or may be down itself."""
    watch(store, quorum=2, failure_threshold=2)
    assert seen(store, 1, seoul=True) == seen(store, 61, seoul=False) == seen(store, 121, seoul=False) == [None]
    assert rows(store, "SELECT state FROM monitors") == [("PENDING",)]
    assert rows(store, PLACES) == [("seoul", "DOWN")]
    reported = store.events.add([event(122, ok=False, location="seoul")], received_at=at(122), channels=CHANNELS)
    assert [each.reason for each in reported] == ["below_quorum"]
    assert seen(store, 123, tokyo=False) == [None]
    assert seen(store, 183, tokyo=False) == ["OPENED"]


def test_a_number_that_is_set_later_counts_from_then_on(store: Store) -> None:
    """Before, the only location opened the outage; it ends with its success as always."""
    watch(store)
    assert seen(store, 1, seoul=False) == ["OPENED"]
    policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "interval": "60s", "quorum": 2})
    store.monitors.replace(1, policy, now=at(2), channels=CHANNELS)
    assert seen(store, 61, seoul=False) == [None]
    assert seen(store, 121, seoul=True) == ["RESOLVED"]
    assert seen(store, 181, seoul=False) == [None]
    assert seen(store, 182, tokyo=False) == ["OPENED"]


def test_a_window_that_ends_opens_nothing_that_one_location_sees(store: Store) -> None:
    watch(store)
    store.windows.add(Window.model_validate({"kind": "maintenance", "all": True, "duration": 60}), now=at(0))
    seen(store, 30, seoul=False)
    policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "interval": "60s", "quorum": 2})
    store.monitors.replace(1, policy, now=at(31), channels=CHANNELS)
    assert store.maintenance.review(now=at(61), channels=CHANNELS) == []
    assert rows(store, "SELECT state FROM monitors") == [("PENDING",)]


def test_the_alert_names_who_sees_what(store: Store) -> None:
    watch(store)
    seen(store, 1, seoul=True, tokyo=True, paris=True)
    add(store, event(61, ok=False, location="seoul", error_message="HTTP 503"), received=61)
    add(store, event(62, ok=False, location="tokyo"), received=62)
    alert, [owed, *_] = store.alerts.get(1)
    assert {each.location: each.error_message for each in alert.locations} == {
        "tokyo": "connection refused",
        "seoul": "HTTP 503",
        "paris": None,
    }
    text = compose(alert, owed, "en")
    assert "failing from tokyo, seoul (HTTP 503) · working from paris" in text
    assert "실패하는 위치: tokyo, seoul (HTTP 503) · 정상인 위치: paris" in compose(alert, owed, "ko")
    assert "from" not in compose(alert, notification("RECOVERY"), "en")


def test_a_success_that_completes_a_quorum_names_the_failure(store: Store) -> None:
    """Paris is the second of two that vote: seoul has not reported for more than three intervals."""
    watch(store, quorum=1, failure_threshold=2)
    seen(store, 1, seoul=True, tokyo=True)
    seen(store, 61, tokyo=False)
    add(store, event(62, ok=False, location="tokyo", error_message="HTTP 500"), received=62)
    [(cause,)] = rows(store, "SELECT cause FROM alerts")
    assert cause == "HTTP 500"


def test_a_person_who_resolves_it_lets_all_locations_begin_again(store: Store) -> None:
    watch(store)
    seen(store, 1, seoul=True, tokyo=True)
    seen(store, 61, seoul=False, tokyo=False)
    move(store, 1, "RESOLVED", 70)
    assert seen(store, 121, seoul=False) == [None], "tokyo has to see it again too"
    assert seen(store, 122, tokyo=False) == ["OPENED"]


def lose_tokyo(store: Store) -> None:
    """tokyo and pusan, two of three locations, see an outage; tokyo has not been heard of since 62."""
    seen(store, 1, seoul=True, tokyo=True, pusan=True)
    seen(store, 61, pusan=False)
    assert seen(store, 62, tokyo=False) == ["OPENED"]
    for seconds in range(121, 421, 60):
        assert seen(store, seconds, seoul=True, pusan=False) == [None, None], "nobody knows that it works at tokyo"


def test_a_location_that_is_lost_ends_no_outage(store: Store) -> None:
    watch(store)
    lose_tokyo(store)
    assert seen(store, 422, tokyo=False) == [None], "it is the same outage"
    assert seen(store, 423, tokyo=True) == ["RESOLVED"]


def test_an_outage_without_a_lost_location_ends_by_the_others(store: Store) -> None:
    watch(store)
    lose_tokyo(store)
    assert seen(store, 422, pusan=True) == ["RESOLVED"]
    assert rows(store, "SELECT state FROM monitors") == [("UP",)]


@pytest.mark.parametrize("successes", [1, 2])
def test_a_location_that_is_offline_ends_no_outage(store: Store, successes: int) -> None:
    """It goes on counting as DOWN until it has recovered by its own thresholds."""
    watch(store, success_threshold=successes)
    seen(store, 1, seoul=True, tokyo=True, pusan=True)
    assert seen(store, 61, pusan=False, tokyo=False) == [None, "OPENED"]
    offline = event(62, ok=False, location="tokyo", is_inconclusive=True)
    assert [each.change for each in add(store, offline, received=62)] == [None]
    assert seen(store, 63, seoul=True) == [None]
    assert rows(store, PLACES)[2] == ("tokyo", "UNKNOWN")
    assert seen(store, 121, tokyo=True) == (["RESOLVED"] if successes == 1 else [None])
    assert seen(store, 122, tokyo=True) == ([None] if successes == 1 else ["RESOLVED"])


def test_a_lost_location_that_is_no_longer_named_does_not_count(store: Store) -> None:
    watch(store)
    lose_tokyo(store)
    policy = {"name": "shop", "url": "http://shop/", "interval": "60s", "locations": ["seoul", "pusan"]}
    store.monitors.replace(1, Policy.model_validate(policy), now=at(422), channels=CHANNELS)
    assert seen(store, 423, seoul=True) == ["RESOLVED"]


def test_a_silent_agent_that_is_given_up_does_not_count(store: Store) -> None:
    """Somebody resolves the alert about its silence: nobody expects it any more."""
    watch(store)
    review(store, 0)
    for place in ("seoul", "tokyo", "pusan"):
        add(store, _from(place, 1, ok=place == "seoul"), received=1)
    for seconds in range(61, 361, 60):
        review(store, seconds)
        found = add(store, _from("seoul", seconds, ok=True), _from("pusan", seconds, ok=False), received=seconds)
        assert [each.change for each in found] == [None, None]
    [silence] = [alert.id for alert in store.alerts.page(limit=9) if alert.kind == "AGENT_SILENT"]
    move(store, silence, "RESOLVED", 362)
    assert [each.change for each in add(store, _from("seoul", 363, ok=True), received=363)] == ["RESOLVED"]


def _from(place: str, seconds: float, *, ok: bool) -> Event:
    return event(seconds, ok=ok, location=place, agent=place, interval_seconds=60)


def test_the_next_outage_begins_after_the_former_one(store: Store) -> None:
    """Tokyo has failed all the time, and pusan fails a second time."""
    watch(store)
    lose_tokyo(store)
    assert seen(store, 422, tokyo=False, pusan=True) == [None, "RESOLVED"]
    assert seen(store, 482, pusan=False) == ["OPENED"]
    assert [alert.failed_at for alert in store.alerts.page(limit=2)] == [at(422), at(61)]


@pytest.mark.parametrize("last", [False, True], ids=["it failed", "it was recovering"])
def test_the_only_location_that_was_lost_counts_too(store: Store, last: bool) -> None:
    """The second one reports for the first time when the monitor is UNKNOWN."""
    watch(store, quorum=1, success_threshold=2 if last else 1)
    assert [seen(store, 1, tokyo=False), seen(store, 2, tokyo=last)] == [["OPENED"], [None]]
    store.lapses.review(now=at(600))
    assert rows(store, "SELECT state FROM monitors") == [("UNKNOWN",)]
    assert [seen(store, 601, seoul=True), seen(store, 602, tokyo=True)] == [[None], ["RESOLVED"]]


def test_a_restart_keeps_the_votes(store: Store) -> None:
    watch(store)
    seen(store, 1, seoul=True, tokyo=True)
    seen(store, 61, seoul=False)
    again = Store(store.database)
    assert seen(again, 62, tokyo=False) == ["OPENED"]


def test_a_monitor_that_is_resumed_knows_no_locations(store: Store) -> None:
    watch(store)
    seen(store, 1, seoul=True, tokyo=True)
    for enabled in (False, True):
        policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "enabled": enabled})
        store.monitors.replace(1, policy, now=at(100), channels=CHANNELS)
    assert rows(store, PLACES) == []
    assert seen(store, 200, seoul=False) == ["OPENED"]


def test_a_location_that_is_not_named_changes_nothing(store: Store) -> None:
    watch(store, locations=["seoul"])
    assert seen(store, 1, paris=False, seoul=True) == [None, None]
    assert rows(store, "SELECT state, location FROM monitors") == [("UP", "seoul")]
    assert rows(store, "SELECT count(*) FROM events") == [(2,)], "it is stored all the same"


def test_the_store_of_a_single_location_learns_of_a_second_one(store: Store) -> None:
    """The first location's count goes on: seoul has failed twice when tokyo reports for the first time."""
    watch(store, failure_threshold=3)
    seen(store, 1, seoul=False)
    seen(store, 61, seoul=False)
    assert seen(store, 62, tokyo=True) == [None]
    assert seen(store, 121, seoul=False) == [None]
    assert rows(store, PLACES) == [("seoul", "DOWN"), ("tokyo", "UP")]


def test_a_second_location_after_maintenance_finds_how_the_first_one_saw_it(store: Store) -> None:
    """It failed inside at seoul, nobody looked at the end, and then tokyo sees it fail too."""
    watch(store)
    seen(store, 1, seoul=True)
    store.windows.add(Window(kind="maintenance", all=True, starts_at=at(30), duration=60), now=at(2))
    assert seen(store, 61, seoul=False) == [None]
    assert seen(store, 91, tokyo=False) == ["OPENED"]


def _shown(store: Store, seconds: float) -> list[tuple[str, str]]:
    """Each location as an answer shows it then: its state, and since when."""
    return [
        (each["location"], f"{each['state']} {each['since'][14:19]}")
        for each in store.monitors.get(1).locations(at(seconds))
    ]


def test_a_location_that_is_lost_is_shown_as_unknown(store: Store) -> None:
    """Pusan was last heard of at 61, for which 3 min are known."""
    watch(store)
    seen(store, 1, seoul=True, pusan=True)
    seen(store, 61, pusan=False)
    seen(store, 121, seoul=True)
    assert _shown(store, 241) == [("seoul", "UP 00:01"), ("pusan", "DOWN 01:01")]
    assert _shown(store, 242) == [("seoul", "UP 00:01"), ("pusan", "UNKNOWN 04:01")]


@pytest.mark.parametrize("places", [{"tokyo"}, {"tokyo", "seoul"}])
def test_a_location_that_is_not_named_is_not_shown(store: Store, places: set[str]) -> None:
    watch(store)
    seen(store, 1, **dict.fromkeys(sorted(places), True))
    policy = {"name": "shop", "url": "http://shop/", "interval": "60s", "locations": ["seoul", "pusan"]}
    store.monitors.replace(1, Policy.model_validate(policy), now=at(2), channels=CHANNELS)
    assert [name for name, _ in _shown(store, 3)] == sorted(places - {"tokyo"})


def test_a_paused_monitor_shows_no_location(store: Store) -> None:
    watch(store)
    seen(store, 1, tokyo=True)
    policy = {"name": "shop", "url": "http://shop/", "interval": "60s", "enabled": False}
    store.monitors.replace(1, Policy.model_validate(policy), now=at(2), channels=CHANNELS)
    assert _shown(store, 3) == []


def test_a_recovery_says_from_where_it_still_fails(store: Store) -> None:
    watch(store)
    seen(store, 1, seoul=True, tokyo=True, pusan=True)
    assert seen(store, 61, tokyo=False, seoul=False) == [None, "OPENED"]
    assert seen(store, 121, pusan=True, seoul=True) == [None, "RESOLVED"]
    alert, owed = store.alerts.get(1)
    recovery = owed[-1]
    assert (recovery.kind, alert.still_failing_from) == ("RECOVERY", ("tokyo",))
    for language, said, label in (
        ("en", "still failing from tokyo", "Still failing from"),
        ("ko", "아직 실패하는 위치: tokyo", "아직 실패하는 위치"),
    ):
        message = message_about([(alert, recovery)], language)  # type: ignore[arg-type]
        assert said in message.text
        assert (label, "tokyo") in [(fact.label, fact.value) for fact in message.facts]
    move(store, 1, "OPEN", 130)
    move(store, 1, "RESOLVED", 140)
    assert store.alerts.get(1)[0].still_failing_from == (), "nobody knows that any more"
