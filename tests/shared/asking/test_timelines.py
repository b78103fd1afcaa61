"""A timeline over a real store: whatever the size of its pages, and however many checks there are."""

import itertools

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.history.timeline import Moment, Place, Source
from shared.models import as_text
from shared.monitors.windows.window import Window
from shared.store import MonitorNotFound, Store
from shared.store.asking import timeline
from shared.store.asking.timeline import Page
from shared.store.tables import past_events
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine, on_sqlite
from tests.support.store.steps import add, move, opened, report, rows, settle

pytestmark = pytest.mark.slow

DAY = 86_400


def page(store: Store, limit: int = 1_000, after: Place | None = None, since: float = -60, until: float = DAY) -> Page:
    return store.timelines.page(1, since=at(since), until=at(until), limit=limit, after=after)


def walked(store: Store, limit: int) -> list[Moment]:
    """Every moment, page by page."""
    found: list[Moment] = []
    after = None
    while True:
        part = page(store, limit, after)
        found += part.moments
        if part.next is None:
            return found
        assert after is None or part.next > after, "it gets on"
        after = part.next


def kinds(moments: list[Moment]) -> list[str]:
    return [moment.place.source.name for moment in moments]


@on_each_engine
def test_a_long_row_of_successes_is_two_lines(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks at some checks only; the next one goes on there, and knows what came before."""
    monkeypatch.setattr(timeline, "CHECKS_AT_ONCE", 10)
    monkeypatch.setattr(timeline, "MOST_CHECKS", 30)
    add(store, *(event(number, ok=True) for number in range(100)))
    first = page(store)
    assert kinds(first.moments) == ["CHECK", "STATE_CHANGE"]
    assert first.next is not None
    assert [moment.place.id for moment in walked(store, 1_000)] == [1, 1, 100]


@on_each_engine
def test_a_page_reads_no_more_checks_than_it_needs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "CHECKS_AT_ONCE", 10)
    add(store, *(event(number, ok=False) for number in range(100)))
    with store.database.snapshot() as snapshot:
        assert len(past_events.outcomes_after(snapshot, 1, (as_text(at(-1)), 0), as_text(at(1000)), 10)) == 10
    assert len(page(store, 5).moments) == 5
    assert [moment.place.id for moment in walked(store, 7) if moment.place.source is Source.CHECK] == [*range(1, 101)]


@on_sqlite
@given(
    outcomes=st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=1, max_size=12),
    limit=st.integers(2, 12),
    at_once=st.integers(2, 9),
)
@settings(
    max_examples=12,
    phases=[Phase.generate],
)
def test_pages_of_any_size_say_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, outcomes: list[tuple[bool, int]], limit: int, at_once: int
) -> None:
    """Checks, several at one time among them, behind those of the examples before."""
    [(begun,)] = rows(store, "SELECT count(*) FROM events")
    times = itertools.accumulate((pause for _, pause in outcomes), initial=float(str(begun)) * 4)
    checks = [event(seconds, ok=ok) for (ok, _), seconds in zip(outcomes, times, strict=False)]
    add(store, *checks, received=checks[-1].timestamp.timestamp() - at(0).timestamp())
    monkeypatch.undo()
    whole = walked(store, 1_000)
    monkeypatch.setattr(timeline, "CHECKS_AT_ONCE", at_once)
    monkeypatch.setattr(timeline, "MOST_CHECKS", at_once * 2)
    parts = walked(store, limit)
    assert [moment.place for moment in parts] == [moment.place for moment in whole]
    assert [dict(moment.row).get("reason") for moment in parts] == [dict(moment.row).get("reason") for moment in whole]


@on_each_engine
def test_a_message_has_what_came_before_it(store: Store) -> None:
    report(store, 0, ok=False, received=0)
    settle(store, "RETRY", 1, due=2)
    settle(store, "RETRY", 2, due=4)
    settle(store, "SENT", 4)
    sent = [moment.row for moment in page(store).moments if moment.place.source is Source.NOTIFICATION]
    assert [(row["status"], row["earlier"], row["earlier_answer"]) for row in sent] == [
        ("RETRY", 0, None),
        ("RETRY", 1, "retry"),
        ("SENT", 2, "retry"),
    ]


@on_each_engine
def test_a_monitor_has_its_own_timeline(store: Store) -> None:
    report(store, 0, ok=False, received=0)
    report(store, 0, ok=False, received=0, monitor="blog")
    settle(store, "SENT", 1)
    settle(store, "SENT", 1)
    assert kinds(page(store).moments) == ["CHECK", "STATE_CHANGE", "ALERT_OPENED", "NOTIFICATION"]
    with pytest.raises(MonitorNotFound, match="there is no monitor 3"):
        store.timelines.page(3, since=at(0), until=at(1), limit=1)


@on_each_engine
def test_windows_begin_and_end_as_they_recur(store: Store) -> None:
    """One that recurs has no spans from before somebody made it; what is about others is not there."""
    report(store, 0, ok=True, received=0)
    daily = {"every": "day", "at": "12:30", "duration": 600}
    store.windows.add(Window(kind="maintenance", all=True, **daily), now=at(DAY))
    store.windows.add(Window(kind="silence", monitors=("shop",), starts_at=at(60), duration=60), now=at(0))
    report(store, 0, ok=True, received=0, monitor="blog")
    store.windows.add(Window(kind="silence", monitors=("blog",), starts_at=at(60), duration=60), now=at(0))
    found = page(store, since=1, until=3 * DAY).moments
    assert [(moment.place.source.name, moment.row["kind"], moment.place.at[8:16]) for moment in found] == [
        ("WINDOW_BEGINS", "silence", "08T12:01"),
        ("WINDOW_ENDS", "silence", "08T12:02"),
        ("WINDOW_BEGINS", "maintenance", "09T12:30"),
        ("WINDOW_ENDS", "maintenance", "09T12:40"),
        ("WINDOW_BEGINS", "maintenance", "10T12:30"),
        ("WINDOW_ENDS", "maintenance", "10T12:40"),
    ]
    assert [moment for limit in (1, 2, 5) for moment in _walked(store, limit)] == found * 3


def _walked(store: Store, limit: int) -> list[Moment]:
    found: list[Moment] = []
    after = None
    while True:
        part = page(store, limit, after, since=1, until=3 * DAY)
        found += part.moments
        if part.next is None:
            return found
        after = part.next


def test_moves_of_an_alert_about_another_thing_of_that_name_hide_none(store: Store) -> None:
    """Such as a channel that is called as the monitor is: a page would be over with them."""
    for number in (1, 2):
        alert = opened(store) if number == 1 else report(store, 10, ok=False, monitor="shop").alert
        assert alert is not None
        for second in range(20 * number, 20 * number + 6, 2):
            move(store, alert.id, "ACK", second)
            move(store, alert.id, "OPEN", second + 1)
        if number == 1:
            report(store, 5, ok=True, monitor="shop")
            with store.database.transaction() as transaction:
                transaction.run("UPDATE alerts SET kind = 'CHANNEL_REFUSED'")
    found = walked(store, 1)
    assert found == walked(store, 1_000)
    assert kinds(found).count("ALERT_REOPENED") == 3


@on_sqlite
def test_an_index_on_monitor_and_time_finds_the_checks(store: Store) -> None:
    """Nothing else of the table is read."""
    for sql in (past_events._OUTCOMES + past_events._AFTER, past_events._OUTCOMES + past_events._BEFORE):
        with store.database.snapshot() as snapshot:
            named = {"monitor_id": 1, "at": 0, "after": 0, "until": 1, "most": 10}
            plan = [row["detail"] for row in snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", **named)]
        assert any(step.startswith("SEARCH e USING INDEX events_of_monitor (monitor_id=? AND at") for step in plan), (
            plan
        )
