"""The stored past of a monitor, so that it can be judged again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from shared.alerting import FIRST_TIME, effective_time
from shared.alerting.agents import known_for
from shared.alerting.situation import location_of
from shared.alerting.votes import INTERVAL_SECONDS, seen_alike
from shared.history.facts import Fact, What
from shared.history.replay import Start, Stored
from shared.models import Alert, Cause, Event, Monitor, MonitorState, as_text
from shared.models.monitor import SEVERAL
from shared.store.engines.database import Row, Transaction
from shared.store.tables import alerts, events, past_events, replay_facts, state_changes

# Begun so long before, the counters of most monitors are those that were: an outcome counts for 21 checks at most.
LEAD = timedelta(days=1)
# A stored event is not validated again, and a copy takes a fifth of the time of a new event.
_BARE = Event.model_construct(target_url="", monitor="", timestamp=FIRST_TIME, is_success=True)
_IN_FORCE = (What.POLICY, What.WINDOW)


class Past(NamedTuple):
    """How a monitor was before its first stored event, and its events with what else decided on them, in order.

    ``begins_at``: before then nothing can be judged again, since checks that are gone still counted; None: its whole
    past is stored.
    """

    start: Start
    steps: Iterator[Stored | Fact]
    begins_at: datetime | None


def first_event(transaction: Transaction, since: datetime) -> int:
    """The id behind which the events come that matter for the time from ``since`` on."""
    return past_events.last_received_before(transaction, as_text(since - LEAD), events.newest_id(transaction))


def past_of(transaction: Transaction, monitor: Monitor, after: int) -> Past:
    """The past of a monitor behind the event with the id ``after``; to be read before the transaction ends."""
    stored = map(_stored, past_events.judged(transaction, monitor.id, after))
    first = next(stored, None)
    # By its name windows are about it, also before somebody had a policy of it.
    name = replay_facts.first_name(transaction, monitor.id) or monitor.name
    bare = Monitor(id=monitor.id, name=name, target_url=monitor.target_url)
    if first is None:
        # Its checks may have been pruned. All its alerts would seem to vanish.
        return Past(Start(bare, None, []), iter(()), None)
    before = state_changes.state_before(transaction, monitor.id, first.id, as_text(first.received_at))
    facts = replay_facts.of_monitor(transaction, monitor.id)
    outages = alerts.outages_of(transaction, monitor.name)
    if before is None:
        return Past(Start(bare, None, outages), _in_order(first, stored, facts, 0), None)
    at = effective_time(first.event, first.received_at)
    active = next((alert for alert in outages if _is_active(alert, at)), None)
    happened = [alert for alert in outages if alert.opened_at >= at]
    start = Start(_begun(bare, before, active), active, happened)
    votes_for = known_for(monitor.interval_seconds or INTERVAL_SECONDS, monitor.timeout_seconds)
    names, others = _locations(first, stored, first.received_at + votes_for)
    if len(names) > 1:
        start = _seen_by(names, start, at)
    return Past(start, _in_order(first, others, facts, first.id), at + votes_for)


def _begun(monitor: Monitor, state: str, active: Alert | None) -> Monitor:
    """The monitor in the middle of its life. Nothing says how often it had failed in a row."""
    if state not in MonitorState.__members__:
        return monitor  # nobody watched it
    monitor = monitor._replace(state=MonitorState(state))
    if active is not None and state == MonitorState.DOWN:
        return monitor._replace(failing_since=active.failed_at, consecutive_failures=1)
    return monitor


def _locations(first: Stored, stored: Iterator[Stored], until: datetime) -> tuple[list[str], Iterator[Stored]]:
    """The locations of the events until then, and all events after the first one."""
    names, read = {location_of(first.event): None}, []
    for each in stored:
        read.append(each)
        if each.received_at > until:
            break
        names[location_of(each.event)] = None
    return list(names), chain(read, stored)


def _seen_by(locations: list[str], start: Start, at: datetime) -> Start:
    """The start of a monitor that these locations watched. Otherwise the first one to report would be the majority."""
    places = seen_alike(start.monitor._replace(last_checked_at=at), locations, has_outage=start.active is not None)
    return start._replace(monitor=start.monitor._replace(location=SEVERAL), places=places)


def _is_active(alert: Alert, at: datetime) -> bool:
    return alert.opened_at < at and (alert.resolved_at is None or alert.resolved_at >= at)


def _in_order(first: Stored, stored: Iterator[Stored], facts: Iterator[Fact], begins: int) -> Iterator[Stored | Fact]:
    """Events and facts as they came. ``begins``: before this event, only policies and windows count."""
    fact = next(facts, None)
    event: Stored | None = first
    while event is not None or fact is not None:
        if fact is not None and (event is None or fact.after_event < event.id):
            if fact.after_event >= begins or fact.what in _IN_FORCE:
                yield fact
            fact = next(facts, None)
        elif event is not None:
            yield event
            event = next(stored, None)


def _stored(row: Row) -> Stored:
    event = _BARE.model_copy(
        update={
            "timestamp": datetime.fromisoformat(row["timestamp"]),
            "is_success": bool(row["is_success"]),
            "is_inconclusive": bool(row["is_inconclusive"]),
            "location": row["location"],
            "cause": Cause.model_validate_json(row["cause"]) if row["cause"] else None,
            "error_message": row["error_message"],
        }
    )
    return Stored(row["id"], datetime.fromisoformat(row["received_at"]), event)
