"""The judge of the kill tests sees each row as it was pruned, and finds what went too early or was not counted."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from shared.models import as_text
from shared.settings import Settings
from shared.store import Retention, Store, open_store
from tests.support.builders import at, routes
from tests.support.running import rows_of
from tests.support.store.steps import report, settle
from tests.torture.channel import Life, Receipt
from tests.torture.judgement.upkeep import change, given_twice, keep_what_is_pruned, lost_by_pruning, miscounted
from tests.torture.judgement.verdict import Verdict, judge

A_DAY = 86_400.0
RETENTION = Retention(events=10.0, rollups=1e6, alerts=10.0)
NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)
# Its clock is 100 s ahead of the time at which the database prunes.
LIVES = [Life(0, 100.0, NOW + timedelta(seconds=50))]


@pytest.fixture
def url(database_environ: dict[str, str]) -> str:
    """The DATABASE_URL of a store that keeps what is pruned: an outage has ended, and another one is open.

    An event came so late that its day is packed already.
    """
    store = open_store(Settings.from_env(database_environ))
    url = database_environ["DATABASE_URL"]
    keep_what_is_pruned(url)
    report(store, -2 * A_DAY, ok=True, received=-1, channels=routes("a"))
    for seconds, ok in ((0, False), (5, True), (190, False)):
        report(store, seconds, ok=ok, received=seconds, channels=routes("a"))
        settle(store, "SENT", seconds)
    prune(store)
    return url


def prune(store: Store) -> None:
    store.upkeep.run(RETENTION, now=at(200), seconds=math.inf, pause=lambda _: None)


def judged(url: str) -> Verdict:
    receipts = [
        Receipt("a", f"{kind} shop · #{number}", 0) for number, kind in ((1, "OUTAGE"), (2, "RECOVERY"), (3, "OUTAGE"))
    ]
    return judge(url, {"a": receipts}, [Life(0, 0.0, at(-9))], retention=RETENTION)


@pytest.mark.slow
def test_what_was_pruned_is_judged_with_the_rest(url: str) -> None:
    assert len(rows_of(url, "SELECT id FROM alerts")) == 1
    assert judged(url) == Verdict(alerts=2, owed=3, pruned=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("UPDATE pruned_alerts SET status = 'ACK'", "alert 1 was pruned while it was ACK"),
        ("UPDATE pruned_notifications SET status = 'HELD' WHERE id = 2", "#2 (RECOVERY to a) is still HELD"),
        ("DELETE FROM pruned_notification_logs WHERE id = 2", "#2 (RECOVERY to a) is SENT, and its attempts are []"),
        ("DELETE FROM pruned_notifications WHERE id = 2", "the RECOVERY of alert 1 is not owed to a"),
        ("DELETE FROM pruned_events", "monitor 1 has 1 folded events, of which 3 count"),
        ("UPDATE rollups SET checks = 1", "monitor 1 has 3 folded events, of which 2 count"),
        ("UPDATE packs SET step = 'lost' WHERE step = 'day'", "monitor 1 has 3 folded events, of which 2 count"),
    ],
)
def test_a_loss_by_pruning_is_found(url: str, sql: str, complaint: str) -> None:
    change(url, sql)
    assert complaint in " ".join(judged(url).broken)


@pytest.mark.slow
def test_what_was_pruned_from_packs_counts(url: str, database_environ: dict[str, str]) -> None:
    store = open_store(Settings.from_env(database_environ))
    for days in (1, 2, 3):
        report(store, days * A_DAY, ok=False, received=days * A_DAY)
    for days in (3, 4, 14, 20):
        store.upkeep.run(RETENTION, now=at(days * A_DAY + 200), seconds=math.inf, pause=lambda _: None)
    assert rows_of(url, "SELECT id FROM packs") == []
    assert not [line for line in judged(url).broken if "folded" in line]
    change(url, "DELETE FROM pruned_packs WHERE gone_before = '9999'")
    assert [line for line in judged(url).broken if "folded" in line]


@pytest.mark.parametrize(("seconds_ago", "is_early"), [(10.1, False), (9.9, True), (-5, True)])
def test_what_is_pruned_before_its_time_is_found(seconds_ago: float, is_early: bool) -> None:
    """By the clock of the life that pruned it."""
    at = as_text(NOW + timedelta(seconds=100 - seconds_ago))
    pruned = {"id": 1, "pruned_at": as_text(NOW), "status": "RESOLVED", "resolved_at": at}
    event = {"id": 1, "pruned_at": as_text(NOW), "event_id": "e", "timestamp": at}
    found = list(lost_by_pruning({"alerts": [pruned], "events": [event]}, RETENTION, LIVES))
    assert len(found) == 2 * is_early, found


def test_an_event_is_counted_once_when_it_is_folded() -> None:
    events = [{"id": number, "monitor_id": 1} for number in (1, 2, 3)]
    days = [{"monitor_id": 1, "step": "day", "checks": 2}, {"monitor_id": 1, "step": "hour", "checks": 2}]
    assert list(miscounted({"events": events, "rollups": days}, folded=2)) == []
    assert list(miscounted({"events": events, "rollups": days}, folded=3)) != []
    assert list(miscounted({"events": [], "rollups": days}, folded=0)) != []


def test_a_number_that_is_given_out_again_is_found() -> None:
    once = {"alerts": [{"id": 1}, {"id": 2}], "notifications": [{"id": 1}], "events": []}
    assert list(given_twice(once)) == []
    assert list(given_twice({**once, "notifications": [{"id": 1}, {"id": 1}]})) == [
        "2 of the notifications have the number 1"
    ]
