"""Who watches the watchers: agents that fall silent, places without a connection, channels that refuse, wrong clocks.

First over a real store with times that are handed in, then on the whole running system, where what would take minutes
is moved back in its database.
"""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.delivery import deliver_owed
from shared.models import (
    Alert,
    AlertKind,
    AlertStatus,
    AttemptStatus,
    ChangeKind,
    Event,
    MonitorState,
    Notification,
    as_text,
    now,
)
from shared.notifiers import SendFailed
from shared.store import Ingested, Store
from shared.store.engines.database import Database
from shared.store.migrate import _migrations, migrate
from tests.conftest import databases_of_one_store
from tests.support.running import LocalSystem, free_port
from tests.support.stand_ins import BotApi, Target, accepts, unauthorized

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
TTL = 86_400.0
CHANNELS = ("a", "b")
SILENT, OFFLINE, REFUSED = AlertKind.AGENT_SILENT, AlertKind.LOCATION_OFFLINE, AlertKind.CHANNEL_REFUSED


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


# What the statements decide, and not the functions that are the same over either engine.
on_each_engine = pytest.mark.parametrize(
    "new_database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.system)], indirect=True
)


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """See databases_of_one_store: on SQLite, unless a test is of each engine."""
    yield from databases_of_one_store(request, tmp_path)


@pytest.fixture
def store(database: Database) -> Store:
    migrate(database, as_text(NOON))
    return Store(database)


def check(
    store: Store,
    seconds: float,
    *,
    ok: bool = True,
    monitor: str = "shop",
    agent: str | None = "seoul",
    received: float | None = None,
    **fields: object,
) -> Ingested:
    """An agent of ours looks then; the backend receives it at once, or when ``received`` says."""
    event = Event(
        target_url=f"http://{monitor}/",
        monitor=monitor,
        timestamp=at(seconds),
        is_success=ok,
        agent=agent,
        interval_seconds=30 if agent else None,
        **fields,  # type: ignore[arg-type]
    )
    received_at = at(seconds if received is None else received)
    return store.events.add([event], received_at=received_at, channels=CHANNELS)[0]


def watch(store: Store, *moments: float) -> list[Alert]:
    """Somebody looks for silent agents then."""
    return [change.alert for seconds in moments for change in store.agents.review(now=at(seconds), channels=CHANNELS)]


def about_agent(ingested: Ingested) -> list[tuple[ChangeKind | None, AlertKind]]:
    """What an event changed of the alerts about its agent."""
    return [
        (change.kind, change.alert.kind) for change in ingested.changes if change.alert.kind is not AlertKind.OUTAGE
    ]


def states(store: Store) -> dict[str, str]:
    with store.database.snapshot() as snapshot:
        return {row["name"]: row["state"] for row in snapshot.rows("SELECT name, state FROM monitors")}


def move(store: Store, alert_id: int, to: AlertStatus, seconds: float) -> None:
    store.alerts.move(alert_id, to, by="kim", at=at(seconds), channels=CHANNELS)


def owed(store: Store, alert_id: int) -> list[tuple[str, str]]:
    return [(str(each.kind), each.channel) for each in store.alerts.get(alert_id)[1]]


def told_of(store: Store) -> list[tuple[str, str, str]]:
    return [(alert.kind, alert.subject, alert.status) for alert in reversed(store.alerts.page(limit=100))]


# --- agents that fall silent ----------------------------------------------------------------------------------------


@pytest.fixture
def silent(store: Store) -> Store:
    """A store whose agent was heard last at 0 and that was watched since; at 130 its alert is open."""
    watch(store, -60, 0)
    check(store, 0)
    check(store, 0, ok=False, monitor="blog")
    check(store, 0, monitor="pushed", agent=None)
    assert watch(store, 60, 119.9) == []
    [alert] = watch(store, 130)
    assert alert.model_dump(include={"id", "kind", "subject", "status", "cause", "failed_at", "opened_at"}) == {
        "id": 2,
        "kind": SILENT,
        "subject": "seoul",
        "status": AlertStatus.OPEN,
        "cause": "no checks received",
        "failed_at": at(0),
        "opened_at": at(130),
    }
    return store


@on_each_engine
def test_the_monitors_of_a_silent_agent_are_unknown_and_one_alert_is_told(silent: Store) -> None:
    assert states(silent) == {"shop": "UNKNOWN", "blog": "UNKNOWN", "pushed": "UP"}
    assert owed(silent, 2) == [("AGENT_SILENT", "a"), ("AGENT_SILENT", "b")]
    assert watch(silent, *range(140, 2000, 60)) == [], "once"
    assert told_of(silent)[0] == ("OUTAGE", "blog", "OPEN"), "what was down neither went on nor ended"


@pytest.mark.parametrize("ok", [True, False])
def test_silence_ends_when_a_check_arrives(silent: Store, ok: bool) -> None:
    ingested = check(silent, 200, ok=ok)
    assert about_agent(ingested) == [(ChangeKind.RESOLVED, SILENT)]
    assert silent.alerts.get(2)[0].resolved_at == at(200)
    assert owed(silent, 2)[2:] == [("RECOVERY", "a"), ("RECOVERY", "b")]
    assert states(silent) == {"shop": "UP" if ok else "DOWN", "blog": "UNKNOWN", "pushed": "UP"}
    assert ingested.notification_ids[-2:] == [each.id for each in silent.alerts.get(2)[1][2:]], "told at once"


def test_silence_that_ends_with_old_checks_ends_when_they_arrive(silent: Store) -> None:
    check(silent, 30, received=300)
    alert = silent.alerts.get(2)[0]
    assert (alert.status, alert.resolved_at) == (AlertStatus.RESOLVED, at(300))
    assert [each.occurred_at for each in silent.alerts.get(2)[1]] == [at(130)] * 2 + [at(300)] * 2


def test_an_agent_that_comes_and_goes_is_told_of_each_time(silent: Store) -> None:
    check(silent, 200)
    assert watch(silent, *range(200, 320, 30)) == []
    assert [alert.id for alert in watch(silent, 320)] == [3]
    check(silent, 400)
    assert [each for each in told_of(silent) if each[0] == SILENT] == [(SILENT, "seoul", "RESOLVED")] * 2


def test_silence_resolved_by_hand_is_not_told_again_until_the_agent_was_back(silent: Store) -> None:
    move(silent, 2, AlertStatus.RESOLVED, 150)
    assert watch(silent, *range(150, 3600, 60)) == []
    assert about_agent(check(silent, 3600)) == [], "and its return is no second end of it"
    assert [alert.id for alert in watch(silent, *range(3600, 3780, 60), 3780)] == [3]


def test_an_acknowledged_silence_ends_by_the_next_check(silent: Store) -> None:
    move(silent, 2, AlertStatus.ACK, 150)
    assert watch(silent, 190, 250) == []
    check(silent, 300)
    assert silent.alerts.get(2)[0].status is AlertStatus.RESOLVED


@on_each_engine
def test_silence_reopened_by_hand_ends_by_the_next_check(silent: Store) -> None:
    check(silent, 200)
    move(silent, 2, AlertStatus.OPEN, 210)
    assert [change.alert for change in check(silent, 230).changes] == [silent.alerts.get(2)[0]]
    assert silent.alerts.get(2)[0].status is AlertStatus.RESOLVED


def test_an_agent_that_never_comes_back_after_its_silence_was_reopened_leaves_nothing_up(silent: Store) -> None:
    check(silent, 200)
    move(silent, 2, AlertStatus.OPEN, 210)
    watch(silent, *range(200, 500, 60))
    assert states(silent)["shop"] == "UNKNOWN"


def test_who_is_no_agent_of_ours_never_falls_silent(store: Store) -> None:
    watch(store, 0)
    check(store, 0, agent=None)
    assert watch(store, *range(0, 9000, 90)) == []
    assert states(store) == {"shop": "UP"}


def test_a_monitor_that_others_report_since_is_not_the_agents_any_more(store: Store) -> None:
    watch(store, 0)
    check(store, 0, monitor="kept")
    check(store, 0, monitor="handed over")
    check(store, 10, monitor="handed over", agent=None)
    assert len(watch(store, *range(0, 180, 60))) + len(watch(store, 180)) == 1
    assert states(store) == {"kept": "UNKNOWN", "handed over": "UP"}


@on_each_engine
def test_one_agents_silence_is_not_anothers(store: Store) -> None:
    watch(store, 0)
    check(store, 0, monitor="shop", agent="seoul")
    for seconds in range(0, 180, 30):
        check(store, seconds, monitor="blog", agent="busan")
        watch(store, seconds)
    assert told_of(store) == [(SILENT, "seoul", "OPEN")]
    assert states(store) == {"shop": "UNKNOWN", "blog": "UP"}


def test_a_monitor_named_like_an_agent_keeps_its_own_alert(silent: Store) -> None:
    assert check(silent, 200, ok=False, monitor="seoul", agent=None).change is ChangeKind.OPENED
    check(silent, 210, monitor="shop")
    assert told_of(silent)[1:] == [(SILENT, "seoul", "RESOLVED"), ("OUTAGE", "seoul", "OPEN")]


@pytest.mark.parametrize(
    ("looks", "is_told", "why"),
    [
        ([0, 3600], False, "the machine slept for an hour, and the agent with it"),
        ([0, 3600, 3660, 3719], False, "it is waited for anew since then"),
        ([0, 3600, 3660, 3720], True, "and not for longer"),
        ([0, 60, -3540, -3480], False, "the clock was set back by an hour"),
        ([0, 60, -3540, -3480, -3420], True, "and an hour is not waited for"),
        ([0, 60, 3660, 3719], False, "the clock was set an hour ahead"),
        ([0, 60, 3660, 3720, 3780], True, "and then it is as silent as ever"),
        ([*range(0, 32, 2), 11], False, "the clock was set back by 19 s, which the watch does not notice"),
        ([-600], False, "the first look ever"),
        (list(range(0, 120, 2)), False, "every 2 seconds"),
        (list(range(0, 122, 2)), True, "every 2 seconds, and 2 minutes are over"),
    ],
)
def test_a_silence_in_which_nobody_listened_is_none(store: Store, looks: list[float], is_told: bool, why: str) -> None:
    for seconds in range(-900, 0, 60):
        watch(store, seconds)
    check(store, 0)
    assert [alert.kind for alert in watch(store, *looks)] == [SILENT] * is_told, why


def test_a_check_that_arrives_while_the_clock_is_a_little_back_is_heard(store: Store) -> None:
    watch(store, *range(-900, 30, 2))
    check(store, 30)
    # Set back by 3 s: the newest check lies ahead now.
    assert watch(store, 28, 30, 32) == []
    assert states(store) == {"shop": "UP"}


def test_a_look_that_had_to_wait_for_the_store_does_not_take_what_arrived_meanwhile_for_silence(store: Store) -> None:
    watch(store, *range(-900, 0, 60))
    check(store, 0)
    check(store, 4)
    assert watch(store, 1) == []


# --- places without a connection ------------------------------------------------------------------------------------


def run_offline(
    store: Store, seconds: float, received: float | None = None
) -> list[tuple[ChangeKind | None, AlertKind]]:
    """A run of the agent in which everything fails, its reference too."""
    runs = [
        check(store, seconds + number / 10, ok=False, monitor=name, received=received, is_inconclusive=True)
        for number, name in enumerate(("shop", "blog", "wiki"))
    ]
    return [change for run in runs for change in about_agent(run)]


@on_each_engine
def test_a_place_without_a_connection_is_one_alert_and_no_outage(store: Store) -> None:
    check(store, 0)
    assert run_offline(store, 30) == [(ChangeKind.OPENED, OFFLINE)]
    assert run_offline(store, 60) == []
    assert told_of(store) == [(OFFLINE, "seoul", "OPEN")]
    assert set(states(store).values()) == {"UNKNOWN"}
    alert = store.alerts.get(1)[0]
    assert (alert.cause, alert.failed_at) == ("every check failed, and so did the connectivity check", at(30))
    assert owed(store, 1) == [("LOCATION_OFFLINE", "a"), ("LOCATION_OFFLINE", "b")]


@pytest.mark.parametrize("ok", [True, False])
def test_a_conclusive_check_ends_it_whatever_it_saw(store: Store, ok: bool) -> None:
    run_offline(store, 30)
    ingested = check(store, 60, ok=ok)
    assert about_agent(ingested) == [(ChangeKind.RESOLVED, OFFLINE)]
    assert told_of(store) == [(OFFLINE, "seoul", "RESOLVED")] + ([] if ok else [("OUTAGE", "shop", "OPEN")])
    assert states(store) == {"shop": "UP" if ok else "DOWN", "blog": "UNKNOWN", "wiki": "UNKNOWN"}
    assert owed(store, 1)[2:] == [("RECOVERY", "a"), ("RECOVERY", "b")]


def test_an_outage_from_before_outlasts_it_and_ends_once(store: Store) -> None:
    check(store, 0, ok=False)
    run_offline(store, 30)
    assert states(store)["shop"] == "UNKNOWN"
    assert check(store, 60, ok=False).change is None
    assert states(store)["shop"] == "DOWN"
    assert check(store, 90).change is ChangeKind.RESOLVED
    assert told_of(store) == [("OUTAGE", "shop", "RESOLVED"), (OFFLINE, "seoul", "RESOLVED")]


def test_inconclusive_checks_that_come_late_change_nothing(store: Store) -> None:
    for name in ("shop", "blog", "wiki"):
        check(store, 60, monitor=name)
    assert run_offline(store, 30, received=70) == []
    assert told_of(store) == []
    assert set(states(store).values()) == {"UP"}


def test_checks_from_before_it_that_come_late_do_not_end_it(store: Store) -> None:
    run_offline(store, 30)
    assert about_agent(check(store, 20, received=40)) == []
    assert told_of(store) == [(OFFLINE, "seoul", "OPEN")]


def test_a_whole_time_offline_that_is_posted_at_once_is_told_with_its_own_times(store: Store) -> None:
    events = [
        Event(target_url="http://t/", timestamp=at(seconds), is_success=ok, is_inconclusive=not ok, agent="seoul")
        for seconds, ok in [(90, True), (30, False), (0, True), (60, False)]
    ]
    store.events.add(events, received_at=at(100), channels=CHANNELS)
    [alert] = store.alerts.page(limit=9)
    assert (alert.kind, alert.failed_at, alert.resolved_at) == (OFFLINE, at(30), at(90))


def test_a_place_resolved_by_hand_is_not_told_again_until_it_was_connected(store: Store) -> None:
    run_offline(store, 30)
    move(store, 1, AlertStatus.RESOLVED, 40)
    assert run_offline(store, 60) == []
    assert about_agent(check(store, 90)) == []
    assert run_offline(store, 120) == [(ChangeKind.OPENED, OFFLINE)]


@on_each_engine
def test_a_place_reopened_by_hand_ends_by_the_next_conclusive_check(store: Store) -> None:
    run_offline(store, 30)
    check(store, 60)
    move(store, 1, AlertStatus.OPEN, 70)
    assert run_offline(store, 90) == [], "no second one"
    check(store, 120)
    assert told_of(store) == [(OFFLINE, "seoul", "RESOLVED")]


def test_an_inconclusive_event_of_nobody_opens_nothing(store: Store) -> None:
    assert check(store, 0, ok=False, agent=None, is_inconclusive=True).changes == []
    assert states(store) == {"shop": MonitorState.UNKNOWN}
    assert told_of(store) == []


# --- channels that refuse -------------------------------------------------------------------------------------------


class Channel:
    """A notifier that does what ``behave`` says, and keeps what it took."""

    def __init__(self, behave: Callable[[], object] = lambda: None) -> None:
        self.behave = behave
        self.taken: list[str] = []

    def send(self, text: str, *, timeout_seconds: float, notification: Notification | None = None) -> str:  # noqa: ARG002
        self.behave()
        self.taken.append(text)
        return "taken"

    @property
    def told(self) -> list[str]:
        return [text.split(" · ")[0] for text in self.taken]


def refuses() -> None:
    raise SendFailed("Unauthorized", is_permanent=True)


def fails() -> None:
    raise SendFailed("no luck")


def deliver(store: Store, seconds: float, **channels: Channel) -> dict[str, int]:
    """Runs of deliveries until one has nothing to do; the attempts by outcome."""
    outcomes: dict[str, int] = {}
    while counted := {
        str(status): count
        for status, count in deliver_owed(store, channels, "en", TTL, clock=lambda: at(seconds)).items()
        if count
    }:
        outcomes = {key: outcomes.get(key, 0) + counted.get(key, 0) for key in outcomes.keys() | counted.keys()}
    return outcomes


def test_a_refusal_for_good_is_told_through_the_other_channels(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses), Channel()
    assert deliver(store, 10, a=a, b=b) == {"FAILED": 1, "SENT": 2}
    assert b.told == ["OUTAGE shop (http://shop/)", "CHANNEL_REFUSED a"]
    assert "cause: Unauthorized" in b.taken[1]
    assert owed(store, 2) == [("CHANNEL_REFUSED", "b")], "it is not asked to tell about itself"


def test_two_messages_refused_are_one_alert(store: Store) -> None:
    check(store, 0, ok=False, monitor="shop")
    check(store, 0, ok=False, monitor="blog")
    a, b = Channel(refuses), Channel()
    assert deliver(store, 10, a=a, b=b) == {"FAILED": 2, "SENT": 3}
    assert [each for each in told_of(store) if each[0] == REFUSED] == [(REFUSED, "a", "OPEN")]


def test_a_channel_that_takes_a_message_again_is_told_of_through_the_others(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses), Channel()
    deliver(store, 10, a=a, b=b)
    a.behave = lambda: None
    check(store, 30)
    assert deliver(store, 40, a=a, b=b) == {"SENT": 3}
    assert a.told == ["RECOVERY shop (http://shop/)"]
    assert sorted(b.told[2:]) == ["RECOVERY channel a", "RECOVERY shop (http://shop/)"]
    assert store.alerts.get(2)[0].resolved_at == at(40)


def test_a_failure_for_now_says_nothing_of_the_channel(store: Store) -> None:
    check(store, 0, ok=False)
    assert deliver(store, 10, a=Channel(fails), b=Channel()) == {"RETRY": 1, "SENT": 1}
    assert [kind for kind, *_ in told_of(store)] == ["OUTAGE"]


@on_each_engine
def test_channels_that_refuse_each_other_come_to_an_end(store: Store) -> None:
    check(store, 0, ok=False)
    assert deliver(store, 10, a=Channel(refuses), b=Channel(refuses)) == {"FAILED": 4}
    assert [each for each in told_of(store) if each[0] == REFUSED] in (
        [(REFUSED, "a", "OPEN"), (REFUSED, "b", "OPEN")],
        [(REFUSED, "b", "OPEN"), (REFUSED, "a", "OPEN")],
    )
    assert not store.notifications.has_due(CHANNELS, now=at(9999))


def test_the_only_channel_refuses_and_nobody_is_left_to_tell(store: Store) -> None:
    check(store, 0, ok=False)
    store.notifications.expire(now=at(1), created_before=at(-1))
    assert deliver(store, 10, a=Channel(refuses)) == {"FAILED": 1}
    assert told_of(store)[1:] == [(REFUSED, "a", "OPEN")]
    assert owed(store, 2) == []


def test_a_refusal_resolved_by_hand_is_opened_again_by_the_next_one(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses), Channel()
    deliver(store, 10, a=a, b=b)
    move(store, 2, AlertStatus.RESOLVED, 20)
    assert owed(store, 2)[1:] == [("RECOVERY", "b")], "nor is it asked to tell about its end"
    check(store, 30)
    deliver(store, 40, a=a, b=b)
    assert told_of(store)[1:] == [(REFUSED, "a", "RESOLVED"), (REFUSED, "a", "OPEN")]


@on_each_engine
def test_a_refusal_reopened_by_hand_ends_with_the_next_message_that_is_taken(store: Store) -> None:
    check(store, 0, ok=False)
    a, b = Channel(refuses), Channel()
    deliver(store, 10, a=a, b=b)
    move(store, 2, AlertStatus.RESOLVED, 20)
    move(store, 2, AlertStatus.OPEN, 21)
    a.behave = lambda: None
    check(store, 30)
    deliver(store, 40, a=a, b=b)
    assert told_of(store) == [("OUTAGE", "shop", "RESOLVED"), (REFUSED, "a", "RESOLVED")]


# --- clocks and schedules -------------------------------------------------------------------------------------------


def test_after_the_backends_clock_was_set_back_outages_open_and_end_as_ever(store: Store) -> None:
    check(store, 3600)
    changes = [check(store, seconds, ok=ok).change for seconds, ok in [(0, False), (30, False), (60, True), (90, True)]]
    assert changes == [ChangeKind.OPENED, None, ChangeKind.RESOLVED, None]


def test_an_outage_from_before_the_clock_was_set_back_ends_and_lasted_no_time(store: Store) -> None:
    check(store, 3600, ok=False)
    assert check(store, 0).change is ChangeKind.RESOLVED
    b = Channel()
    assert deliver(store, 1, a=Channel(), b=b) == {"SENT": 4}
    assert "lasted 0 s" in b.taken[1]


@on_each_engine
def test_a_retry_that_was_put_off_to_what_is_the_future_now_is_made_now(store: Store) -> None:
    check(store, 3600, ok=False)
    a, b = Channel(fails), Channel()
    assert deliver(store, 3600, a=a, b=b) == {"RETRY": 1, "SENT": 1}
    a.behave = lambda: None
    assert deliver(store, 10, a=a, b=b) == {"SENT": 1}
    assert a.told == ["OUTAGE shop (http://shop/)"]


def test_a_retry_is_not_made_early_where_only_honest_clocks_differ(store: Store) -> None:
    check(store, 3600, ok=False)
    a, b = Channel(fails), Channel()
    deliver(store, 3600, a=a, b=b)
    a.behave = lambda: None
    assert deliver(store, 3596, a=a, b=b) == {}


def test_after_the_clock_was_set_back_retries_still_wait_for_their_time(store: Store) -> None:
    check(store, 3600, ok=False)
    a, b = Channel(fails), Channel()
    deliver(store, 3600, a=a, b=b)
    assert deliver(store, 10, a=a, b=b) == {"RETRY": 1}
    assert deliver(store, 10.5, a=a, b=b) == {}


@on_each_engine
def test_a_lease_from_before_the_clock_was_set_back_is_taken_over(store: Store) -> None:
    check(store, 3600, ok=False)
    assert store.notifications.claim("a", now=at(3600), leased_until=at(3630))
    assert store.notifications.claim("a", now=at(3602), leased_until=at(3632)) is None
    assert store.notifications.claim("a", now=at(0), leased_until=at(30))
    assert store.notifications.claim("a", now=at(1), leased_until=at(31)) is None, "and is then a lease like any other"


def test_what_was_owed_before_the_clock_was_set_back_does_not_expire_for_that(store: Store) -> None:
    check(store, 3600, ok=False)
    assert store.notifications.expire(now=at(0), created_before=at(-TTL)) == []


@pytest.mark.parametrize("off", [-3600.0, 3600.0, -86_400.0])
def test_an_agent_whose_clock_is_off_is_judged_in_order_beside_one_whose_is_not(store: Store, off: float) -> None:
    def report(seconds: float, ok: bool, off: float, received: float) -> ChangeKind | None:
        event = Event(target_url="http://t/", timestamp=at(seconds + off), is_success=ok)
        sent_at = at(received + off).replace(microsecond=0)
        return store.events.add([event], received_at=at(received), sent_at=sent_at, channels=CHANNELS)[0].change

    assert report(0, True, 0, 0) is None
    assert report(30, False, off, 30) is ChangeKind.OPENED
    assert report(60, True, 0, 60) is ChangeKind.RESOLVED
    assert report(45, False, off, 61) is None, "it was seen before that, and waited"
    assert report(90, False, off, 90) is ChangeKind.OPENED
    alert = store.alerts.page(limit=1)[0]
    assert (alert.failed_at, alert.opened_at) == (at(90), at(90)), "times are told by the backend's clock"


@on_each_engine
def test_two_runs_of_the_agent_at_once_open_one_alert_and_end_it_once(store: Store) -> None:
    # Both look at the same monitor, a moment apart, and report in any order.
    for order in itertools.permutations([(0.0, False), (0.2, False), (30.0, True), (30.2, True)]):
        name = "".join(str(seconds) for seconds, _ in order)
        changes = [check(store, seconds, ok=ok, monitor=name, received=31).change for seconds, ok in order]
        found = store.alerts.page(limit=9, outages_of=name)
        assert len(found) <= 1, order
        assert changes.count(ChangeKind.OPENED) == changes.count(ChangeKind.RESOLVED) == len(found), order
        assert states(store)[name] == "UP", order


def test_a_run_that_starts_an_hour_late_loses_no_outage_and_doubles_none(store: Store) -> None:
    watch(store, *range(0, 60, 30))
    check(store, 0)
    check(store, 30, ok=False)
    # Nothing ran for an hour; then everything does, the spool's old checks first.
    assert watch(store, 3660) == []
    late = [check(store, seconds, ok=ok, received=3660).change for seconds, ok in [(60, True), (90, False)]]
    assert late == [ChangeKind.RESOLVED, ChangeKind.OPENED]
    assert check(store, 3660, ok=False).change is None
    assert watch(store, 3720, 3779) == []
    assert [each[0] for each in told_of(store)] == ["OUTAGE", "OUTAGE"]


@on_each_engine
def test_what_the_version_before_owed_is_due_when_it_said(database: Database) -> None:
    migrate(database, as_text(NOON), _migrations()[:1])
    with database.transaction() as transaction:
        transaction.rows(
            """INSERT INTO alerts (kind, subject, status, failed_at, opened_at)
               VALUES ('OUTAGE', 'shop', 'OPEN', :noon, :noon)""",
            noon=as_text(NOON),
        )
        transaction.rows(
            """INSERT INTO notifications (alert_id, channel, kind, status, occurred_at, created_at, due_at, attempts)
               VALUES (1, 'a', 'OUTAGE', 'PENDING', :noon, :noon, :due, 3)""",
            noon=as_text(NOON),
            due=as_text(at(300)),
        )
    assert migrate(database, as_text(NOON)) == [path.stem for path in _migrations()[1:]]
    store, a = Store(database), Channel()
    assert deliver(store, 299, a=a) == {}
    assert deliver(store, 300, a=a) == {"SENT": 1}
    assert check(store, 310).change is ChangeKind.RESOLVED


# --- the whole system -----------------------------------------------------------------------------------------------


def move_back(system: LocalSystem, hours: int) -> None:
    """How a test waits for hours: the agents were heard, and the watch began, so much earlier."""
    database = sqlite3.connect(system.database, timeout=5)
    earlier = f"strftime('%Y-%m-%dT%H:%M:%fZ', {{}}, '-{hours} hours')"
    with database:
        database.execute(f"UPDATE agents SET last_seen_at = {earlier.format('last_seen_at')}")
        database.execute(f"UPDATE watches SET started_at = {earlier.format('started_at')}")
    database.close()


def monitor_states(system: LocalSystem) -> dict[str, str]:
    return {row["name"]: row["state"] for row in system.rows("SELECT name, state FROM monitors")}


@pytest.mark.system
def test_a_silent_agent_is_told_of_once_and_its_return_once(project: Path, tmp_path: Path, target: Target) -> None:
    settings = {"TARGET_URL": target.url, "CHECK_INTERVAL_SECONDS": "600", "LOCATION": "seoul"}
    with LocalSystem(project, tmp_path, **settings) as system:
        pushed = {"target_url": "http://pushed.example/", "timestamp": as_text(now()), "is_success": True}
        assert system.post("/events", pushed).status_code == 201
        system.wait_until(lambda: system.rows("SELECT * FROM watches") and monitor_states(system).get(target.url))
        move_back(system, hours=2)
        system.post("/review_alerts")
        system.wait_until(lambda: system.told("AGENT_SILENT"))
        assert monitor_states(system) == {target.url: "UNKNOWN", "http://pushed.example/": "UP"}
        [alert] = system.alerts()
        assert (alert["kind"], alert["subject"], alert["status"]) == ("AGENT_SILENT", "seoul", "OPEN")
        assert system.post("/deliver_notifications").json()["SENT"] == 0

        assert system.post("/check_monitors").json()["posted"] == 1
        system.wait_until(lambda: len(system.sent()) == 2)
        assert monitor_states(system)[target.url] == "UP"
    told = system.told("AGENT_SILENT", "RECOVERY", "OUTAGE")
    assert [line.split(" · ")[0] for line in told] == ["AGENT_SILENT seoul", "RECOVERY agent seoul"]
    log = (tmp_path / "logs" / "server.log").read_text()
    assert log.count("alert_opened") == log.count("alert_resolved") == 1


@pytest.mark.system
def test_a_place_without_a_connection_is_told_of_and_its_monitors_are_not(
    project: Path, tmp_path: Path, target: Target
) -> None:
    target.is_down = True
    urls = [f"{target.url}/{number}" for number in range(3)]
    settings = {"TARGET_URL": " ".join(urls), "CONNECTIVITY_CHECK": f"127.0.0.1:{free_port()}", "LOCATION": "seoul"}
    with LocalSystem(project, tmp_path, **settings) as system:
        system.wait_until(lambda: system.told("LOCATION_OFFLINE"))
        system.wait_for_further_events(6, is_success=False)
        assert monitor_states(system) == dict.fromkeys(urls, "UNKNOWN")
        assert {event["is_inconclusive"] for event in system.events(is_success=False)} == {1}

        target.is_down = False
        system.wait_until(lambda: system.told("RECOVERY"))
        system.wait_for_further_events(3, is_success=True)
        assert monitor_states(system) == dict.fromkeys(urls, "UP")
        alerts = system.alerts()
    assert [(alert["kind"], alert["subject"], alert["status"]) for alert in alerts] == [
        ("LOCATION_OFFLINE", "seoul", "RESOLVED")
    ]
    told = system.told("LOCATION_OFFLINE", "RECOVERY", "OUTAGE")
    assert [line.split(" · ")[0] for line in told] == ["LOCATION_OFFLINE seoul", "RECOVERY location seoul"]


@pytest.mark.system
def test_a_channel_that_refuses_is_told_of_through_the_other_one(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.behaviour = unauthorized
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        system.wait_for_further_events(1, is_success=True)
        target.status = 500
        system.wait_until(lambda: system.told("CHANNEL_REFUSED"))
        bot_api.behaviour = accepts
        target.status = 200
        system.wait_until(lambda: len(system.told("RECOVERY")) == 2)
        alerts = system.alerts()
        attempts = {(log["channel"], log["kind"], log["status"]) for log in system.notification_logs()}
    assert [(alert["kind"], alert["subject"], alert["status"]) for alert in reversed(alerts)] == [
        ("OUTAGE", target.url, "RESOLVED"),
        ("CHANNEL_REFUSED", "telegram", "RESOLVED"),
    ]
    told = [line.split(" · ")[0] for line in system.told("OUTAGE", "CHANNEL_REFUSED", "RECOVERY")]
    assert told[:2] == [f"OUTAGE {target.url}", "CHANNEL_REFUSED telegram"]
    assert sorted(told[2:]) == ["RECOVERY channel telegram", f"RECOVERY {target.url}"]
    assert [text.split(" · ")[0] for text in bot_api.messages] == [f"RECOVERY {target.url}"]
    assert ("telegram", "OUTAGE", AttemptStatus.FAILED) in attempts
    assert not [attempt for attempt in attempts if attempt[:2] == ("telegram", "CHANNEL_REFUSED")]
