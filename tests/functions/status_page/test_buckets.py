"""Hours, days and months of a page are those of the history, and add up whatever the day is."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.status_page.facts import DAYS, HOURS, MONTHS, edges_of, hour_edges, read_board, starts_of
from shared.models import AlertKind, as_text, now
from shared.settings import Settings
from shared.store import open_store
from shared.store.tables import alerts, state_changes
from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import made
from tests.functions.status_page.watched import forget, said, seen

NOWS = [
    datetime(2026, 11, 28, 14, 25, tzinfo=UTC),
    datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
    datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC),
    datetime(2028, 2, 29, 0, 0, 1, tzinfo=UTC),
    datetime(2027, 1, 31, 12, tzinfo=UTC),
]


@pytest.mark.parametrize("at", NOWS, ids=str)
def test_a_period_has_its_number_of_buckets_in_order(at: datetime) -> None:
    for period, count in (("hours", HOURS), ("days", DAYS), ("months", MONTHS)):
        starts = starts_of(period, at)
        assert len(starts) == count
        assert starts == sorted(set(starts))
        assert starts[-1] <= at
    assert hour_edges(at)[-1] == at
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert edges_of("days", at)[-1] == edges_of("months", at)[-1] == midnight
    assert midnight in hour_edges(at), "today is made of whole hours"
    assert starts_of("months", at)[0].day == 1


def test_a_state_is_shown_for_as_long_as_the_history_knows_it(api: Api) -> None:
    """A check may last 40 s: three intervals, and 30 s."""
    made(api, name="shop", group="Web", interval="10s", timeout="40s")
    assert api.call("PUT", "/config", {"monitors": [], "status_page": {}}).status_code == 200
    for seconds, state in ((50, "UP"), (61, "UNKNOWN")):
        checked_at = as_text(now() - timedelta(seconds=seconds))
        with open_store(Settings.from_env()).database.transaction() as transaction:
            transaction.rows("UPDATE monitors SET state = 'UP', last_checked_at = :at", at=checked_at)
        forget()
        [group] = said(api)["groups"]
        assert group["monitors"][0]["state"] == state


@on_each_engine
def test_days_say_what_the_history_says(api: Api) -> None:
    monitor = made(api, name="shop", group="Web", failure_threshold=1)
    assert api.call("PUT", "/config", {"monitors": [], "status_page": {}}).status_code == 200
    store, at = open_store(Settings.from_env()), now()
    outages = [(400, 5), (60, 50), (60, 2_000), (3, 90)]
    with store.database.transaction() as transaction:
        first = at - timedelta(days=390)
        state_changes.add(transaction, monitor["id"], "UNKNOWN", "UP", first, "threshold")
        for hours, minutes in sorted(((days * 24 + minutes / 60, minutes) for days, minutes in outages), reverse=True):
            began = at - timedelta(hours=hours)
            if began <= first:
                continue
            ended = began + timedelta(minutes=minutes)
            state_changes.add(transaction, monitor["id"], "UP", "DOWN", began, "threshold")
            state_changes.add(transaction, monitor["id"], "DOWN", "UP", ended, "threshold")
        slow = {"cause": "x", "failed_at": at - timedelta(days=5, hours=1), "opened_at": at}
        alert = alerts.add(transaction, AlertKind.DEGRADED, "shop", **slow)  # type: ignore[arg-type]
        sql = "UPDATE alerts SET status = 'RESOLVED', resolved_at = :at WHERE id = :id"
        transaction.rows(sql, at=as_text(at - timedelta(days=5)), id=alert.id)
    seen(api, "shop")
    at = now()
    board = read_board(store, {}, at)
    days = store.boards.past(edges_of("days", at), now=at)[monitor["id"]]
    since = as_text(edges_of("days", at)[0])
    told = api.get(f"/monitors/{monitor['id']}/history?step=day&from={since}")["history"]
    assert [bucket.down_ms for bucket in days] == [round(day["downtime_seconds"] * 1000) for day in told[:-1]]
    assert sum(bucket.slow_ms for bucket in days) == 3_600_000
    assert sum(bucket.known_ms for bucket in days) == (DAYS - 1) * 86_400_000
    months = store.boards.past(edges_of("months", at), now=at)[monitor["id"]]
    today = sum(bucket.down_ms for bucket in board.hours[monitor["id"]])
    assert sum(bucket.down_ms for bucket in months) >= sum(bucket.down_ms for bucket in days)
    whole = sum(bucket.down_ms for bucket in days) + today
    known = (DAYS - 1) * 86_400_000 + sum(bucket.known_ms for bucket in board.hours[monitor["id"]][23 - at.hour :])
    [group] = said(api)["groups"]
    assert group["monitors"][0]["uptime"] == pytest.approx(1 - whole / known, abs=1e-5)
