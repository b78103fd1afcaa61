"""Events as they are read afterwards, from the views ``events`` and ``events_by_time``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.models.times import milliseconds
from shared.models.values import MAX_ID
from shared.store.engines.database import Row, Transaction, in_parts
from shared.store.tables.scope import Scope

# Rows that are read in one statement.
_AT_ONCE = 5_000
# The columns of ``events``, from the view that has the time as a number too, by which one monitor's are found.
_COLUMNS = """id, event_id, monitor_id, location, target_url, timestamp, is_success, status_code, response_time_ms,
    dns_ms, connect_ms, tls_ms, first_byte_ms, error_message, received_at, is_inconclusive, cause, ip,
    certificate_expires_at, condition, message, attempts"""
_MEASURED = """id, monitor_id, timestamp, is_success, is_inconclusive, response_time_ms, dns_ms, connect_ms, tls_ms,
    first_byte_ms"""
_OUTCOMES = """SELECT id, timestamp, is_success, is_inconclusive FROM events_by_time
    WHERE monitor_id = :monitor_id"""
_AFTER = """ AND at >= :at AND at < :until AND (at > :at OR id > :after) ORDER BY at, id LIMIT :most"""
_BEFORE = """ AND at <= :at AND (at < :at OR id <= :after) ORDER BY at DESC, id DESC LIMIT 1"""

_IDS = """
    SELECT id FROM raw_events WHERE monitor_id = :monitor_id
    UNION ALL SELECT id FROM old_events WHERE monitor_id = :monitor_id"""
_JUDGED = "SELECT id, location, timestamp, received_at, is_success, is_inconclusive, cause, error_message FROM events"


def of_monitor(
    transaction: Transaction, monitor_id: int, *, since: str | None, until: str | None, limit: int, before: int
) -> list[Row]:
    """The newest events of a monitor first, those of ``[since, until)``; ``before``: only those behind this event."""
    named: dict[str, Any] = {"monitor_id": monitor_id, "limit": limit}
    conditions = ["monitor_id = :monitor_id"]
    if before < MAX_ID:
        named["before"] = before
        last = transaction.row("SELECT at FROM events_by_time WHERE id = :id", id=before)
        named["last"] = last["at"] if last else None
        # Once that event is pruned, its number alone says where it was.
        conditions.append("(at < :last OR (at = :last AND id < :before))" if last else "id < :before")
    for name, at, sign in (("since", since, ">="), ("until", until, "<")):
        if at is not None:
            conditions.append(f"at {sign} :{name}")
            named[name] = _ms(at)
    sql = f"""SELECT {_COLUMNS} FROM events_by_time WHERE {" AND ".join(conditions)}
        ORDER BY at DESC, id DESC LIMIT :limit"""  # noqa: S608  # our own text
    return transaction.rows(sql, **{name: value for name, value in named.items() if value is not None})


def measured(
    transaction: Transaction, scope: Scope, since: str, until: str, *, after: int = 0, up_to: int = MAX_ID
) -> Iterator[Row]:
    """The counted columns of the events of ``[since, until)``, by their ids, which lie in ``(after, up_to]``.

    They are read in parts, so that no number of them fills the memory.
    """
    sql = f"""SELECT {_MEASURED} FROM events_by_time WHERE id > :after AND id <= :up_to AND {scope.condition}
        AND at >= :since AND at < :until ORDER BY id LIMIT {_AT_ONCE}"""  # noqa: S608  # our own text
    span = {"since": _ms(since), "until": _ms(until), **scope.parameters}
    while rows := transaction.rows(sql, after=after, up_to=up_to, **span):
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["id"]


def last_received_before(transaction: Transaction, at: str, newest: int) -> int:
    """The id of the last event that was received before then, or 0; found by halving, since ids grow with that time.

    ``newest``: the greatest id of an event.
    """
    low, high = 0, newest
    sql = "SELECT id, received_at FROM events WHERE id > :id ORDER BY id LIMIT 1"
    while low < high:
        middle = (low + high) // 2
        found = transaction.row(sql, id=middle)
        if found is not None and found["received_at"] < at:
            low = found["id"]
        else:
            high = middle
    return low


def outcomes_after(
    transaction: Transaction, monitor_id: int, place: tuple[str, int], until: str, most: int
) -> list[Row]:
    """How checks of a monitor went, oldest first, behind a time and an id and before ``until``, at most so many."""
    span = {"at": _ms(place[0]), "after": place[1], "until": _ms(until)}
    return transaction.rows(f"{_OUTCOMES}{_AFTER}", monitor_id=monitor_id, most=most, **span)


def outcome_before(transaction: Transaction, monitor_id: int, place: tuple[str, int]) -> Row | None:
    """How the last check of a monitor went up to a time and an id, if there was one."""
    return transaction.row(f"{_OUTCOMES}{_BEFORE}", monitor_id=monitor_id, at=_ms(place[0]), after=place[1])


def up_to(transaction: Transaction, monitor_id: int, until: datetime, most: int) -> list[Row]:
    """The last checks of a monitor up to a time, newest first, at most so many: how they went and what they saw."""
    sql = """SELECT timestamp, is_success, is_inconclusive, status_code, response_time_ms FROM events_by_time
        WHERE monitor_id = :monitor_id AND at <= :until ORDER BY at DESC, id DESC LIMIT :most"""
    return transaction.rows(sql, monitor_id=monitor_id, until=milliseconds(until), most=most)


def judged(transaction: Transaction, monitor_id: int, after: int) -> Iterator[Row]:
    """The judged columns of a monitor's events behind an id, in the order of their arrival. They are read in parts."""
    # The index of a monitor's events goes by their times: so their ids are sorted here, and the rows found by them.
    found = transaction.rows(_IDS, monitor_id=monitor_id)
    for ids, named in in_parts(sorted(row["id"] for row in found if row["id"] > after)):
        yield from transaction.rows(f"{_JUDGED} WHERE id IN ({ids}) ORDER BY id", **named)


def _ms(at: str) -> int:
    return milliseconds(datetime.fromisoformat(at))
