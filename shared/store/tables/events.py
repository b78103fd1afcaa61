"""The table ``events``."""

import json
from collections.abc import Iterable, Iterator

from shared.models import Event, as_text
from shared.store.engines.database import MAX_ID, Row, Transaction
from shared.store.tables.scope import Scope

_AS_TEXT = ("timestamp", "cause", "certificate_expires_at", "attempts")
_COLUMNS = """event_id, location, target_url, timestamp, is_success, status_code, response_time_ms, dns_ms, connect_ms,
    tls_ms, first_byte_ms, error_message, cause, is_inconclusive, ip, certificate_expires_at, condition, message,
    attempts"""

# Rows that are read in one statement.
_AT_ONCE = 5_000
_ADD = f"""
    INSERT INTO events ({_COLUMNS}, monitor_id, received_at)
    VALUES ({", ".join(f":{name.strip()}" for name in _COLUMNS.split(","))}, :monitor_id, :received_at)
    ON CONFLICT (event_id) DO NOTHING RETURNING id"""  # noqa: S608  # our own text


def add(transaction: Transaction, event: Event, monitor_id: int, received_at: str) -> int | None:
    """The new row's id, or None if the ``event_id`` is stored already. ``received_at`` is a time as text."""
    values = event.model_dump(exclude={"monitor", "agent", "interval_seconds", *_AS_TEXT})
    values["timestamp"] = as_text(event.timestamp)
    expires_at = event.certificate_expires_at
    values["certificate_expires_at"] = as_text(expires_at) if expires_at else None
    values["attempts"] = _attempts(event)
    values["cause"] = event.cause.model_dump_json() if event.cause else None
    row = transaction.row(_ADD, **values, monitor_id=monitor_id, received_at=received_at)
    return row["id"] if row else None


def with_ids(transaction: Transaction, ids: Iterable[int | None]) -> dict[int, Row]:
    """The rows with these ids, as they are stored, by id."""
    named = {f"id_{number}": row_id for number, row_id in enumerate({each for each in ids if each is not None})}
    if not named:
        return {}
    sql = f"SELECT * FROM events WHERE id IN ({', '.join(f':{name}' for name in named)})"  # noqa: S608  # numbers
    return {row["id"]: row for row in transaction.rows(sql, **named)}


def _attempts(event: Event) -> str | None:
    return json.dumps([each.model_dump(mode="json") for each in event.attempts]) if event.attempts else None


def id_of(transaction: Transaction, event_id: str) -> int | None:
    """The id of the row that has this ``event_id``."""
    row = transaction.row("SELECT id FROM events WHERE event_id = :event_id", event_id=event_id)
    return row["id"] if row else None


_MEASURED = """id, monitor_id, timestamp, is_success, is_inconclusive, response_time_ms, dns_ms, connect_ms, tls_ms,
    first_byte_ms"""


def of_monitor(
    transaction: Transaction, monitor_id: int, *, since: str | None, until: str | None, limit: int, before: int
) -> list[Row]:
    """The newest events of a monitor first, those of ``[since, until)``; ``before``: only those with a smaller id."""
    named: dict[str, object] = {"monitor_id": monitor_id, "before": before, "limit": limit}
    conditions = ["monitor_id = :monitor_id", "id < :before"]
    for name, at, sign in (("since", since, ">="), ("until", until, "<")):
        if at is not None:
            conditions.append(f"timestamp {sign} :{name}")
            named[name] = at
    sql = f"SELECT * FROM events WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit"  # noqa: S608  # ours
    return transaction.rows(sql, **named)


def measured(
    transaction: Transaction, scope: Scope, since: str, until: str, *, after: int = 0, up_to: int = MAX_ID
) -> Iterator[Row]:
    """What is counted of the events of ``[since, until)``, in the order of their ids, which lie in ``(after, up_to]``.

    They are read in parts, so that no number of them fills the memory.
    """
    sql = f"""SELECT {_MEASURED} FROM events WHERE id > :after AND id <= :up_to AND {scope.condition}
        AND timestamp >= :since AND timestamp < :until ORDER BY id LIMIT {_AT_ONCE}"""  # noqa: S608  # our own text
    while rows := transaction.rows(sql, after=after, up_to=up_to, since=since, until=until, **scope.parameters):
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1]["id"]


def last_received_before(transaction: Transaction, at: str) -> int:
    """The id of the last event that was received before then, or 0; found by halving, since ids grow with that time."""
    low, row = 0, transaction.row("SELECT max(id) AS newest FROM events")
    high = (row["newest"] if row else None) or 0
    sql = "SELECT id, received_at FROM events WHERE id > :id ORDER BY id LIMIT 1"
    while low < high:
        middle = (low + high) // 2
        found = transaction.row(sql, id=middle)
        if found is not None and found["received_at"] < at:
            low = found["id"]
        else:
            high = middle
    return low


_OUTCOMES = "SELECT id, timestamp, is_success, is_inconclusive FROM events WHERE monitor_id = :monitor_id"
# The first condition on the time is what an index on (monitor_id, timestamp) serves.
_AFTER = """ AND timestamp >= :at AND timestamp < :until AND (timestamp > :at OR id > :after)
    ORDER BY timestamp, id LIMIT :most"""
_BEFORE = """ AND timestamp <= :at AND (timestamp < :at OR id <= :after)
    ORDER BY timestamp DESC, id DESC LIMIT :most"""


def outcomes_after(
    transaction: Transaction, monitor_id: int, place: tuple[str, int], until: str, most: int
) -> list[Row]:
    """How checks of a monitor went, oldest first, behind a time and an id and before ``until``, at most so many."""
    at, after = place
    sql = f"{_OUTCOMES}{_AFTER}"
    return transaction.rows(sql, monitor_id=monitor_id, at=at, after=after, until=until, most=most)


_JUDGED = "id, location, timestamp, received_at, is_success, is_inconclusive, cause, error_message"


def judged(transaction: Transaction, monitor_id: int, after: int) -> Iterator[Row]:
    """What is judged of a monitor's events behind an id, in the order in which they came. They are read in parts."""
    sql = f"""SELECT {_JUDGED} FROM events WHERE monitor_id = :monitor_id AND id > :after
        ORDER BY id LIMIT {_AT_ONCE}"""  # noqa: S608  # our own names
    while rows := transaction.rows(sql, monitor_id=monitor_id, after=after):
        yield from rows
        after = rows[-1]["id"]


def outcomes_before(transaction: Transaction, monitor_id: int, place: tuple[str, int], most: int) -> list[Row]:
    """How the last checks of a monitor went up to a time and an id, oldest first, at most so many."""
    at, after = place
    rows = transaction.rows(f"{_OUTCOMES}{_BEFORE}", monitor_id=monitor_id, at=at, after=after, most=most)
    return rows[::-1]
