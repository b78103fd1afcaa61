"""The table ``monitors``."""

import json
import operator
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from shared.models import Monitor, MonitorState, as_json, as_text, columns_of
from shared.models.monitor import SEVERAL
from shared.models.values import MAX_ID
from shared.store.engines.database import Row, Transaction
from shared.store.tables.scope import OF_ONE_AGENT

# The columns that an event, or a person, can change.
_CHANGING = (
    *("target_url", "agent", "state", "since", "consecutive_failures", "failing_since", "consecutive_successes"),
    *("recovering_since", "slow_checks", "certificate_notice", "last_checked_at", "last_event_id"),
    *("location", "outcomes", "is_flapping"),
)
_SAVED = ("id", *_CHANGING)
# The columns that the usual event changes: the monitor was healthy and is.
_COUNTED = ("consecutive_successes", "last_checked_at", "last_event_id", "outcomes")
_rest = operator.attrgetter(*(name for name in _CHANGING if name not in _COUNTED))
# The table has more: each column costs every event a little.
_ALL = f"SELECT {', '.join(Monitor._fields)} FROM monitors WHERE"  # noqa: S608  # our own names


def _update(names: Iterable[str]) -> str:
    return f"UPDATE monitors SET {', '.join(f'{name} = :{name}' for name in names)} WHERE id = :id"  # noqa: S608  # ours


_SAVE, _COUNT, _COUNTED_AND_ID = _update(_CHANGING), _update(_COUNTED), ("id", *_COUNTED)
_counted = operator.attrgetter(*_COUNTED_AND_ID)


def add(transaction: Transaction, name: str, target_url: str) -> Monitor:
    """A new monitor."""
    sql = "INSERT INTO monitors (name, target_url) VALUES (:name, :target_url) RETURNING *"
    return transaction.added(Monitor, sql, name=name, target_url=target_url)


def bring_back(transaction: Transaction, monitor: Monitor) -> Monitor:
    """The monitor once somebody reports it who owns no policy of it, after it was removed. Nothing of that one stays.

    Otherwise agents would be sent to check it, it would be UNKNOWN between rare reports, and the status page could show
    it.
    """
    sql = """UPDATE monitors SET source = 'report', policy = NULL, is_watched = 1, removed_at = NULL, channels = NULL,
        line = NULL, group_name = NULL, tags = NULL, interval_seconds = NULL, timeout_seconds = NULL,
        failure_threshold = 1, success_threshold = 1, reminder_seconds = NULL, escalation = NULL,
        max_response_ms = NULL, certificate_limits = NULL, quorum = NULL, depends_on = NULL, locations = NULL
        WHERE id = :id RETURNING *"""
    return transaction.added(Monitor, sql, id=monitor.id)


def save(transaction: Transaction, monitor: Monitor) -> None:
    """Write what an event, or a person, can change of a monitor."""
    columns = columns_of(monitor, _SAVED)
    transaction.run(_SAVE, **{**columns, "is_flapping": int(monitor.is_flapping)})


def save_all(transaction: Transaction, changed: Iterable[tuple[Monitor, Monitor]]) -> None:
    """Write what events have changed of monitors; each as it was, and as it is."""
    counted, more = [], []
    for before, after in changed:
        if _rest(before) == _rest(after):
            # Each event comes by here. Only the column of the time is written otherwise than these values.
            columns = dict(zip(_COUNTED_AND_ID, _counted(after), strict=True))
            columns["last_checked_at"] = as_json(after.last_checked_at)
            counted.append(columns)
        else:
            more.append(columns_of(after, _SAVED))
    # To write a column costs as much whether it changes or not, and half of them are in an index or under a condition.
    transaction.run_each(_COUNT, counted)
    transaction.run_each(_SAVE, more)


def forget_state(transaction: Transaction, monitor_id: int, since: datetime) -> None:
    """Let the monitor begin again at UNKNOWN."""
    sql = """UPDATE monitors SET state = 'UNKNOWN', consecutive_failures = 0, consecutive_successes = 0,
        slow_checks = 0, certificate_notice = NULL, failing_since = NULL, recovering_since = NULL, since = :since,
        location = NULL, outcomes = '', is_flapping = 0 WHERE id = :id"""
    transaction.rows(sql, id=monitor_id, since=as_text(since))


def forget_speed(transaction: Transaction, name: str) -> None:
    """Let slow checks of a monitor count from zero."""
    transaction.rows("UPDATE monitors SET slow_checks = 0 WHERE name = :name", name=name)


def with_id(transaction: Transaction, monitor_id: int) -> Monitor | None:
    """The monitor with this id, unless it was removed."""
    if monitor_id > MAX_ID:
        return None
    return transaction.value(Monitor, f"{_ALL} id = :id AND removed_at IS NULL", id=monitor_id)


def named(transaction: Transaction, name: str) -> Monitor | None:
    """The monitor with this name."""
    return transaction.value(Monitor, f"{_ALL} name = :name", name=name)


def all_named(transaction: Transaction, names: Iterable[str]) -> list[Monitor]:
    """The monitors with these names."""
    return ask_named(transaction, names)()


def ask_named(transaction: Transaction, names: Iterable[str]) -> Callable[[], list[Monitor]]:
    """As ``all_named``; see ``Transaction.ask``."""
    return transaction.ask_values_in(Monitor, f"{_ALL} name IN", names)


def named_or_grouped(transaction: Transaction, names: Iterable[str]) -> list[Monitor]:
    """The monitors that are watched and have one of these names, or belong to a group with one of them."""
    named = {f"name_{number}": name for number, name in enumerate(names)}
    some = ", ".join(f":{key}" for key in named)
    sql = f"{_ALL} is_watched = 1 AND (name IN ({some}) OR group_name IN ({some})) ORDER BY id"
    return transaction.values(Monitor, sql, **named)


def existing_names(transaction: Transaction, names: Iterable[str]) -> set[str]:
    """Those of the names that a monitor or a group has, whether it is watched or paused."""
    named = {f"name_{number}": name for number, name in enumerate(names)}
    some = ", ".join(f":{key}" for key in named)
    sql = "SELECT name, group_name FROM monitors WHERE removed_at IS NULL"
    rows = transaction.rows(f"{sql} AND (name IN ({some}) OR group_name IN ({some}))", **named)
    return {row[column] for row in rows for column in ("name", "group_name")}


def for_pages(transaction: Transaction, names: Collection[str] | None = None) -> list[Row]:
    """The facts for a status page of the monitors with these names, by default all, in the order of their ids."""
    facts = """SELECT monitors.id, monitors.name, group_name, tags, target_url, policy, state, since, is_watched,
        monitors.last_checked_at, COALESCE(monitors.interval_seconds, agents.interval_seconds) AS interval_seconds,
        timeout_seconds
        FROM monitors LEFT JOIN agents ON agents.name = monitors.agent WHERE removed_at IS NULL"""
    if names is None:
        return transaction.rows(f"{facts} ORDER BY monitors.id")
    if not names:
        return []
    some = f"{facts} AND monitors.name IN ({transaction.marks(len(names))}) ORDER BY monitors.id"
    return transaction.ask_by_position(some, tuple(names))()


def for_metrics(transaction: Transaction, most: int) -> list[Row]:
    """The columns of a metric, of each of the first monitors that are watched."""
    sql = """SELECT name, group_name, state, last_event_id FROM monitors
        WHERE removed_at IS NULL AND is_watched = 1 ORDER BY id LIMIT :most"""
    return transaction.rows(sql, most=most)


def set_state_of_agent(transaction: Transaction, agent: str, state: MonitorState, at: datetime) -> None:
    """Give every monitor that this agent alone checks the same state, since ``at``."""
    sql = f"UPDATE monitors SET state = :state, since = :at WHERE {OF_ONE_AGENT} AND state <> :state"  # noqa: S608
    transaction.rows(sql, state=state, agent=agent, at=as_text(at))


def of_several(transaction: Transaction, agent: str) -> list[Monitor]:
    """The monitors that several locations report, one of them by this agent."""
    sql = f"""{_ALL} location = '{SEVERAL}'
        AND id IN (SELECT monitor_id FROM monitor_locations WHERE agent = :agent) ORDER BY id"""  # noqa: S608  # our own names
    return transaction.values(Monitor, sql, agent=agent)


def shortest_interval(transaction: Transaction) -> float | None:
    """In seconds, the shortest interval of any monitor or agent; None if none is known."""
    sql = """SELECT min(shortest) AS shortest FROM (
        SELECT min(interval_seconds) AS shortest FROM monitors
        UNION ALL SELECT min(interval_seconds) FROM agents) AS known"""
    row = transaction.row(sql)
    return row["shortest"] if row else None


def checked_before(transaction: Transaction, at: datetime) -> list[Row]:
    """The monitors that are known to be UP, DOWN or PENDING, and were last checked before then."""
    sql = """SELECT monitors.*, COALESCE(monitors.interval_seconds, agents.interval_seconds) AS of_agent
        FROM monitors LEFT JOIN agents ON agents.name = monitors.agent
        WHERE is_watched = 1 AND state IN ('UP', 'DOWN', 'PENDING') AND monitors.last_checked_at < :at"""
    return transaction.rows(sql, at=as_text(at))


def watched(transaction: Transaction, state: MonitorState | None = None) -> list[Monitor]:
    """Every monitor that is watched, in the order of their ids; ``state``: those that are in it alone."""
    sql = f"{_ALL} is_watched = 1"
    if state is None:
        return transaction.values(Monitor, f"{sql} ORDER BY id")
    return transaction.values(Monitor, f"{sql} AND state = :state ORDER BY id", state=state)


def names_of(transaction: Transaction, what: str) -> set[str]:
    """The names of all ``monitors``, ``groups`` or ``tags``."""
    rows = transaction.rows("SELECT name, group_name, tags FROM monitors WHERE removed_at IS NULL")
    if what == "monitors":
        return {row["name"] for row in rows}
    if what == "groups":
        return {row["group_name"] for row in rows if row["group_name"] is not None}
    return {tag for row in rows if row["tags"] for tag in json.loads(row["tags"])}


def newest_check(transaction: Transaction) -> str | None:
    """When the newest check counted, as text."""
    row = transaction.row("SELECT max(last_checked_at) AS newest FROM monitors")
    return row["newest"] if row else None
