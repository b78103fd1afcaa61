"""Clocks that are wrong, leap or are reset, and schedules that are late."""

import itertools
import json
from datetime import timedelta

import pytest

from shared.models import ChangeKind, CheckAttempt, as_text
from shared.store import Store
from shared.store.engines.database import Database
from shared.store.migrate import migrate
from tests.support.builders import NOON, Channel, at, event, fails
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, MIGRATIONS, TTL, claim, deliver, owe, rows
from tests.support.store.watching import check, deliver_all, history, review, states

pytestmark = pytest.mark.slow

DAY, HOUR = 86_400.0, 3_600.0


def test_outages_open_and_end_after_the_clock_was_set_back(store: Store) -> None:
    check(store, 3600)
    changes = [check(store, seconds, ok=ok).change for seconds, ok in [(0, False), (30, False), (60, True), (90, True)]]
    assert changes == [ChangeKind.OPENED, None, ChangeKind.RESOLVED, None]


def test_an_outage_from_the_future_ends_and_lasted_no_time(store: Store) -> None:
    """It began before the clock was set back."""
    check(store, 3600, ok=False)
    assert check(store, 0).change is ChangeKind.RESOLVED
    b = Channel()
    assert deliver_all(store, 1, a=Channel(), b=b) == {"SENT": 4}
    assert "lasted 0 s" in b.texts[1]


@on_each_engine
def test_a_retry_is_due_at_once_if_the_clock_was_set_back(store: Store) -> None:
    check(store, 3600, ok=False)
    a, b = Channel(fails()), Channel()
    assert deliver_all(store, 3600, a=a, b=b) == {"RETRY": 1, "SENT": 1}
    a.behave = lambda: None
    assert deliver_all(store, 10, a=a, b=b) == {"SENT": 1}
    assert a.headlines == ["OUTAGE shop (http://shop/)"]


def test_a_retry_is_not_early_if_only_honest_clocks_differ(store: Store) -> None:
    check(store, 3600, ok=False)
    a, b = Channel(fails()), Channel()
    deliver_all(store, 3600, a=a, b=b)
    a.behave = lambda: None
    assert deliver_all(store, 3596, a=a, b=b) == {}


def test_after_the_clock_was_set_back_retries_still_wait(store: Store) -> None:
    check(store, 3600, ok=False)
    a, b = Channel(fails()), Channel()
    deliver_all(store, 3600, a=a, b=b)
    assert deliver_all(store, 10, a=a, b=b) == {"RETRY": 1}
    assert deliver_all(store, 10.5, a=a, b=b) == {}


@on_each_engine
def test_a_lease_from_before_the_clock_was_set_back_ends(store: Store) -> None:
    check(store, 3600, ok=False)
    assert claim(store, 3600)
    assert claim(store, 3602) is None
    assert claim(store, 0)
    assert claim(store, 1) is None, "and then it is a lease like any other"


def test_setting_the_clock_back_expires_nothing(store: Store) -> None:
    check(store, 3600, ok=False)
    assert store.notifications.expire(now=at(0), created_before=at(-TTL)) == []


@pytest.mark.parametrize("off", [-3600.0, 3600.0, -86_400.0])
def test_agents_with_different_clocks_are_judged_in_order(store: Store, off: float) -> None:
    def report(seconds: float, ok: bool, off: float, received: float) -> ChangeKind | None:
        sent_at = at(received + off).replace(microsecond=0)
        reported = event(seconds + off, ok=ok)
        return store.events.add([reported], received_at=at(received), sent_at=sent_at, channels=CHANNELS)[0].change

    assert report(0, True, 0, 0) is None
    assert report(30, False, off, 30) is ChangeKind.OPENED
    assert report(60, True, 0, 60) is ChangeKind.RESOLVED
    assert report(45, False, off, 61) is None, "it was seen before that, and waited"
    assert report(90, False, off, 90) is ChangeKind.OPENED
    alert = store.alerts.page(limit=1)[0]
    assert (alert.failed_at, alert.opened_at) == (at(90), at(90)), "times are those of the backend's clock"


@on_each_engine
@pytest.mark.parametrize(
    ("ahead", "noted"),
    [
        (600.0, 600.0),
        (-600.0, -600.0),
        # Honest clocks differ. An event that claims to come from the future has happened by now.
        (4.0, 0.0),
        (-4.0, 0.0),
        (0.0, 0.0),
    ],
)
def test_a_check_has_its_place_whatever_its_agents_clock_says(store: Store, ahead: float, noted: float) -> None:
    """Each of its tries has happened too. The agent's row says how wrong its clock is, as long as it is."""
    tried = CheckAttempt(timestamp=at(29 + ahead), error_message="reset")
    checks = [event(0, ok=True), event(30 + ahead, ok=False, agent="seoul", attempts=(tried,))]
    for received, each in zip((0, 30), checks, strict=True):
        sent_at = at(30 + ahead) if each.agent else None
        store.events.add([each], received_at=at(received), sent_at=sent_at, channels=CHANNELS)
    page = store.timelines.page(1, since=at(-60), until=at(60), limit=9)
    places = [(moment.place.source.name, moment.place.at) for moment in page.moments if moment.place.source < 4]
    expected = at(26) if ahead == -4 else at(30)
    assert places == [
        *(("CHECK", as_text(at(0))), ("STATE_CHANGE", as_text(at(0)))),
        *(("CHECK", as_text(expected)), ("STATE_CHANGE", as_text(expected))),
    ]
    [(attempts,)] = rows(store, "SELECT attempts FROM events WHERE id = 2")
    assert json.loads(str(attempts))[0]["timestamp"] == as_text(expected - timedelta(seconds=1))
    assert rows(store, "SELECT clock_ahead_seconds FROM agents") == [(noted,)]
    right = event(60, ok=True, agent="seoul")
    store.events.add([right], received_at=at(60), sent_at=at(60), channels=CHANNELS)
    assert rows(store, "SELECT clock_ahead_seconds FROM agents") == [(0.0,)], "it was set"


@on_each_engine
def test_two_runs_at_once_open_one_alert_and_end_it_once(store: Store) -> None:
    # Both check the same monitor, a moment apart, and report in any order.
    for order in itertools.permutations([(0.0, False), (0.2, False), (30.0, True), (30.2, True)]):
        name = "".join(str(seconds) for seconds, _ in order)
        changes = [check(store, seconds, ok=ok, monitor=name, received=31).change for seconds, ok in order]
        found = store.alerts.page(limit=9, monitor=name)
        assert len(found) <= 1, order
        assert changes.count(ChangeKind.OPENED) == changes.count(ChangeKind.RESOLVED) == len(found), order
        assert states(store)[name] == "UP", order


def test_a_run_that_is_an_hour_late_loses_and_doubles_nothing(store: Store) -> None:
    review(store, *range(0, 60, 30))
    check(store, 0)
    check(store, 30, ok=False)
    # Nothing ran for an hour. Then everything does, and the events that waited come first.
    assert review(store, 3660) == []
    late = [check(store, seconds, ok=ok, received=3660).change for seconds, ok in [(60, True), (90, False)]]
    assert late == [ChangeKind.RESOLVED, ChangeKind.OPENED]
    assert check(store, 3660, ok=False).change is None
    assert review(store, 3720, 3779) == []
    assert [kind for kind, *_ in history(store)] == ["OUTAGE", "OUTAGE"]


@on_each_engine
def test_an_updated_store_keeps_the_time_of_each_retry(database: Database) -> None:
    migrate(database, as_text(NOON), MIGRATIONS[:1])
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
    assert migrate(database, as_text(NOON)) == [path.stem for path in MIGRATIONS[1:]]
    store, a = Store(database), Channel()
    assert deliver(store, 299, a=a) == {}
    assert deliver(store, 300, a=a) == {"SENT": 1}
    assert check(store, 310).change is ChangeKind.RESOLVED


def is_certain(store: Store, seconds: float) -> bool:
    return store.upkeep.is_time_certain(now=at(seconds))


def expired(store: Store, seconds: float) -> int:
    return len(store.notifications.expire(now=at(seconds), created_before=at(seconds - TTL)))


@on_each_engine
def test_a_clock_that_is_ahead_for_a_moment_loses_nothing(store: Store) -> None:
    assert is_certain(store, 0)
    owe(store, 0)
    assert deliver(store, 1, a=Channel(fails())) == {"RETRY": 1}
    assert expired(store, 800 * DAY) == 0
    assert not is_certain(store, 800 * DAY + 60)
    assert not is_certain(store, 120)
    channel = Channel()
    assert deliver(store, 130, a=channel) == {"SENT": 1}
    assert not is_certain(store, 120 + HOUR - 1)
    assert is_certain(store, 120 + HOUR)


@on_each_engine
def test_after_a_week_without_a_run_it_goes_on_in_an_hour(store: Store) -> None:
    assert is_certain(store, 0)
    owe(store, 0)
    week = 7 * DAY
    assert expired(store, week) == 0
    assert deliver(store, week + 1, a=Channel()) == {}, "nobody is told of what is so old"
    assert [is_certain(store, week + seconds) for seconds in (1, HOUR - 1, HOUR)] == [False, False, True]
    assert expired(store, week + HOUR) == 1


@on_each_engine
def test_it_stays_uncertain_while_two_clocks_contradict_each_other(store: Store) -> None:
    assert is_certain(store, 0)
    for seconds in range(600, 4 * 3600, 600):
        assert not is_certain(store, seconds + 3 * DAY)
        assert not is_certain(store, seconds)


@on_each_engine
def test_clocks_that_differ_by_minutes_are_believed(store: Store) -> None:
    assert is_certain(store, 0)
    leap = 2 * DAY
    assert not is_certain(store, leap + 600)
    assert not is_certain(store, leap)
    for seconds in range(60, 7200, 60):
        assert is_certain(store, leap + seconds) is (seconds >= HOUR)
        assert is_certain(store, leap + seconds + 600) is (seconds + 600 >= HOUR)
