"""A stored event comes back from the view ``events``, and takes few bytes."""

import itertools
import json
import math
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models import Cause, CheckAttempt, Event, as_text
from shared.store import Retention, Store
from tests.support.builders import at, event
from tests.support.store.engines import on_each_engine, on_sqlite
from tests.support.store.steps import add, report, rows

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
numbers = itertools.count()


def all_events(store: Store) -> list[dict[str, Any]]:
    with store.database.snapshot() as snapshot:
        return [dict(row) for row in snapshot.rows("SELECT * FROM events ORDER BY id")]


def as_shown(given: Event, row_id: int, received_at: datetime) -> dict[str, Any]:
    """The row that the table of former versions had for an event."""
    known = given.model_dump(mode="json", exclude={"monitor", "agent", "interval_seconds"})
    attempts = [attempt.model_dump(mode="json") for attempt in given.attempts]
    return known | {
        "id": row_id,
        "monitor_id": 1,
        "is_success": int(given.is_success),
        "is_inconclusive": int(given.is_inconclusive),
        "cause": given.cause.model_dump_json() if given.cause else None,
        "attempts": json.dumps(attempts) if attempts else None,
        "received_at": as_text(received_at),
    }


# --- what is stored comes back ----------------------------------------------------------------------------------------

times = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 29), timezones=st.just(UTC))
milliseconds = st.none() | st.integers(0, 10**15).map(lambda microseconds: microseconds / 1000)
texts = st.none() | st.text(st.characters(blacklist_characters="\0@", blacklist_categories=["Cs"]), min_size=1)
ids = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda value: value.hex),
    st.uuids().map(lambda value: str(value).upper()),
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=40),
)


@st.composite
def reports(draw: st.DrawFn) -> Event:
    durations = ("response_time_ms", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms")
    values: dict[str, Any] = {name: draw(milliseconds) for name in durations}
    return Event(
        target_url=draw(st.sampled_from(["http://a/", "http://b/ü?x='1'"])),
        monitor="shop",
        # A number in front, so that an id is new to the store of all examples.
        event_id=f"{next(numbers)}-{draw(ids)}"[:64] if draw(st.booleans()) else str(draw(st.uuids())),
        timestamp=draw(times),
        is_success=draw(st.booleans()),
        is_inconclusive=draw(st.booleans()),
        status_code=draw(st.none() | st.integers(0, 999)),
        location=draw(st.sampled_from([None, "seoul", "서울"])),
        ip=draw(st.sampled_from([None, "192.0.2.1", "2001:db8::1"])),
        certificate_expires_at=draw(st.none() | times),
        error_message=draw(texts),
        condition=draw(texts),
        message=draw(texts),
        cause=draw(st.sampled_from([None, Cause.of("no_checks_received")])),
        attempts=draw(st.sampled_from([(), (CheckAttempt(timestamp=at(-1), error_message='100% ":"'),)])),
        **values,
    )


@on_each_engine
@settings(max_examples=60)
@given(reported=reports(), received_at=times)
def test_every_column_survives(store: Store, reported: Event, received_at: datetime) -> None:
    received_at = received_at.replace(microsecond=received_at.microsecond // 1000 * 1000)
    [stored] = store.events.add([reported], received_at=received_at, channels={})
    if not stored.is_duplicate:
        assert all_events(store)[-1] == as_shown(reported, stored.id, received_at)


@on_each_engine
def test_an_id_is_shown_as_it_came(store: Store) -> None:
    digits = uuid.UUID(int=2**127 + 2**63 + 0xABC)
    given = [digits.hex, str(digits), str(digits).upper(), f"{{{digits}}}", "0" * 32, "f" * 32, "order 7", "주문"]
    assert not any(each.is_duplicate for each in add(store, *(event(ok=True, event_id=name) for name in given)))
    assert all(each.is_duplicate for each in add(store, *(event(ok=True, event_id=name) for name in given)))
    assert [row["event_id"] for row in all_events(store)] == given


@on_each_engine
def test_a_duration_is_kept_in_whole_microseconds(store: Store) -> None:
    report(store, ok=True, response_time_ms=1 / 3, dns_ms=0.0004)
    assert rows(store, "SELECT response_time_ms, dns_ms FROM events") == [(0.333, 0)]


@on_each_engine
def test_a_long_batch_is_stored_in_its_order(store: Store) -> None:
    known = [event(seconds, ok=seconds % 9 > 0, monitor=f"m{seconds % 7}") for seconds in range(350)]
    again = [known[5], *known[:230], *known]
    assert [stored.is_duplicate for stored in add(store, *known[:120])] == [False] * 120
    stored = add(store, *again)
    assert sum(not each.is_duplicate for each in stored) == 230
    assert [row["event_id"] for row in all_events(store)] == [each.event_id for each in known]
    by_id = {row["id"]: row["event_id"] for row in all_events(store)}
    assert [by_id[each.id] for each in stored] == [each.event_id for each in again]


# --- results ----------------------------------------------------------------------------------------------------------


@on_each_engine
def test_events_share_what_they_have_in_common(store: Store) -> None:
    for seconds in range(0, 300, 30):
        report(store, seconds, ok=seconds != 90, ip="192.0.2.1")
    assert rows(store, "SELECT is_success, count(*) FROM results GROUP BY is_success ORDER BY 1") == [(0, 1), (1, 1)]
    assert rows(store, "SELECT count(*), sum(is_success) FROM events") == [(10, 9)]


@on_each_engine
def test_a_result_goes_when_its_last_event_has_gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.store.tables.results._LEASE", 0)
    report(store, 400 * A_DAY, ok=True, received=0, ip="192.0.2.9")  # dated ahead: it stays
    for day in range(20):
        report(store, day * A_DAY, ok=True, received=day * A_DAY, ip=f"192.0.2.{10 + day // 10}")
    week = Retention(events=7 * A_DAY, rollups=1e9, alerts=1e9)

    def keep(seconds: float) -> None:
        store.upkeep.run(week, now=at(seconds), seconds=math.inf, pause=lambda _: None)

    keep(14 * A_DAY)
    assert len(rows(store, "SELECT id FROM results")) == 3
    keep(19.5 * A_DAY)
    assert rows(store, "SELECT ip FROM results ORDER BY id") == [("192.0.2.9",), ("192.0.2.11",)]
    assert {row["ip"] for row in all_events(store)} == {"192.0.2.9", "192.0.2.11"}


@on_sqlite
def test_an_event_takes_few_bytes(store: Store) -> None:
    phases = {"dns_ms": 4.01, "connect_ms": 11.32, "tls_ms": 25.48, "first_byte_ms": 43.4, "response_time_ms": 84.211}

    def fill(first: int, last: int) -> int:
        for begin in range(first, last, 200):  # a round of all monitors, in half a minute
            moments = range(begin, begin + 200)
            checks = [event(n * 0.15, ok=True, monitor=f"m{n % 200}", ip="192.0.2.1", **phases) for n in moments]
            store.events.add(checks, received_at=at(begin * 0.15 + 30), channels={})
        [[pages]] = rows(store, "SELECT page_count FROM pragma_page_count")
        assert isinstance(pages, int)
        return pages * 4096

    before = fill(0, 4_000)
    assert (fill(4_000, 12_000) - before) / 8_000 <= 115
