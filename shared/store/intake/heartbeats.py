"""Heartbeats: pings in, and their lack noticed. Each is judged as an event, in the transaction that saves it."""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared.alerting import WatchPeriod
from shared.alerting.heartbeats import Beat, Ping, after_change, after_gap, after_ping, in_order, run_ms
from shared.models import Cause, Event, as_text, as_time
from shared.models.channel import Channels
from shared.models.monitor import FlappingLimits
from shared.store.engines.database import Database, Row, Transaction
from shared.store.engines.group_commit import Group, each_alone
from shared.store.intake.ingest import Ingested, ingest
from shared.store.intake.reports import Report
from shared.store.refusals import HeartbeatNotFound, TokenShared
from shared.store.tables import heartbeats as table
from shared.words import cause_text

if TYPE_CHECKING:
    from shared.monitors.parts import Heartbeat

# Missed pings that are noticed in one transaction: nobody else can write meanwhile.
MISSED_AT_ONCE = 200


class Taken(NamedTuple):
    """The outcome of a ping. ``ingested``: None for the beginning of a run, which is no event."""

    monitor: str
    ingested: Ingested | None


class Heartbeats:
    """The heartbeats of one store."""

    def __init__(self, database: Database, limits: FlappingLimits) -> None:
        self._database, self._limits = database, limits
        # Many jobs begin at the same second, and share a commit.
        self._group: Group[Callable[[Transaction], Taken], Taken] = Group(database, each_alone)

    def take(self, token: str, ping: Ping, *, now: datetime, channels: Channels, key: str | None = None) -> Taken:
        """Save a ping with what it means and what it owes to ``channels``. ``key``: see ``table.key_of``.

        Raises:
            HeartbeatNotFound: no monitor has this token, and this key if one is given.
            TokenShared: several have.
        """
        with self._database.snapshot() as snapshot:
            _find(snapshot, token, key)  # a wrong token is not worth a lock
        return self._group.run(
            lambda transaction: self._take(transaction, _find(transaction, token, key), ping, now, channels)
        )

    def review(self, *, now: datetime, channels: Channels) -> list[Ingested]:
        """Save an event for each ping that was newly missed: it opens an outage, or is a success if it should not come.

        To be called after ``agents.review``, which knows since when somebody watches.
        """
        with self._database.snapshot() as snapshot:
            is_any_missed = bool(table.missed(snapshot, now, 1))
        noticed: list[Ingested] = []
        while is_any_missed:
            with self._database.transaction() as transaction:
                rows = table.missed(transaction, now, MISSED_AT_ONCE)
                noticed += self._notice(transaction, rows, now, channels)
            is_any_missed = len(rows) == MISSED_AT_ONCE
        return noticed

    def _take(self, transaction: Transaction, row: Row, ping: Ping, now: datetime, channels: Channels) -> Taken:
        beat, within = table.beat_of(row), table.within_of(row)
        if within is None:
            raise HeartbeatNotFound
        at = in_order(now, as_time(row["last_checked_at"]), now)
        renewed = after_ping(beat, at, within, is_start=ping.is_start, is_watched=bool(row["is_watched"]))
        table.save(transaction, row["id"], renewed)
        if ping.is_start:
            return Taken(row["name"], None)
        took_ms = run_ms(beat, at) if ping.response_time_ms is None else ping.response_time_ms
        event = _event(row, at, _inverted(ping) if table.is_upside_down(row) else ping, took_ms)
        [[ingested]] = ingest(transaction, [Report([event], at, channels)], limits=self._limits)
        return Taken(row["name"], ingested)

    def _notice(
        self, transaction: Transaction, rows: Sequence[Row], now: datetime, channels: Channels
    ) -> list[Ingested]:
        failures: list[Event] = []
        successes: list[Event] = []
        for row in rows:
            beat, is_upside_down = table.beat_of(row), table.is_upside_down(row)
            cause = Cause.of("no_ping_since", pinged_at=as_text(beat.pinged_at or now))
            ping = Ping(is_success=False, error_message=cause_text("en", cause), cause=cause)
            at = in_order(min(beat.missed_at or now, now), as_time(row["last_checked_at"]), now)
            (successes if is_upside_down else failures).append(
                _event(row, at, _inverted(ping) if is_upside_down else ping, None)
            )
            # Several successes may be needed, and each period without a ping is one.
            missed_at = now + (table.within_of(row) or timedelta()) if is_upside_down else None
            # The run may still end, and then says how long it took.
            table.save(transaction, row["id"], Beat(beat.pinged_at, beat.began_at, missed_at))
        noticed: list[Ingested] = []
        for events, are_missed in ((failures, True), (successes, False)):
            if events:
                report = Report(events, max([now, *(event.timestamp for event in events)]), channels)
                [found] = ingest(transaction, [report], are_pings_missed=are_missed, limits=self._limits)
                noticed += found
        return noticed


def expect_after_gap(transaction: Transaction, watch: WatchPeriod | None, now: datetime) -> None:
    """Give every ping a new chance once somebody watches again; ``watch``: the one that has ended."""
    for row in table.expected(transaction):
        beat, within = table.beat_of(row), table.within_of(row)
        if within is not None:
            moved = after_gap(beat, within, watch.seen_at if watch else None, now)
            if moved != beat:
                table.save(transaction, row["id"], moved)


def expect_after_change(
    transaction: Transaction, former: Row, heartbeat: "Heartbeat | None", now: datetime, *, is_watched: bool
) -> None:
    """Expect the next ping of a monitor as its new policy says. ``former``: its row before the change."""
    beat = table.beat_of(former)
    changed = after_change(
        beat,
        now,
        before=table.within_of(former),
        within=table.within(heartbeat) if heartbeat else None,
        was_watched=bool(former["is_watched"]),
        is_watched=is_watched,
    )
    if changed != beat:
        table.save(transaction, former["id"], changed)


def _find(transaction: Transaction, token: str, key: str | None) -> Row:
    rows = table.with_token(transaction, token)
    if key is not None:
        given = key.lower().encode("utf-8", "replace")
        rows = [row for row in rows if hmac.compare_digest(table.key_of(row).encode(), given)]
    if not rows:
        raise HeartbeatNotFound
    if len(rows) > 1:
        raise TokenShared
    return rows[0]


def _inverted(ping: Ping) -> Ping:
    """The meaning of a ping, or of its lack, for a monitor that is expected to fail."""
    if ping.is_success:
        cause = Cause.of("expected_to_fail")
        return ping._replace(is_success=False, error_message=cause_text("en", cause), cause=cause)
    return ping._replace(is_success=True, message=ping.message or ping.error_message, error_message=None, cause=None)


def _event(row: Row, at: datetime, ping: Ping, response_time_ms: float | None) -> Event:
    return Event(
        target_url=row["target_url"],
        monitor=row["name"],
        timestamp=at,
        is_success=ping.is_success,
        message=ping.message,
        error_message=ping.error_message,
        cause=ping.cause,
        response_time_ms=response_time_ms,
    )
