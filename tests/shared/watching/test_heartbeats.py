"""Heartbeats in the store: a ping is an event, and so is its lack; alerts and channels hear of both as of any other."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.alerting.heartbeats import Ping
from shared.models import AlertStatus, ChangeKind
from shared.monitors.policy import Policy
from shared.store import HeartbeatNotFound, Ingested, Store, TokenShared
from shared.store.intake.heartbeats import MISSED_AT_ONCE, Taken
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, report, rows

pytestmark = [on_each_engine, pytest.mark.slow]
TOKEN = "token-of-the-backup"
SUCCESS, FAILURE, START = Ping(), Ping(is_success=False, error_message="disk full"), Ping(is_start=True)


def policy(
    name: str = "backup", period: str = "90s", grace: str = "10s", token: str = TOKEN, **fields: object
) -> Policy:
    beat = {"period": period, "grace": grace, "token": token}
    return Policy.model_validate({"name": name, "heartbeat": beat, **fields})


def apply(store: Store, *policies: Policy, seconds: float = 0) -> None:
    store.monitors.apply(policies, {}, {}, now=at(seconds), channels=CHANNELS)


def ping(store: Store, seconds: float, what: Ping = SUCCESS, token: str = TOKEN, key: str | None = None) -> Taken:
    return store.heartbeats.take(token, what, now=at(seconds), channels=CHANNELS, key=key)


def review(store: Store, *moments: float) -> list[Ingested]:
    """Reviews at these times, as ``review_alerts`` does them; what they notice."""
    noticed = []
    for seconds in moments:
        store.agents.review(now=at(seconds), channels=CHANNELS)
        noticed += store.heartbeats.review(now=at(seconds), channels=CHANNELS)
    return noticed


def watch(store: Store, start: float, end: float) -> list[tuple[float, str]]:
    """Reviews every 10 s from ``start`` on, before ``end``; when a ping was missed, and whose."""
    found = []
    seconds = start
    while seconds < end:
        found += [(seconds, each.event.monitor) for each in review(store, seconds)]
        seconds += 10
    return found


def states(store: Store) -> list[str]:
    return [entry.state for entry in store.monitors.page(limit=99)]


@pytest.fixture
def watched(store: Store) -> Store:
    """A store with a heartbeat that opens after three failures; somebody watches since long."""
    apply(store, policy(failure_threshold=3))
    assert watch(store, -600, 0) == []
    return store


def test_before_the_first_ping_nothing_is_missed(watched: Store) -> None:
    assert watch(watched, 0, 1000) == []
    assert states(watched) == ["UNKNOWN"]


def test_a_missed_ping_opens_at_once_and_is_an_event(watched: Store) -> None:
    ping(watched, 0.25)
    assert watch(watched, 0, 100) == []
    [missed] = review(watched, 100, 101)
    assert (missed.change, missed.event.is_success, missed.event.timestamp) == (ChangeKind.OPENED, False, at(100.25))
    assert missed.event.error_message == "no ping since 2025-01-08T12:00:00.250Z"
    assert missed.alert is not None
    assert (missed.alert.cause, missed.alert.failed_at) == (missed.event.error_message, at(100.25))
    assert rows(watched, "SELECT kind, channel FROM notifications") == [("OUTAGE", channel) for channel in CHANNELS]
    assert rows(watched, "SELECT is_success FROM events ORDER BY id") == [(1,), (0,)]
    assert states(watched) == ["DOWN"]
    assert watch(watched, 110, 1000) == [], "once"


def test_the_next_ping_ends_it_and_is_waited_for_anew(watched: Store) -> None:
    ping(watched, 0)
    assert watch(watched, 0, 150) == [(100, "backup")]
    taken = ping(watched, 150)
    assert taken.ingested is not None
    assert taken.ingested.change is ChangeKind.RESOLVED
    assert states(watched) == ["UP"]
    assert watch(watched, 150, 400) == [(250, "backup")]


def test_a_job_that_pings_in_time_is_never_missed(watched: Store) -> None:
    for seconds in range(0, 2000, 95):
        ping(watched, seconds)
        assert watch(watched, seconds + 1, seconds + 95) == []
    assert states(watched) == ["UP"]


def test_failures_are_judged_by_the_threshold_and_pings_all_the_same(watched: Store) -> None:
    ping(watched, 0)
    changes = []
    for seconds in (50, 100, 150):
        taken = ping(watched, seconds, FAILURE).ingested
        assert taken is not None
        changes.append(taken.change)
        assert watch(watched, seconds + 1, seconds + 50) == []
    assert changes == [None, None, ChangeKind.OPENED]
    assert watched.alerts.get(1)[0].cause == "disk full"


def test_a_run_that_failed_and_then_silence_opens(watched: Store) -> None:
    ping(watched, 0, FAILURE)
    assert states(watched) == ["PENDING"]
    assert watch(watched, 1, 200) == [(101, "backup")]
    assert watched.alerts.get(1)[0].failed_at == at(0), "it began with the run that failed"


def test_the_end_of_a_run_is_due_after_its_start(watched: Store) -> None:
    ping(watched, 0)
    ping(watched, 90, START)
    assert watch(watched, 90, 180) == []
    taken = ping(watched, 180.5)
    assert taken.ingested is not None
    assert taken.ingested.event.response_time_ms == 90_500
    ping(watched, 200, START)
    assert watch(watched, 200, 500) == [(300, "backup")]
    # It ends after all.
    late = ping(watched, 500).ingested
    assert late is not None
    assert (late.change, late.event.response_time_ms) == (ChangeKind.RESOLVED, 300_000)


def test_a_job_that_dies_in_each_run_is_missed(watched: Store) -> None:
    found = []
    for seconds in range(0, 300, 50):
        ping(watched, seconds, START)
        found += watch(watched, seconds + 1, seconds + 50)
    assert found[0] == (101, "backup")


def test_what_could_not_be_received_while_all_was_off_is_not_missed(watched: Store) -> None:
    ping(watched, 0)
    watch(watched, 0, 50)
    assert watch(watched, 20_000, 20_090) == [], "the whole machine slept"
    ping(watched, 20_090)
    watch(watched, 20_090, 20_150)
    assert watch(watched, 40_000, 40_200) == [(40_100, "backup")], "it has a new chance once"


def test_a_machine_that_sleeps_often_misses_it_all_the_same(watched: Store) -> None:
    ping(watched, 0)
    found: list[tuple[float, str]] = []
    for day in range(1, 9):
        found += watch(watched, day * 10_000, day * 10_000 + 41)
    assert len(found) == 1


def test_what_was_missed_before_a_gap_is_noticed_after_it(watched: Store) -> None:
    ping(watched, 0)
    watch(watched, 0, 100)
    watched.agents.review(now=at(130), channels=CHANNELS)  # and the process was killed
    assert [each.event.monitor for each in review(watched, 9000)] == ["backup"]


@pytest.mark.parametrize("back", [60, 3600])
def test_a_clock_that_is_set_back_neither_hides_nor_invents_a_miss(watched: Store, back: float) -> None:
    ping(watched, 0)
    watch(watched, 0, 50)
    assert watch(watched, 50 - back, 90 - back) == []
    assert [name for _, name in watch(watched, 90 - back, 300 - back)] == ["backup"]
    taken = ping(watched, 300 - back).ingested
    assert taken is not None
    assert taken.change is ChangeKind.RESOLVED


def test_a_ping_that_waited_while_it_was_missed_ends_the_outage(watched: Store) -> None:
    """It came in time, but another process had the store until the review had seen its lack."""
    ping(watched, 0)
    assert watch(watched, 0, 101) == [(100, "backup")]
    taken = ping(watched, 99.9).ingested
    assert taken is not None
    assert (taken.change, states(watched)) == (ChangeKind.RESOLVED, ["UP"])


def test_a_pause_misses_nothing_and_resuming_waits_anew(watched: Store) -> None:
    ping(watched, 0)
    apply(watched, policy(enabled=False), seconds=50)
    assert watch(watched, 50, 1000) == []
    taken = ping(watched, 1000).ingested
    assert taken is not None
    assert (taken.change, states(watched)) == (None, ["PAUSED"])
    assert watch(watched, 1000, 1200) == []
    apply(watched, policy(), seconds=1200)
    assert states(watched) == ["UNKNOWN"]
    assert watch(watched, 1200, 1400) == [(1300, "backup")], "otherwise a job that died in the pause is never noticed"


def test_a_pause_ends_the_outage_of_a_missed_ping(watched: Store) -> None:
    ping(watched, 0)
    watch(watched, 0, 110)
    apply(watched, policy(enabled=False), seconds=120)
    assert watched.alerts.get(1)[0].status is AlertStatus.RESOLVED


def test_a_removed_heartbeat_is_forgotten(watched: Store) -> None:
    ping(watched, 0)
    apply(watched, seconds=10)
    assert watch(watched, 10, 500) == []
    with pytest.raises(HeartbeatNotFound):
        ping(watched, 500)
    apply(watched, policy(), seconds=500)
    assert watch(watched, 500, 1000) == [], "it begins as a new one"
    assert states(watched) == ["UNKNOWN"]


@pytest.mark.parametrize(
    ("fields", "missed", "why"),
    [
        ({"period": "190s"}, [200], "a longer period"),
        ({"grace": "5s", "period": "75s"}, [80], "a shorter one"),
        ({"period": "1s", "grace": "2s"}, [60], "over already: from the change on"),
        ({"tags": ["x"]}, [100], "something else"),
        ({"heartbeat": None, "url": "http://backup/"}, [], "no heartbeat any more"),
    ],
)
def test_a_new_policy_counts_from_the_last_ping(
    watched: Store, fields: dict[str, object], missed: list[float], why: str
) -> None:
    ping(watched, 0)
    watch(watched, 0, 50)
    beats = {name: str(value) for name, value in fields.items() if name in ("period", "grace")}
    other = {name: value for name, value in fields.items() if name not in beats}
    changed = Policy.model_validate({"name": "backup", **other}) if "url" in fields else policy(**beats, **other)  # type: ignore[arg-type]
    apply(watched, changed, seconds=51)
    assert [seconds for seconds, _ in watch(watched, 60, 400)] == missed, why


def test_a_dry_run_expects_nothing_else(watched: Store) -> None:
    ping(watched, 0)
    watched.monitors.apply([policy(period="1h")], {}, {}, now=at(10), channels=CHANNELS, is_dry_run=True)
    assert watch(watched, 10, 200) == [(100, "backup")]


def test_only_the_hash_of_a_token_is_looked_up(watched: Store) -> None:
    assert rows(watched, "SELECT token_hash FROM monitors") == [(hashlib.sha256(TOKEN.encode()).hexdigest(),)]
    for wrong in ("", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\ud800", "\0"):
        with pytest.raises(HeartbeatNotFound):
            ping(watched, 0, token=wrong)


def test_a_key_tells_heartbeats_of_one_token_apart(store: Store) -> None:
    apply(store, policy("Nightly Backup", group="Core/DB"), policy("other"))
    with pytest.raises(TokenShared):
        ping(store, 0)
    assert ping(store, 0, key="core-db_nightly-backup").monitor == "Nightly Backup"
    assert ping(store, 0, key="_other").monitor == "other"
    with pytest.raises(HeartbeatNotFound):
        ping(store, 0, key="core_other")


def test_an_outage_of_everything_is_noticed_whole(store: Store) -> None:
    names = [f"job {number}" for number in range(MISSED_AT_ONCE + 5)]
    apply(store, *(policy(name, token=f"token-{name}".replace(" ", "-")) for name in names))
    review(store, 0)
    for name in names:
        ping(store, 0, token=f"token-{name}".replace(" ", "-"))
    review(store, 60)
    assert sorted(each.event.monitor for each in review(store, 120)) == sorted(names)


def test_pings_at_once_are_all_saved(watched: Store) -> None:
    def take(numbers: Iterable[int]) -> None:
        for _ in numbers:
            ping(watched, 10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, [range(5)] * 8))
    assert rows(watched, "SELECT count(*) FROM events") == [(40,)]
    assert states(watched) == ["UP"]


def test_an_event_of_somebody_else_is_judged_too(watched: Store) -> None:
    ping(watched, 0)
    watch(watched, 0, 110)
    assert report(watched, 120, ok=True, monitor="backup", received=120).change is ChangeKind.RESOLVED
